"""What changes a digest, and what does not."""

import pytest

from encore import digest
from encore.papers.layout import roots


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package `encore` of its own, with a method that imports a helper."""
    root = tmp_path / "encore"
    (root / "methods").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "helper.py": '"""Helps."""\n\ndef f(x):\n    """Twice."""\n    return 2 * x\n',
        "papers.py": "VALUE = 1\n",
        "methods/__init__.py": "",
        "methods/a.py": "from encore.helper import f\nimport encore.papers\nRATE = 0.1\n",
        "methods/b.py": "RATE = 0.2\n",
    }
    for name, text in files.items():
        (root / name).write_text(text)
    monkeypatch.setattr(digest, "PACKAGE_DIR", root)

    def edit(name, old, new):
        path = root / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        digest.code_digest.cache_clear()
        return digest.code_digest("encore.methods.a")

    digest.code_digest.cache_clear()
    yield edit
    digest.code_digest.cache_clear()


def test_a_number_in_the_method_changes_it(package):
    before = digest.code_digest("encore.methods.a")
    assert package("methods/a.py", "0.1", "0.11") != before


def test_an_imported_modules_code_changes_it(package):
    before = digest.code_digest("encore.methods.a")
    assert package("helper.py", "2 * x", "3 * x") != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helper.py", "Twice", "Two times"),
        ("helper.py", "Helps", "Helps a lot"),
        ("helper.py", "    return", "    # why\n    return"),
        ("helper.py", "2 * x", "(2  *  x)"),
        ("methods/b.py", "0.2", "0.3"),
        ("papers.py", "1", "2"),
    ],
    ids=[
        "docstring",
        "module docstring",
        "comment",
        "layout",
        "another method",
        "what cannot change numbers",
    ],
)
def test_what_cannot_change_numbers_does_not_change_it(package, name, old, new):
    before = digest.code_digest("encore.methods.a")
    assert package(name, old, new) == before


def test_it_is_the_same_on_every_platform():
    """Pinned on a text of our own: another Python version must give the same, or results look stale."""
    import ast

    source = 'def f(x: int, *, y=1e-3) -> str:\n    """D."""\n    return f"{x!r:>{y}} é" if x else b"\\x00"\n'
    skeleton = digest._skeleton(ast.parse(source))
    assert digest.settings_digest({"s": repr(skeleton)}) == PINNED


PINNED = "e9e1dec3ba0c217ef8634ba156b8cb92178c51a6170f901a7bc5d320a4277873"


def test_relative_imports_are_refused(package):
    with pytest.raises(ValueError, match="full name"):
        package("methods/a.py", "from encore.helper import f", "from . import b")


def test_every_excluded_module_exists():
    assert [name for name in digest.CANNOT_CHANGE_NUMBERS if digest._source(name) is None] == []


def test_a_method_knows_its_closure_and_not_the_others():
    digest.code_digest.cache_clear()
    seen = []
    original = digest._source

    def source(name):
        seen.append(name)
        return original(name)

    digest._source = source
    try:
        digest.code_digest(*roots("train", method="ocsvm", reader="idx"))
    finally:
        digest._source = original
    assert "encore.runs.loop" in seen
    assert "encore.methods.ocsvm" in seen
    assert "encore.methods.piad" not in seen


def test_settings_digest_ignores_order_and_sees_types():
    assert digest.settings_digest({"a": 1, "b": 2}) == digest.settings_digest({"b": 2, "a": 1})
    assert digest.settings_digest({"a": 1}) != digest.settings_digest({"a": "1"})

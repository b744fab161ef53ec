"""YAML is read strictly: what would be lost or taken for something else is a sentence with its line."""

import pytest

from encore import strict
from encore.files import ROOT
from encore.strict import ConfigError, load_yaml, read_text, yaml_value


@pytest.fixture
def said_of(tmp_path):
    """The sentence that is said of a file with this content, after the file's name."""

    def said(content):
        path = tmp_path / "paper.yaml"
        path.write_bytes(content)
        with pytest.raises(ConfigError) as error:
            load_yaml(path)
        text = str(error.value)
        assert text.startswith(str(path))
        assert "\n" not in text
        return text.removeprefix(str(path))

    return said


def test_a_mark_in_front_of_the_text_is_harmless(tmp_path):
    path = tmp_path / "paper.yaml"
    path.write_bytes("\ufeffname: Köln\r\n".encode())
    assert load_yaml(path) == {"name": "Köln"}
    assert read_text(path) == "name: Köln\r\n"


def test_a_file_that_is_not_utf8_is_named_with_its_line(said_of):
    assert said_of("a: 1\nb: Köln\n".encode("latin-1")) == (
        ", line 2: found the byte 0xf6, which is no UTF-8; save the file as text in UTF-8."
    )
    assert said_of("a: 1\n".encode("utf-16")).startswith(", line 1: found the byte 0xff, which is no UTF-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\nb: \0\n", ", line 2: not valid YAML: found the character U+0000, which no text holds."),
        (b"a: 2026-13-45\n", ", line 1: not valid YAML: month must be in 1..12."),
        (b"a: !!int x\n", ", line 1: not valid YAML: invalid literal for int() with base 10: 'x'."),
        (b"a: " + b"[" * 3000 + b"]" * 3000, ": not valid YAML: it has lists too deep in one another."),
        (b"- " * 3000 + b"a", ": not valid YAML: it has lists too deep in one another."),
        (b"a: 1\n[a, b]: 1\n", ", line 2: found ['a', 'b'] as a key, expected a word."),
        (b"{a: 1}: 1\n", ", line 1: found {'a': 1} as a key, expected a word."),
        (b"", ": expected keys and values, found nothing."),
        (b"- 1\n", ": expected keys and values, found a list."),
        (b"a:\n  - 1\n   - 2: 3\n", ", line 3: not valid YAML: mapping values are not allowed here."),
    ],
    ids=[
        "no text",
        "no date",
        "no number",
        "too deep",
        "too deep in lines",
        "list",
        "mapping",
        "empty",
        "no keys",
        "syntax",
    ],
)
def test_what_is_no_yaml_is_one_sentence(said_of, content, said):
    assert said_of(content) == said


def test_libyaml_and_pyyaml_read_all_files_of_the_project_alike(monkeypatch):
    """Well-formed texts are read by libyaml; deep ones are not, since it would end the process."""
    paths = [
        path for folder in (ROOT, ROOT / "workflow", ROOT / "profiles") for path in folder.rglob("*.yaml")
    ]
    paths = [path for path in paths if not {".venv", ".snakemake", "results"} & set(path.parts)]
    assert len(paths) > 8
    texts = {path: read_text(path) for path in paths}
    texts["deep"] = "a: " + "[" * 49 + "]" * 49
    assert all(map(strict._is_well_formed, texts.values()))
    assert not strict._is_well_formed("a: " + "[" * 50 + "]" * 50)
    quick = {name: repr(yaml_value(text, "")) for name, text in texts.items()}
    monkeypatch.setattr(strict, "_is_well_formed", lambda text: False)
    assert quick == {name: repr(yaml_value(text, "")) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("written", "read"),
    [("010", "8"), ("1:30", "90"), ("1:30.5", "90.5"), ("0x10", "16"), ("0b11", "3"), ("1_0", "10")],
)
def test_a_number_that_is_not_what_it_looks_like_is_refused(said_of, written, read):
    found = f", line 1: found {written}, which YAML reads as {read}; write the number without"
    assert said_of(f"seeds: [{written}]\n".encode()).startswith(found)


def test_numbers_and_texts_that_are_what_they_look_like_are_read(tmp_path):
    path = tmp_path / "paper.yaml"
    path.write_text("a: [0, 10, -7, +3, 0.5, 1.0e-3, '010', '1:30', 1e-3]\n")
    assert load_yaml(path) == {"a": [0, 10, -7, 3, 0.5, 0.001, "010", "1:30", "1e-3"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("select: &a {b: *a}\n", ", line 1: what stands here holds itself, by an alias; write out what is"),
        ("a:\n  - &a [[1, *a]]\n", ", line 2: what stands here holds itself, by an alias"),
        (
            "a: &x0 [1]\n"
            + "".join(f"b{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10)),
            ", line 7: its aliases make more than 1,000,000 values of it; use fewer.",
        ),
    ],
    ids=["itself", "deeper", "bomb"],
)
def test_aliases_without_end_are_one_sentence(said_of, monkeypatch, content, said):
    assert said_of(content.encode()).startswith(said)
    monkeypatch.setattr(strict, "_is_well_formed", lambda text: False)
    assert said_of(content.encode()).startswith(said)


def test_an_alias_stands_for_what_it_names():
    assert yaml_value("a: &a [1]\nb: {c: *a, d: *a}\n", "") == {"a": [1], "b": {"c": [1], "d": [1]}}

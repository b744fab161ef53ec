"""Digests of files, settings and code: what a job's numbers depend on, and nothing else.

A rule's `params` carry the digest of the code that can change its numbers, so that an edit reruns what it
can change. The digest covers the import closure inside this package, as syntax: comments, docstrings and
layout do not count. What cannot change a number is listed in `CANNOT_CHANGE_NUMBERS`, and only there.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

PACKAGE_DIR = Path(__file__).resolve().parent
PACKAGE = PACKAGE_DIR.name

CANNOT_CHANGE_NUMBERS = {  # a package stands for all its modules
    "encore": "holds the version",
    "encore.papers": "its result is covered by the digest of the settings",
    "encore.datasets.catalogue": "its result is covered by the inventory of the raw files",
    "encore.datasets.faults": "says what went wrong",
    "encore.datasets.inventory": "refuses files that are not the recorded ones, changes nothing",
    "encore.datasets.download": "its result is covered by the inventory of the raw files",
    "encore.registry": "finds what is asked for; what it finds is a root of its own",
    "encore.digest": "names the numbers' origin, not the numbers",
    "encore.strict": "reads what other digests cover",
    "encore.files": "writes what it is given",
    "encore.script": "says what went wrong",
    "encore.text": "lays out text",
    "encore.audit": "writes and checks records",
    "encore.runs.arguments": "its result is covered by the digest of the settings",
    "encore.runs.facts": "says what a record says",
    "encore.runs.progress": "prints",
    "encore.runs.lock": "refuses, changes nothing",
}
SETTINGS = "SETTINGS"  # the literal says which values are legal; the value itself is covered by its digest


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def settings_digest(settings: Mapping) -> str:
    """SHA-256 of settings as canonical JSON, hexadecimal."""
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def code_digest(*roots: str) -> str:
    """SHA-256 over the import closure of `roots`, modules such as `encore.methods.piad`."""
    closure: dict[str, str] = {}
    pending = list(roots)
    while pending:
        name = pending.pop()
        path = _source(name)
        if path is None or name in closure or (_excluded(name) and name not in roots):
            continue
        closure[name], imported = _parsed(path, name, path.stat().st_mtime_ns)
        pending += imported
    return settings_digest(closure)


@functools.cache
def _parsed(path: Path, name: str, changed: int) -> tuple[str, list[str]]:
    """Digest of a module's own syntax, and what it imports; `changed` tells that it was edited."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return hashlib.sha256(repr(_skeleton(tree)).encode()).hexdigest(), _imports(tree, name)


def _excluded(name: str) -> bool:
    packages = CANNOT_CHANGE_NUMBERS.keys() - {PACKAGE}
    return name in CANNOT_CHANGE_NUMBERS or any(name.startswith(f"{package}.") for package in packages)


def _source(name: str) -> Path | None:
    """The file of a module of this package; None for what is not ours."""
    if name.split(".")[0] != PACKAGE:
        return None
    stem = PACKAGE_DIR.parent.joinpath(*name.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST, name: str) -> list[str]:
    """Modules that a syntax tree imports anywhere, with the packages that hold them."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{name}: relative imports are not followed; write the module's full name.")
            found += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return found + [parent for module in found for parent in _parents(module)]


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


# Fields that carry no meaning, or that only some versions of Python have: with them, the same source would
# have another digest on another Python.
_SKIPPED_FIELDS = {"ctx", "kind", "type_comment", "type_ignores", "type_params"}


def _skeleton(node: object) -> object:
    """A syntax tree as nested tuples, without docstrings and positions; the same on every Python."""
    if isinstance(node, ast.AST):
        fields = []
        for field, value in ast.iter_fields(node):
            if field in _SKIPPED_FIELDS:
                continue
            if field == "body" and isinstance(value, list):
                value = value[_is_docstring(node) :]
                value = [item for item in value if not _is_settings(item)]
            fields.append((field, _skeleton(value)))
        return (type(node).__name__, tuple(fields))
    if isinstance(node, list):
        return tuple(_skeleton(item) for item in node)
    return node


def _is_docstring(node: ast.AST) -> bool:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None


def _is_settings(node: ast.AST) -> bool:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(target, ast.Name) and target.id == SETTINGS

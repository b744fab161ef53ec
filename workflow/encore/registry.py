"""Choices that are modules: a folder is the list of them, and only the one asked for is imported.

Methods, readers of datasets and protocols are found by the names of their files. What the workflow must know
of a method is read from its source as text: the Snakefile imports no torch.
"""

import ast
import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from encore.strict import ConfigError, read_text

PACKAGE_DIR = Path(__file__).resolve().parent
METHODS, READERS, PROTOCOLS = "methods", "datasets.readers", "datasets.protocols"
NOT_CHOICES = ("__init__", "base")

Settings = Mapping[str, tuple[object, str]]  # name -> (what it may be: papers/settings.py, what it is)


@dataclass(frozen=True)
class MethodFacts:
    """What the workflow knows of a method without importing it, its base classes' part included."""

    class_name: str
    settings: Settings
    scores: tuple[str, ...]  # columns of `score`; {setting} stands for each value of a setting that is a list
    deterministic: bool
    on_gpu: bool
    labelled: bool  # whether it trains on images with labels
    offers: frozenset[str]  # names of its public functions

    @property
    def judges(self) -> bool:
        """Whether it is a classifier and nothing else: one training serves all runs that it judges."""
        return "classify" in self.offers and not self.offers & {"score", "edit"}


@functools.cache
def names(package: str) -> tuple[str, ...]:
    """The choices in a folder of this package, such as METHODS, by the alphabet; hidden files are none."""
    found = PACKAGE_DIR.joinpath(*package.split(".")).glob("[!.]*.py")
    return tuple(sorted(path.stem for path in found if path.stem not in NOT_CHOICES))


def load(package: str, name: str) -> ModuleType:
    """The module of one choice."""
    return importlib.import_module(f"{PACKAGE_DIR.name}.{package}.{name}")


def load_method(name: str) -> type:
    """The class of a method."""
    return getattr(load(METHODS, name), method_facts(name).class_name)


@functools.cache
def method_facts(name: str) -> MethodFacts:
    """What the source of a method says of it: the one class in its file that has SETTINGS."""
    module = f"{METHODS}.{name}"
    found = [node.name for node in _tree(module).body if _has_settings(node)]
    if len(found) != 1:
        raise LookupError(f"{_path(module)} has {len(found)} classes with SETTINGS, expected one.")
    members = _members(module, found[0])
    return MethodFacts(
        found[0],
        members["SETTINGS"],
        tuple(members["SCORES"]),
        members["DETERMINISTIC"],
        members["ON_GPU"],
        members["LABELLED"],
        frozenset(name for name, value in members.items() if value is _FUNCTION and name[0] != "_"),
    )


@functools.cache
def module_settings(module: str) -> Settings:
    """The literal SETTINGS of a module, such as datasets.images."""
    for node in _tree(module).body:
        if _assigned(node) == "SETTINGS":
            return ast.literal_eval(node.value)
    raise LookupError(f"{_path(module)} defines no SETTINGS.")


@functools.cache
def validates(protocol: str) -> bool:
    """Whether the splits of a protocol hold out a validation part: its module has VALIDATES."""
    return any(_assigned(node) == "VALIDATES" for node in _tree(f"{PROTOCOLS}.{protocol}").body)


_FUNCTION = object()


def _path(module: str) -> Path:
    return PACKAGE_DIR.joinpath(*module.split(".")).with_suffix(".py")


@functools.cache
def _tree(module: str) -> ast.Module:
    path = _path(module)
    try:
        return ast.parse(read_text(path), filename=str(path))
    except SyntaxError as error:
        raise ConfigError([f"{path}, line {error.lineno}: not valid Python: {error.msg}."]) from None


def _assigned(node: ast.AST) -> str:
    """The name that a statement assigns to, or ""."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _has_settings(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(_assigned(item) == "SETTINGS" for item in node.body)


def _members(module: str, class_name: str) -> dict[str, object]:
    """Literals and functions of a class and of its base classes in this package; its own come first."""
    tree = _tree(module)
    (node,) = (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == class_name)
    imported = {
        alias.asname or alias.name: (item.module.partition(".")[2], alias.name)
        for item in tree.body
        if isinstance(item, ast.ImportFrom) and item.module.split(".")[0] == PACKAGE_DIR.name
        for alias in item.names
    }
    local = {n.name: (module, n.name) for n in tree.body if isinstance(n, ast.ClassDef)}
    members: dict[str, object] = {}
    for base in reversed(node.bases):
        if isinstance(base, ast.Name) and (place := (local | imported).get(base.id)):
            members |= _members(*place)
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            members[item.name] = _FUNCTION
        elif name := _assigned(item):
            try:
                members[name] = ast.literal_eval(item.value)
            except ValueError:
                if name == "SETTINGS":  # else those of a base class would be taken for its own
                    where = f"{_path(module)}, line {item.lineno}"
                    raise ConfigError([f"{where}: SETTINGS of {class_name} is no literal."]) from None
    return members

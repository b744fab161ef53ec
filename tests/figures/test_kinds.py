"""A kind of figure is a module: its digest covers it, what figures share, and no other kind."""

import ast
from pathlib import Path

import encore.figures
from encore.registry import load

MODULES = {path.stem: path for path in Path(encore.figures.__file__).parent.glob("*.py")}
KINDS = {
    "arithmetic", "autoencoded", "cells", "contrast", "domains", "edits", "extremes", "filters", "gallery",
    "generation", "history", "interpolation", "lambdas", "reconstructions", "resemblance", "samples",
    "sparsity", "sweep", "transfer",
}  # fmt: skip


def test_kinds_and_nothing_else_can_be_drawn():
    assert {name for name in MODULES if hasattr(load("figures", name), "draw")} == KINDS


def test_no_module_imports_a_kind():
    for path in MODULES.values():
        tree = ast.parse(path.read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {f"encore.figures.{kind}" for kind in KINDS}, path.name

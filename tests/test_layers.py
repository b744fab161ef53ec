"""Imports go one way: every module imports from its own layer or from one below, and none in a circle."""

import ast
from graphlib import TopologicalSorter

from encore.files import ROOT

PACKAGE = ROOT / "workflow" / "encore"
# From the bottom; a longer name wins over a shorter one. docs/architecture.md says the same.
LAYERS = (
    ("encore.digest", "encore.files", "encore.script", "encore.strict", "encore.text"),
    ("encore.registry", "encore.datasets.catalogue"),
    ("encore.papers",),
    ("encore.networks", "encore.metrics", "encore.datasets"),
    ("encore.methods",),
    ("encore.runs",),
    ("encore.tables",),
    ("encore.figures", "encore.audit"),
    ("encore.status", "encore.plan", "encore.rates"),
    ("encore.report",),
)
HEAVY = {"torch", "torchvision", "sklearn", "matplotlib", "pandas", "numpy", "scipy"}


def modules():
    """Module -> its file."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module):
    """All that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & MODULES.keys()) or {node.module}
    return found


def layer(module):
    of = {name: place for place, names in enumerate(LAYERS) for name in names}
    held = [name for name in of if module == name or module.startswith(f"{name}.")]
    assert held, f"{module} stands in no layer"
    return of[max(held, key=len)]


def test_no_import_runs_upward():
    upward = {
        (module, name)
        for module in MODULES.keys() - {"encore"}
        for name in imports(module) & (MODULES.keys() - {"encore"})
        if layer(name) > layer(module)
    }
    assert upward == set()


def test_no_imports_run_in_a_circle():
    TopologicalSorter({module: imports(module) & MODULES.keys() for module in MODULES}).prepare()


def test_what_the_snakefile_imports_is_light():
    """Every job parses the Snakefile again: none of what it imports may import a heavy library."""
    rules = (ROOT / "workflow" / "rules" / "common.smk").read_text()
    found = ast.walk(ast.parse(_python(rules)))
    pending = {node.module for node in found if isinstance(node, ast.ImportFrom)}
    seen = set()
    while pending:
        module = pending.pop()
        seen.add(module)
        if module in MODULES:
            pending |= {name for name in imports(module) if name not in seen}
    assert {name.split(".")[0] for name in seen} & HEAVY == set()
    assert "encore.papers.find" in seen


def _python(rules):
    """The imports of a file of rules."""
    lines = rules.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("from encore"))
    return "\n".join(lines[start : lines.index("try:")])

"""YAML and CSV become papers. All faults are said at once, a sentence each, before any job starts."""

import csv
import functools
import io
from collections.abc import Mapping
from pathlib import Path

from encore.datasets.catalogue import DATASETS
from encore.files import ROOT
from encore.papers.check import (
    entry_faults,
    experiment_faults,
    judge_faults,
    name_faults,
    reference_faults,
    result_faults,
)
from encore.papers.kinds import with_kinds
from encore.papers.model import ALLOCATION, READINGS, Experiment, Paper
from encore.papers.schema import read_schema, schema_faults
from encore.strict import ConfigError, load_yaml, nearest, read_text

PAPERS_DIR = ROOT / "workflow" / "papers"
PUBLISHED_COLUMNS = ("paper", "table", "dataset", "method", "subset", "metric", "value", "std", "note")
TABLE_DEFAULTS = {"figures": [], "demo": False, "digits": 3, "score": "score"}


def known_papers() -> list[str]:
    """The names of the papers that have a YAML in workflow/papers; hidden files are none."""
    return sorted(path.stem for path in PAPERS_DIR.glob("[!.]*.yaml"))


@functools.cache
def load_paper(name: str) -> Paper:
    """One checked paper; all faults of its YAML and CSV at once as a ConfigError."""
    path = PAPERS_DIR / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError([f"there is no paper {name!r}; {nearest(name, known_papers())}"])
    published = read_published(path.with_suffix(".csv"))
    return parse_paper(name, load_yaml(path), published, str(path.relative_to(ROOT)))


@functools.cache
def load_papers() -> dict[str, Paper]:
    """All papers by name; all faults of all of them at once as a ConfigError."""
    papers, faults = {}, []
    for name in known_papers():
        try:
            papers[name] = load_paper(name)
        except ConfigError as error:
            faults.append(str(error))
    faults = faults or name_faults(papers.values())
    if faults:
        raise ConfigError(faults)
    return papers


def read_published(path: Path) -> tuple[Mapping[str, str], ...]:
    """Every number that a paper prints, one row a cell, as text (the printed digits count)."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        columns, rows = tuple(reader.fieldnames or ()), tuple(reader)
    except csv.Error as error:
        raise ConfigError([f"{path}, line {reader.reader.line_num}: not valid CSV: {error}."]) from None
    if columns != PUBLISHED_COLUMNS:
        expected, found = ", ".join(PUBLISHED_COLUMNS), ", ".join(columns) or "none"
        raise ConfigError([f"{path}: expected the columns {expected}, with commas between; found {found}."])
    return rows


def parse_paper(name: str, content: Mapping, published: tuple, where: str) -> Paper:
    """A paper from its YAML's content and its CSV's rows; all faults at once as a ConfigError."""
    faults = schema_faults(content, _paper_schema(), where)
    if faults:
        raise ConfigError(faults)
    groups, place = content.get("settings", {}), f"{where}: experiments"
    experiments = {}
    for key, entry in content["experiments"].items():
        found = entry_faults(entry, groups, f"{place}.{key}")
        if not found:
            experiments[key] = _experiment(key, name, entry, groups)
            found = experiment_faults(experiments[key], f"{place}.{key}")
        if found:  # what refers to it is not blamed for its faults
            faults += found
            experiments.pop(key, None)
    paper = Paper(
        name,
        content["paper"],
        experiments,
        {key: TABLE_DEFAULTS | table for key, table in content["tables"].items()},
        content.get("figures", {}),
        content.get("claims", {}),
        content.get("targets", {}),
        published,
    )
    faults += judge_faults(paper, content["experiments"], place)
    faults += reference_faults(paper, content["experiments"], place)
    faults += result_faults(paper, content["experiments"], where)
    if faults:
        raise ConfigError(faults)
    return paper


@functools.cache
def _paper_schema() -> dict:
    return with_kinds(read_schema("paper.schema.yaml"))


def _experiment(name: str, paper: str, entry: Mapping, groups: Mapping) -> Experiment:
    """An experiment from its entry, whose dataset and groups of settings are known."""
    protocol, classes = entry["protocol"], DATASETS[entry["dataset"]].classes
    settings = {}
    for group in entry.get("use", []):
        settings |= groups[group]
    return Experiment(
        name=name,
        paper=paper,
        title=entry["title"],
        method=entry["method"],
        dataset=entry["dataset"],
        protocols=protocol if isinstance(protocol, dict) else dict.fromkeys(READINGS, protocol),
        split_seed=entry.get("split_seed", 0),
        units=classes if entry["units"] == "all" else tuple(entry["units"]),
        settings=settings | entry["settings"],
        networks=next((group for group in entry.get("use", []) if "networks" in group), name),
        shared_training=entry.get("shared_training", ""),
        allocation=entry.get("allocation", ALLOCATION),
        late=entry.get("late", {}),
        resemblance={unit: tuple(names) for unit, names in entry.get("resemblance", {}).items()},
        domains={
            unit: classes if names == "all" else tuple(names)
            for unit, names in entry.get("domains", {}).items()
        },
        judged=entry.get("judged", {}),
        generated=entry.get("generated", {}),
    )

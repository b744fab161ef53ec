"""Experiments, tables, figures, targets and what they consist of, by name."""

import dataclasses
from collections.abc import Iterable, Mapping

from encore.digest import settings_digest
from encore.papers.kinds import MEASURED_BY, METRICS
from encore.papers.layout import RESULTS, STAGES, path
from encore.papers.model import Experiment, Paper, experiments_in
from encore.papers.read import load_papers
from encore.strict import ConfigError, nearest


def find_experiment(name: str) -> Experiment:
    """An experiment of any paper by its name."""
    return _find(name, "experiment", all_experiments())


def find_table(name: str) -> tuple[Paper, Mapping]:
    """The paper and the entry of a table by its name."""
    return _find(name, "table", all_tables())


def find_figure(name: str) -> tuple[Paper, Mapping]:
    """The paper and the entry of a figure by its name."""
    return _find(name, "figure", all_figures())


def all_experiments() -> dict[str, Experiment]:
    """Every paper's experiments by name."""
    return {key: one for paper in load_papers().values() for key, one in paper.experiments.items()}


def all_tables() -> dict[str, tuple[Paper, Mapping]]:
    """Every paper's tables by name, each with its paper."""
    return {key: (paper, one) for paper in load_papers().values() for key, one in paper.tables.items()}


def all_figures() -> dict[str, tuple[Paper, Mapping]]:
    """Every paper's figures by name, each with its paper."""
    return {key: (paper, one) for paper in load_papers().values() for key, one in paper.figures.items()}


def _find(name: str, kind: str, known: Mapping):
    if name not in known:
        raise ConfigError([f"there is no {kind} {name!r}; {nearest(name, known)}"])
    return known[name]


def metric_modules(experiment: Experiment) -> tuple[str, ...]:
    """The modules of metrics/ that measure an experiment's runs: the usual ones, and those of its tables."""
    tables = load_papers()[experiment.paper].tables.values()
    asked = [METRICS[table["metric"]].module for table in tables if experiment.name in experiments_in(table)]
    return tuple(dict.fromkeys([*(MEASURED_BY[what] for what in experiment.gives), *filter(None, asked)]))


# --- targets -----------------------------------------------------------------------------------------


def parts_of(target: str) -> dict[str, Mapping]:
    """The entries of the tables and figures that a paper, target, table or figure consists of, by name.

    A ConfigError for a name that is none of them.
    """
    papers, results, groups = load_papers(), {}, {}
    for paper in papers.values():
        results |= paper.tables | paper.figures
        groups |= {name: group["tables"] for name, group in paper.targets.items()}
    if target in papers:
        paper = papers[target]
        names = [name for name, table in paper.tables.items() if not table["demo"]]
        names += [name for name, figure in paper.figures.items() if figure.get("target")]
    elif target in groups:
        names = groups[target]
    else:
        _find(target, "target", results | groups | papers)
        names = [target]
    names = [*names, *(figure for name in names for figure in results[name].get("figures", []))]
    return {name: results[name] for name in names}


def results_named(target: str) -> list[str]:
    """The files, below results, that a paper, target, table or figure consists of."""
    found = []
    for name, entry in parts_of(target).items():
        if "kind" in entry:
            found.append(path("plot", "figure", figure=name))
        else:
            found += [path("compare", form, table=name) for form in STAGES["compare"].outputs]
    return [name.removeprefix(f"{RESULTS}/") for name in found]


def experiments_of(targets: Iterable[str]) -> list[Experiment]:
    """The experiments behind papers, targets, tables and figures, each once, then those that these refer to:
    what judges them, and the real images that they are compared with.

    A ConfigError as `parts_of`.
    """
    entries = [entry for target in targets for entry in parts_of(target).values()]
    names = dict.fromkeys(name for entry in entries for name in experiments_in(entry))
    found = [find_experiment(name) for name in names]
    judges = [experiment.judged.get("by", "") for experiment in found]
    references = [experiment.generated.get("reference", "") for experiment in found]
    return [find_experiment(name) for name in dict.fromkeys([*names, *judges, *references]) if name]


# --- digests of data ---------------------------------------------------------------------------------


def table_digest(name: str) -> str:
    """Digest of all that a table takes from its paper's YAML and CSV, and of what its metric is."""
    paper, table = find_table(name)
    claims = [claim for claim in paper.claims.values() if claim["table"] == name]
    metric = METRICS.get(table["metric"])
    about = {"table": table, "published": paper.published, "claims": claims}
    return settings_digest(about | {"metric": dataclasses.asdict(metric) if metric else None})


def figure_digest(name: str) -> str:
    """Digest of all that a figure takes from its paper's YAML and CSV."""
    _, figure = find_figure(name)
    table = table_digest(figure["table"]) if "table" in figure else None
    return settings_digest({"figure": figure, "table": table})

"""The measures of an experiment's runs: a row a run, score and metric."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pandas as pd

from encore import registry
from encore.metrics.sanity import identical_scores, leak_flags
from encore.papers.model import Experiment

COLUMNS = (
    *("experiment", "unit", "seed", "score", "metric", "value"),
    *("device", "code", "scored_by", "settings", "iterations", "deviations", "diverged", "flags"),
)


@dataclass(frozen=True)
class ScoredRun:
    """What one run left: what is measured of it, its two records, and which images it saw."""

    tables: Mapping[str, pd.DataFrame]  # `scores`; `resemblance`, `generated` where the paper asks for it
    scored: Mapping[str, object]
    trained: Mapping[str, object]
    model: str  # the file that scored
    trained_on: np.ndarray  # int64 (n_train,), indices
    tested_on: np.ndarray  # int64 (n_test,), indices


def measure(experiment: Experiment, runs: Sequence[ScoredRun], names: Sequence[str]) -> pd.DataFrame:
    """The rows of all runs, with the columns COLUMNS, as the modules of metrics/ called `names` give them.

    ValueError if an image stands twice in scores.
    """
    modules = [registry.load("metrics", name) for name in names]
    own = [column for module in modules for column in getattr(module, "OWN", ())]
    twins = identical_scores((*_place(run), run.model, run.tables["scores"][own].to_numpy()) for run in runs)
    rows = []
    for run in runs:
        _demand_once(run)
        flags = leak_flags(run.trained_on, run.tested_on)
        if twin := twins.get(_place(run)):
            flags.append(twin)
        for module in modules:
            rows += _rows(module, experiment, run, flags)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    module: ModuleType, experiment: Experiment, run: ScoredRun, flags: Sequence[str]
) -> Iterator[dict[str, object]]:
    """What one module of metrics says of one run; flags: what makes all of the run suspect."""
    table, about = run.tables[module.TABLE], _about(run.scored, run.trained)
    for score, metrics in module.measure(table, experiment, run.scored["unit"]).items():
        for metric, value in metrics.items():
            found = module.flags(table, metric, value) if hasattr(module, "flags") else []
            measured = {"score": score, "metric": metric, "value": value}
            yield about | measured | {"flags": " | ".join([*flags, *found])}


def _demand_once(run: ScoredRun) -> None:
    if run.tables["scores"]["index"].duplicated().any():
        unit, seed = _place(run)
        raise ValueError(f"scores of {run.scored['experiment']} {unit}/{seed}: an image stands twice.")


def _place(run: ScoredRun) -> tuple[str, int]:
    return run.scored["unit"], run.scored["seed"]


def _about(scored: Mapping, trained: Mapping) -> dict[str, object]:
    """What all rows of a run have in common, from its two records."""
    return {
        "experiment": scored["experiment"],
        "unit": scored["unit"],
        "seed": scored["seed"],
        "device": trained["device"]["device"] + (", TF32" if trained["job"]["precision"] == "tf32" else ""),
        "code": trained["code_digest"],
        "scored_by": scored["code_digest"],
        "settings": trained["settings_digest"],
        "iterations": trained["iterations"],
        "deviations": " | ".join(scored["deviations"]),
        "diverged": scored.get("diverged", ""),
    }

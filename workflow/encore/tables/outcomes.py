"""What the runs of a table's cells gave: a value a seed for every unit and for their average, with notes."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from encore.papers.model import AVERAGE, Experiment
from encore.tables.entry import cell_units
from encore.tables.files import MAIN_SCORE


@dataclass(frozen=True)
class Outcome:
    """What the runs of a cell gave: a value a seed (nan where undefined), and what to know of them.

    stale: how the runs were made that the present code and settings would make otherwise.
    """

    values: tuple[float, ...]
    notes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


def own_runs(
    measures: pd.DataFrame | None, metric: str, units: Collection[str], score: str = MAIN_SCORE
) -> pd.DataFrame | None:
    """The rows of `units` that hold `metric` of one score, a row a run; None where none do."""
    if measures is None:
        return None
    runs = measures[(measures["score"] == score) & (measures["metric"] == metric)]
    runs = runs.assign(unit=runs["unit"].astype(str)).sort_values(["unit", "seed"])
    runs = runs[runs["unit"].isin(list(units))]
    twice = runs[runs.duplicated(["unit", "seed"])]
    if len(twice):
        experiment, unit, seed = twice.iloc[0][["experiment", "unit", "seed"]]
        raise ValueError(f"the measures of {experiment} hold unit {unit!r}, seed {seed} more than once.")
    return runs if len(runs) else None


def texts(runs: pd.DataFrame, column: str) -> tuple[str, ...]:
    """Every deviation, flag or staleness of runs once, in order of appearance."""
    found = (text for joined in runs[column] for text in joined.split(" | "))
    return tuple(dict.fromkeys(text for text in found if text))


def _flagged(runs: pd.DataFrame) -> list[str]:
    """Every flag once, with the units that have it where there are several."""
    units = runs["unit"].unique()
    found = []
    for flag in texts(runs, "flags"):
        those = runs.loc[[flag in joined.split(" | ") for joined in runs["flags"]], "unit"].unique()
        found.append(f"flag: {flag}" + (f" ({', '.join(those)})" if len(units) > 1 else ""))
    return found


def divergences(runs: pd.DataFrame) -> list[str]:
    """The sentences of the runs whose training diverged, each once."""
    return [text.rstrip(".") for text in dict.fromkeys(runs["diverged"]) if text]


def _spread_notes(values: Sequence[float], seeds: Sequence[int], deterministic: bool) -> list[str]:
    """What the values themselves say: one deterministic run, undefined values, a seed without effect."""
    undefined = [str(seed) for seed, value in zip(seeds, values, strict=True) if math.isnan(value)]
    notes = [f"undefined for seed {', '.join(undefined)}"] if undefined else []
    if deterministic and len(values) == 1:
        notes.append("deterministic: one run")
    elif len(values) > 1 and len(set(values)) == 1:
        notes.append("the same value for every seed")
    return notes


def _unit_outcome(runs: pd.DataFrame | None, unit: str, deterministic: bool) -> Outcome:
    """A unit's values over its seeds."""
    of_unit = runs[runs["unit"] == unit] if runs is not None else ()
    if not len(of_unit):
        return Outcome((), ("not run",))
    values, seeds = tuple(of_unit["value"].tolist()), of_unit["seed"].tolist()
    notes = [*_spread_notes(values, seeds, deterministic), *divergences(of_unit), *_flagged(of_unit)]
    if len(seeds) < (total := runs["seed"].nunique()):
        notes.append(f"{len(seeds)} of {total} seeds run")
    return Outcome(values, tuple(notes), texts(of_unit, "deviations"), texts(of_unit, "stale"))


def _average_outcome(runs: pd.DataFrame | None, units: Sequence[str], deterministic: bool) -> Outcome:
    """For every seed that all units have, the mean over units: the spread is that of whole repetitions."""
    if runs is None:
        return Outcome((), ("not run",))
    begun = set(units) & set(runs["unit"])
    by_seed = {seed: part.set_index("unit")["value"] for seed, part in runs.groupby("seed")}
    complete = {
        seed: part.loc[list(units)] for seed, part in by_seed.items() if set(units) <= set(part.index)
    }
    if len(begun) < len(units):
        return Outcome((), (f"{len(begun)} of {len(units)} units run",))
    if not complete:
        return Outcome((), (f"no seed has all {len(units)} units",))
    values = tuple(float(np.mean(part.to_numpy())) for part in complete.values())
    notes = [*_spread_notes(values, list(complete), deterministic), *divergences(runs), *_flagged(runs)]
    if len(complete) < len(by_seed):
        notes.append(f"{len(complete)} of {len(by_seed)} seeds have all units")
    return Outcome(values, tuple(notes), texts(runs, "deviations"), texts(runs, "stale"))


def cell_outcomes(
    cell: Mapping, experiment: Experiment, runs: pd.DataFrame | None, deterministic: bool
) -> dict[str, Outcome]:
    """A cell's outcomes by subset: its units in the paper's words, then their average; runs: of its units."""
    words, units = cell.get("subsets", {}), cell_units(cell, experiment)
    outcomes = {words.get(unit, unit): _unit_outcome(runs, unit, deterministic) for unit in units}
    outcomes[AVERAGE] = _average_outcome(runs, units, deterministic)
    return outcomes

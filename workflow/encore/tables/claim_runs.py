"""What was run for the cells that a claim speaks of, as values by unit and seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from encore.papers.model import AVERAGE, Paper
from encore.tables.entry import Key, cell_units
from encore.tables.outcomes import cell_outcomes, own_runs


@dataclass(frozen=True, eq=False)
class Runs:
    """What was run for a cell.

    values: columns unit (text), seed, value (nan where undefined), a row a run; no rows if nothing was run.
    units: all that the cell stands for. deterministic: every seed gives the same value, so that one run a
    unit is enough. deviations: what was declared to differ from the paper.
    """

    values: pd.DataFrame
    units: tuple[str, ...]
    deterministic: bool = False
    deviations: tuple[str, ...] = ()


def table_runs(
    paper: Paper, name: str, measures: Mapping[str, pd.DataFrame], facts: Mapping[str, bool]
) -> dict[Key, Runs]:
    """What was run for every cell of a table that has an experiment, single units and averages.

    measures, facts: as `build_table` takes them. A cell whose experiment was not run has Runs without rows;
    a cited cell is not there at all.
    """
    table, found = paper.tables[name], {}
    for cell in table["cells"]:
        experiment = paper.experiments[cell["experiment"]]
        deterministic = facts.get(experiment.name, False)
        of_cell = cell_units(cell, experiment)
        runs = own_runs(measures.get(experiment.name), table["metric"], of_cell, table["score"])
        outcomes = cell_outcomes(cell, experiment, runs, deterministic)
        words = cell.get("subsets", {})
        subsets = {words.get(unit, unit): (unit,) for unit in of_cell}
        for subset, units in (subsets | {AVERAGE: of_cell}).items():
            of_units = [outcomes[words.get(unit, unit)] for unit in units]
            deviations = [text for outcome in of_units for text in outcome.deviations]
            deviations += [f"stale: made {how}" for outcome in of_units for how in outcome.stale]
            found[cell["dataset"], cell["method"], subset] = Runs(
                _of_units(runs, units), units, deterministic, tuple(dict.fromkeys(deviations))
            )
    return found


def _of_units(runs: pd.DataFrame | None, units: Sequence[str]) -> pd.DataFrame:
    columns = ["unit", "seed", "value"]
    return pd.DataFrame(columns=columns) if runs is None else runs.loc[runs["unit"].isin(units), columns]


def _by_unit_and_seed(runs: Runs) -> pd.DataFrame:
    """A row a unit in the order of `units`, a column a seed, nan where there is no run."""
    return runs.values.pivot(index="unit", columns="seed", values="value").reindex(list(runs.units))


def shared_seeds(cells: Iterable[Runs]) -> list[int]:
    """The seeds that every unit of every cell has; deterministic cells join in with their one run."""
    complete = [
        set(_by_unit_and_seed(runs).dropna(axis=1).columns) for runs in cells if not runs.deterministic
    ]
    return sorted(set.intersection(*complete)) if complete else []


def matrix(runs: Runs, seeds: Sequence[int]) -> np.ndarray:
    """Values (units, seeds) of a whole cell; (units, 1) of a deterministic one."""
    by_seed = _by_unit_and_seed(runs)
    if runs.deterministic:
        return by_seed.bfill(axis=1).iloc[:, :1].to_numpy(dtype=float)
    return by_seed[list(seeds)].to_numpy(dtype=float)

"""A paper's table as long data: a row a cell, the printed number and the reproduced one side by side."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from encore.papers.kinds import GENERATED, METRICS
from encore.papers.model import AVERAGE, Paper
from encore.tables.entry import Key, cell_units, cells_by_place, printed_rows
from encore.tables.equivalence import confidence, verdict, wilson
from encore.tables.files import COLUMNS, NUMBERS
from encore.tables.outcomes import Outcome, cell_outcomes, own_runs

NOT_GENERATED = "not run, or Inception's weights, which it needs, are not there (docs/inception.md)"


def build_table(
    paper: Paper,
    name: str,
    measures: Mapping[str, pd.DataFrame],
    reading: str,
    facts: Mapping[str, bool],
    readings: Mapping[str, str],
) -> pd.DataFrame:
    """The long table `name` of a paper, a row a cell, with exactly COLUMNS.

    measures: by experiment, as `read_measures` gives them; an experiment without any is reported as not run.
    reading: "paper" or "code"; readings: by experiment, where some settings are read otherwise. facts: by
    measured experiment, whether its method is deterministic.
    Holds every printed row in printed order, and the units of the table's cells that nothing is printed for,
    such as all of a demonstration, with `published` and `verdict` empty. Numbers are floats, nan where there
    is none; `published` and `published_sd` are the text as printed. A unit whose metric is undefined for any
    seed is missing. `avg` averages over all units of a cell, for each seed, then over seeds.
    """
    table = paper.tables[name]
    printed, cells = printed_rows(paper, table), cells_by_place(name, table)
    outcomes: dict[Key, Outcome] = {}
    for place, cell in cells.items():
        experiment = paper.experiments[cell["experiment"]]
        units = cell_units(cell, experiment)
        runs = own_runs(measures.get(experiment.name), table["metric"], units, table["score"])
        found = cell_outcomes(cell, experiment, runs, facts.get(experiment.name, False))
        if runs is None and GENERATED.intersection(METRICS[table["metric"]].of):
            found = dict.fromkeys(found, Outcome((), (NOT_GENERATED,)))
        if len(units) == 1 and (*place, AVERAGE) not in printed:
            del found[AVERAGE]  # it would only say everything twice
        outcomes |= {(*place, subset): outcome for subset, outcome in found.items()}
    rows = []
    for key in _ordered([*printed, *outcomes], table["columns"]):
        row = {"paper": paper.name, "table": name, "metric": table["metric"]}
        row["reading"] = readings.get(cells[key[:2]]["experiment"], reading) if key[:2] in cells else reading
        row |= dict(zip(("dataset", "method", "subset"), key, strict=True))
        row |= {"published": "", "published_sd": ""}
        if key in printed:
            row |= {"published": printed[key]["value"], "published_sd": printed[key]["std"]}
        if cell := cells.get(key[:2]):
            outcome = outcomes.get(key, Outcome((), ("its experiment has no such unit",)))
            row |= _compared(row, table, cell, outcome, facts.get(cell["experiment"], False))
        else:
            row |= _cited(row, printed[key]["note"])
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(NUMBERS)


def _ordered(keys: Iterable[Key], columns: Sequence[str]) -> list[Key]:
    """Keys by dataset and subset as they first appear, the average last, then by the table's columns."""
    keys = list(dict.fromkeys(keys))
    datasets = _ranks(dataset for dataset, _, _ in keys)
    methods = _ranks((method for _, method, _ in keys), first=columns)
    subsets = {
        dataset: _ranks((subset for other, _, subset in keys if other == dataset), last=AVERAGE)
        for dataset in datasets
    }
    return sorted(keys, key=lambda key: (datasets[key[0]], subsets[key[0]][key[2]], methods[key[1]]))


def _ranks(values: Iterable[str], *, first: Sequence[str] = (), last: str = "") -> dict[str, int]:
    """Each value's place: `first` in their order, the others as they appear, `last` at the end."""
    found = [value for value in dict.fromkeys([*first, *values]) if value != last]
    return {value: place for place, value in enumerate([*found, last])}


def _cited(row: Mapping, note: str) -> dict[str, object]:
    """The rest of a row whose number the paper took from elsewhere."""
    found = verdict(row["published"], (), math.nan, deterministic=False, deviations=(), cited=True)
    return {"n": 0, "verdict": found, "note": note}


def _compared(
    row: Mapping, table: Mapping, cell: Mapping, outcome: Outcome, deterministic: bool
) -> dict[str, object]:
    """The rest of a row that an experiment stands behind: numbers, verdict and note."""
    published, values = row["published"], outcome.values
    kind = "average" if row["subset"] == AVERAGE else "cell"
    margin = table["margins"][kind]["value"] if published else math.nan
    low, high = confidence(values, deterministic)
    notes = [cell.get("note", ""), *(f"stale: made {how}" for how in outcome.stale), *outcome.notes]
    notes += [f"deviation: {text}" for text in outcome.deviations]
    if published and (images := table.get("printed_images")):
        low_printed, high_printed = wilson(float(published), images["value"])
        notes.append(f"{images['value']} images allow {low_printed:.2f} to {high_printed:.2f}")
    return {
        "reproduced": float(np.mean(values)) if values else math.nan,
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
        "n": sum(not math.isnan(value) for value in values),
        "ci_low": low,
        "ci_high": high,
        "margin": margin,
        "verdict": verdict(
            published,
            values,
            margin,
            better=METRICS[table["metric"]].better,
            deterministic=deterministic,
            deviations=outcome.deviations,
            cited=False,
            stale=bool(outcome.stale),
        ),
        "note": "; ".join(filter(None, notes)),
    }

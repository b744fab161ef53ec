"""A paper's table as long data: a row a cell, the printed number and the reproduced one side by side."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from encore.files import write_atomically
from encore.papers import AVERAGE, Experiment, Paper
from encore.tables.verdicts import CITED, VERDICTS, better, confidence, counts, verdict, wilson

COLUMNS = (
    "paper",
    "table",
    "dataset",
    "method",
    "subset",
    "metric",
    "published",
    "published_sd",
    "reproduced",
    "sd",
    "n",
    "ci_low",
    "ci_high",
    "margin",
    "verdict",
    "reading",
    "note",
)
NUMBERS = {"reproduced": float, "sd": float, "n": int, "ci_low": float, "ci_high": float, "margin": float}
MEASURE_NUMBERS = {"seed": int, "value": float, "iterations": int}
MAIN_SCORE = "score"  # the method's own score; other score columns belong to sweeps

Key = tuple[str, str, str]  # dataset, method, subset: the paper's words


@dataclass(frozen=True)
class Outcome:
    """What the runs of a cell gave: a value a seed (nan where undefined), and what to know of them.

    stale: how the runs were made that the present code and settings would make otherwise.
    """

    values: tuple[float, ...]
    notes: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


# --- files -------------------------------------------------------------------------------------------


def _read_csv(path: Path, numbers: Mapping[str, type]) -> pd.DataFrame:
    """A CSV whose columns are text, an empty field being empty text, but for `numbers`."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for column, kind in numbers.items():
        frame[column] = frame[column].map(lambda text: float(text) if text else math.nan).astype(kind)
    return frame


def read_measures(path: Path) -> pd.DataFrame:
    """The measures of an experiment: units stay text ("0"), an undefined value is nan."""
    return _read_csv(path, MEASURE_NUMBERS)


def read_table(path: Path) -> pd.DataFrame:
    """The long table that `write_csv` wrote, equal to the frame that it was given."""
    return _read_csv(path, NUMBERS)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a long table; floats as the shortest text that reads back to the same float."""
    write_atomically(path, frame.to_csv(index=False, lineterminator="\n"))


# --- outcomes of the runs ----------------------------------------------------------------------------


def cell_units(cell: Mapping, experiment: Experiment) -> tuple[str, ...]:
    """The units that a cell stands for: those that it names, or all of its experiment."""
    return tuple(cell.get("units", experiment.units))


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


def _diverged(runs: pd.DataFrame) -> list[str]:
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
    notes = [*_spread_notes(values, seeds, deterministic), *_diverged(of_unit), *_flagged(of_unit)]
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
    notes = [*_spread_notes(values, list(complete), deterministic), *_diverged(runs), *_flagged(runs)]
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


# --- the table ---------------------------------------------------------------------------------------


def _printed(paper: Paper, table: Mapping) -> dict[Key, Mapping[str, str]]:
    """The rows of the paper's CSV that belong to a table, in printed order."""
    return {
        (row["dataset"], row["method"], row["subset"]): row
        for row in paper.published
        if row["table"] == table.get("source") and row["metric"] == table.get("published_metric")
    }


def published_by_unit(paper: Paper, name: str, method: str, dataset: str) -> dict[str, str]:
    """Unit -> the number that a table prints for a method on a dataset of the catalogue, as printed."""
    table = paper.tables[name]
    printed = _printed(paper, table)
    return {
        unit: printed[key]["value"]
        for cell in table["cells"]
        if cell["method"] == method and paper.experiments[cell["experiment"]].dataset == dataset
        for unit in cell_units(cell, paper.experiments[cell["experiment"]])
        if (key := (cell["dataset"], method, cell.get("subsets", {}).get(unit, unit))) in printed
    }


def _ranks(values: Iterable[str], *, first: Sequence[str] = (), last: str = "") -> dict[str, int]:
    """Each value's place: `first` in their order, the others as they appear, `last` at the end."""
    found = [value for value in dict.fromkeys([*first, *values]) if value != last]
    return {value: place for place, value in enumerate([*found, last])}


def ordered(keys: Iterable[Key], columns: Sequence[str]) -> list[Key]:
    """Keys by dataset and subset as they first appear, the average last, then by the table's columns."""
    keys = list(dict.fromkeys(keys))
    datasets = _ranks(dataset for dataset, _, _ in keys)
    methods = _ranks((method for _, method, _ in keys), first=columns)
    subsets = {
        dataset: _ranks((subset for other, _, subset in keys if other == dataset), last=AVERAGE)
        for dataset in datasets
    }
    return sorted(keys, key=lambda key: (datasets[key[0]], subsets[key[0]][key[2]], methods[key[1]]))


def build_table(
    paper: Paper, name: str, measures: Mapping[str, pd.DataFrame], reading: str, facts: Mapping[str, bool]
) -> pd.DataFrame:
    """The long table `name` of a paper, a row a cell, with exactly COLUMNS.

    measures: by experiment, as `read_measures` gives them; an experiment without any is reported as not run.
    reading: "paper" or "code". facts: by measured experiment, whether its method is deterministic.
    Holds every printed row in printed order, and the units of the table's cells that nothing is printed for,
    such as all of a demonstration, with `published` and `verdict` empty. Numbers are floats, nan where there
    is none; `published` and `published_sd` are the text as printed. A unit whose metric is undefined for any
    seed is missing. `avg` averages over all units of a cell, for each seed, then over seeds.
    """
    table = paper.tables[name]
    printed = _printed(paper, table)
    cells = _cells(name, table)
    outcomes: dict[Key, Outcome] = {}
    for place, cell in cells.items():
        experiment = paper.experiments[cell["experiment"]]
        units = cell_units(cell, experiment)
        runs = own_runs(measures.get(experiment.name), table["metric"], units, table["score"])
        found = cell_outcomes(cell, experiment, runs, facts.get(experiment.name, False))
        if len(units) == 1 and (*place, AVERAGE) not in printed:
            del found[AVERAGE]  # it would only say everything twice
        outcomes |= {(*place, subset): outcome for subset, outcome in found.items()}
    rows = []
    for key in ordered([*printed, *outcomes], table["columns"]):
        row = {"paper": paper.name, "table": name, "metric": table["metric"], "reading": reading}
        row |= dict(zip(("dataset", "method", "subset"), key, strict=True))
        row |= {"published": "", "published_sd": ""}
        if key in printed:
            row |= {"published": printed[key]["value"], "published_sd": printed[key]["std"]}
        if cell := cells.get(key[:2]):
            outcome = outcomes.get(key, Outcome((), ("its experiment has no such unit",)))
            row |= _judged(row, table, cell, outcome, facts.get(cell["experiment"], False))
        else:
            row |= _cited(row, printed[key]["note"])
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(NUMBERS)


def _cells(name: str, table: Mapping) -> dict[tuple[str, str], Mapping]:
    """A table's cells by dataset and method."""
    cells: dict[tuple[str, str], Mapping] = {}
    for cell in table["cells"]:
        if (place := (cell["dataset"], cell["method"])) in cells:
            raise ValueError(f"the table {name} has two cells for {place[1]!r} on {place[0]!r}.")
        cells[place] = cell
    return cells


def _cited(row: Mapping, note: str) -> dict[str, object]:
    """The rest of a row whose number the paper took from elsewhere."""
    judged = verdict(row["published"], (), math.nan, deterministic=False, deviations=(), cited=True)
    return {"n": 0, "verdict": judged, "note": note}


def _judged(
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
            better=better(table["metric"]),
            deterministic=deterministic,
            deviations=outcome.deviations,
            cited=False,
            stale=bool(outcome.stale),
        ),
        "note": "; ".join(filter(None, notes)),
    }


# --- the foot ----------------------------------------------------------------------------------------


def _counted(frame: pd.DataFrame, factor: float) -> str:
    found = counts(frame, factor)
    return ", ".join(f"{found[name]} {name}" for name in VERDICTS if found[name] and name != CITED)


def _by_experiment(runs: Mapping[str, pd.DataFrame], column: str, length: int | None = None) -> str:
    """What a column of the measures holds: "a, b (experiment, experiment); c (experiment)"."""
    holders: dict[str, list[str]] = {}
    for experiment, part in runs.items():
        found = ", ".join(str(value)[:length] for value in sorted(part[column].unique()))
        holders.setdefault(found, []).append(experiment)
    return "; ".join(f"{found} ({', '.join(experiments)})" for found, experiments in holders.items())


def _margin_sentences(table: Mapping) -> list[str]:
    return [
        f"The margin ε for {what} is {margin['value']:g}: {margin['source'].rstrip('.')}."
        for what, margin in (
            ("a cell", table["margins"]["cell"]),
            ("an average", table["margins"]["average"]),
        )
    ]


def _comparison_sentences(frame: pd.DataFrame, table: Mapping) -> list[str]:
    if "source" not in table:
        return ["The paper prints none of these numbers: they are not a result of the paper."]
    if not (frame["published"] != "").any():
        return [f"The paper shows its {table['source']} without numbers: there is nothing to judge by."]
    if not _counted(frame, 1):
        return ["All numbers of this table are cited."]
    return [
        *(f"Verdicts at {at}: {_counted(frame, by)}." for at, by in (("ε", 1), ("ε/2", 0.5), ("2ε", 2))),
        "A cell is judged by the 95 % t interval of its mean, one of a deterministic method by its one run.",
        *_margin_sentences(table),
        *_printed_images_sentences(table),
    ]


def _printed_images_sentences(table: Mapping) -> list[str]:
    if (images := table.get("printed_images")) is None:
        return []
    return [
        f"Beside a printed share stands the 95 % Wilson interval that {images['value']} images allow: "
        f"{images['source'].rstrip('.')}."
    ]


def foot(paper: Paper, name: str, frame: pd.DataFrame, measures: Mapping[str, pd.DataFrame]) -> list[str]:
    """Sentences for the foot of a table: what was run, how it compares, on what, with which code and seeds.

    frame: the long table `name`, as `build_table` made it from `measures`.
    """
    table = paper.tables[name]
    shown = frame[frame["published"] != ""] if (frame["published"] != "").any() else frame
    own = shown[shown["verdict"] != CITED]
    cited = len(shown) - len(own)
    run = f"{(own['n'] > 0).sum()} of {len(own)} cells were run"
    sentences = [f"{run}; {cited} are cited." if cited else f"{run}."]
    sentences += _comparison_sentences(frame, table)
    units: dict[str, set[str]] = {}
    for cell in table["cells"]:
        shown_units = cell_units(cell, paper.experiments[cell["experiment"]])
        units.setdefault(cell["experiment"], set()).update(shown_units)
    found = {
        name: own_runs(measures.get(name), table["metric"], of_it, table["score"])
        for name, of_it in units.items()
    }
    runs = {experiment: part for experiment, part in found.items() if part is not None}
    if not runs:
        return sentences
    deviations = dict.fromkeys(text for part in runs.values() for text in texts(part, "deviations"))
    diverged = [text for part in runs.values() for text in _diverged(part)]
    if diverged:
        sentences.append(f"Trainings that ended in a loss that is no number: {'; '.join(diverged)}.")
    for experiment, part in runs.items():
        sentences += [f"Stale: runs of {experiment} were made {how}." for how in texts(part, "stale")]
    return [
        *sentences,
        "A reproduced number is the mean over seeds ± the standard deviation.",
        f"Devices: {_by_experiment(runs, 'device')}.",
        f"Code: {_by_experiment(runs, 'code', 8)}.",
        f"Seeds: {_by_experiment(runs, 'seed')}.",
        f"Declared deviations: {'; '.join(deviations)}." if deviations else "No deviation was declared.",
        *_assumed_sentences(paper, runs, frame["reading"].iloc[0]),
    ]


def _assumed_sentences(paper: Paper, experiments: Iterable[str], reading: str) -> list[str]:
    """The settings of each experiment that neither the paper nor its code gives, with their values."""
    sentences = []
    for experiment in experiments:
        settings = paper.experiments[experiment].resolve(reading)
        assumed = [f"{key} = {entry.value}" for key, entry in settings.items() if entry.source == "assumed"]
        if assumed:
            sentences.append(f"Assumed settings of {experiment}: {', '.join(assumed)}.")
    return sentences

"""The records of a results folder as a graph: what a file was made from, and which runs a cell averages."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pandas as pd

from encore.audit.records import RecordError, model_of, printable, read_record
from encore.papers import layout
from encore.papers.find import find_experiment, find_table
from encore.papers.layout import NOT_RESULTS, RESULTS
from encore.papers.model import AVERAGE, Experiment
from encore.tables.entry import cell_units
from encore.tables.files import COLUMNS, read_measures, read_table
from encore.tables.outcomes import own_runs

MEASURED = ("experiment", "unit", "seed", "score", "metric", "value")  # columns of measures that cells need


@dataclass(frozen=True)
class Trail:
    """All records under `root`, the folder that Snakemake ran in; files are named relative to it."""

    root: Path
    records: Mapping[str, dict]  # name of the record -> the record
    made_by: Mapping[str, str]  # name of a result -> name of its record

    def record_of(self, name: str) -> dict | None:
        """The record of a result; None where it has none."""
        return self.records.get(self.made_by.get(name, ""))

    def chain(self, *names: str) -> list[str]:
        """Results and all that they were made from, nearest first, each once."""
        found, pending = {}, list(names)
        while pending:
            name = pending.pop(0)
            if name not in found:
                found[name] = None
                record = self.record_of(name)
                pending += record["inputs"] if record else []
        return list(found)


@dataclass(frozen=True)
class RunOfCell:
    """One run behind a cell: the value that it gave, the files that it was computed from, and its records.

    scored, trained: empty where the records are missing.
    """

    unit: str
    seed: int
    value: float
    results: tuple[str, ...]  # its scores.csv; resemblance.csv, generated.csv where it has them
    scored: Mapping[str, object]
    trained: Mapping[str, object]

    @property
    def label(self) -> str:
        """How a page names it: unit/seed."""
        return f"{self.unit}/{self.seed}"


@dataclass(frozen=True)
class CellOfTable:
    """A row of a long table, and where its number comes from.

    experiment: None for a cited number and a count. runs: those that the number averages over, whose values
    stand in `measures`. files: what the number was computed from: the runs' results, or a data set's counts.
    """

    row: Mapping[str, object]
    experiment: Experiment | None
    runs: tuple[RunOfCell, ...]
    measures: str
    files: tuple[str, ...]

    @property
    def place(self) -> tuple[str, str, str]:
        """Dataset, method and subset in the paper's words."""
        return self.row["dataset"], self.row["method"], self.row["subset"]


def read_trail(root: Path = Path()) -> Trail:
    """All records under `root`/results; a RecordError for a file that is none, or that speaks of others'."""
    records, made_by = {}, {}
    for path in sorted((root / RESULTS).rglob("*.json")):
        inside = path.relative_to(root / RESULTS)
        if inside.parts[0] not in NOT_RESULTS and not path.name.startswith("."):
            if path.is_symlink() or not path.is_file():
                raise RecordError(
                    f"{printable(path)} is not a record: it is a link or no file at all; remove it."
                )
            name, record = (RESULTS / inside).as_posix(), read_record(path)
            for fault in _misplaced(name, record):
                raise RecordError(f"{printable(path)} is not a record of what lies beside it: {fault}.")
            records[name] = record
            made_by |= dict.fromkeys(record["outputs"], name)
    trail = Trail(root, records, made_by)
    made_from(trail)
    return trail


def made_from(trail: Trail) -> list[str]:
    """All records, each after those of what its results were made from; a RecordError for a circle."""
    graph = {
        name: [trail.made_by[given] for given in record["inputs"] if given in trail.made_by]
        for name, record in trail.records.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise RecordError(f"{circle[0]} is not a record: what it describes was made from itself.") from None


def _misplaced(name: str, record: Mapping) -> Iterator[str]:
    """In what a record does not fit the place where it lies: results of others, another run."""
    rule = record["rule"]
    if rule not in layout.STAGES or not layout.is_result(name):
        yield f"it is of the rule {rule!r}, which leaves no record of this name"
        return
    try:
        wildcards = layout.wildcards_of_record(rule, name)
    except ValueError:
        yield f"those of the rule {rule} lie elsewhere"
        return
    own = {layout.path(rule, output, **wildcards) for output in layout.STAGES[rule].outputs}
    for output in record["outputs"]:
        if output not in own and not (rule == "report" and layout.is_of_report(output)):
            yield f"it has the output {output!r}, which is none of the rule {rule} in this place"
    for given in record["inputs"]:
        if not layout.is_result(given):
            yield f"it has the input {given!r}, which is no name of a result"
    for key, value in wildcards.items():
        if key in record and str(record[key]) != value:
            yield f"it is of the {key} {record[key]!r}"


def read_made(root: Path, name: str, read: Callable[[Path], pd.DataFrame], columns: tuple) -> pd.DataFrame:
    """A table or measures below `root`; a RecordError where the file is none any more.

    read: `read_table` or `read_measures`; measures have no rows where no seed is asked for. Raises a
    FileNotFoundError where the file is not there.
    """
    try:
        frame = read(root / name)
        if lacking := [column for column in columns if column not in frame.columns]:
            raise ValueError(f"it has no column {', '.join(lacking)}")
    except KeyError as error:
        raise RecordError(_no_more(name, f"it has no column {error.args[0]}")) from None
    except ValueError as error:  # no CSV, no UTF-8, no numbers
        raise RecordError(_no_more(name, str(error))) from None
    return frame


def _no_more(name: str, why: str) -> str:
    why = " ".join(why.split()).rstrip(".")
    return f"{name} cannot be read any more: {why}; remove it, and make it again."


def cells_of_table(trail: Trail, name: str) -> list[CellOfTable]:
    """Every cell of the table `name` as it stands in results/tables, in its order.

    A ConfigError where no paper has such a table, a FileNotFoundError where it was not made.
    """
    _, table = find_table(name)
    csv = layout.path("compare", "csv", table=name)
    frame = read_made(trail.root, csv, read_table, COLUMNS)
    if len(twice := frame[frame.duplicated(["dataset", "method", "subset", "metric"])]):
        place = ", ".join(twice.iloc[0][["dataset", "subset", "method"]])
        raise RecordError(_no_more(csv, f"the cell {place} stands twice"))
    by_place = {(cell["dataset"], cell["method"]): cell for cell in table["cells"]}
    found = []
    for row in frame.to_dict("records"):
        cell = by_place.get((row["dataset"], row["method"]))
        if cell is not None:
            found.append(_run_cell(trail, row, cell, find_experiment(cell["experiment"]), table["score"]))
            continue
        counted = table.get("counts", {}).get(row["dataset"])
        files = (layout.path("count", "counts", dataset=counted["dataset"]),) if counted else ()
        found.append(CellOfTable(row, None, (), "", tuple(name for name in files if name in trail.made_by)))
    return found


def _run_cell(trail: Trail, row: Mapping, cell: Mapping, experiment: Experiment, score: str) -> CellOfTable:
    """A cell that an experiment stands behind; score: the one that its table measures."""
    words, units = cell.get("subsets", {}), cell_units(cell, experiment)
    if row["subset"] != AVERAGE:
        units = tuple(unit for unit in units if words.get(unit, unit) == row["subset"])
    measures = layout.path("measure", "measures", experiment=experiment.name)
    if not (trail.root / measures).is_file():
        return CellOfTable(row, experiment, (), "", ())
    try:
        measured = read_made(trail.root, measures, read_measures, MEASURED)
        runs = own_runs(measured, row["metric"], units, score)
    except ValueError as error:
        raise RecordError(_no_more(measures, str(error))) from None
    if runs is None:
        return CellOfTable(row, experiment, (), measures, ())
    behind = []
    for run in runs.itertuples():
        results = _results_of_run(trail, measures, experiment.name, run.unit, run.seed)
        scored = next((record for name in results if (record := trail.record_of(name))), {})
        trained = trail.record_of(model_of(scored)) or {}
        behind.append(RunOfCell(run.unit, run.seed, run.value, results, scored, trained))
    files = tuple(name for run in behind for name in run.results)
    return CellOfTable(row, experiment, tuple(behind), measures, files)


def _results_of_run(trail: Trail, measures: str, experiment: str, unit: str, seed: int) -> tuple[str, ...]:
    """The results of one run that its experiment's measures were computed from."""
    folder = f"{layout.run_folder(experiment, unit, seed)}/"
    inputs = (trail.record_of(measures) or {"inputs": ()})["inputs"]
    return tuple(name for name in inputs if name.startswith(folder) and name in trail.made_by)

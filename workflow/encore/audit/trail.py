"""The records of a results folder as a graph: what a file was made from, and which runs a cell averages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from encore.audit.records import model_of, read_record
from encore.papers import layout
from encore.papers.find import find_experiment, find_table
from encore.papers.layout import NOT_RESULTS, RESULTS
from encore.papers.model import AVERAGE, Experiment
from encore.tables.entry import cell_units
from encore.tables.files import read_measures, read_table
from encore.tables.outcomes import own_runs


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
    results: tuple[str, ...]  # its scores.csv, and its resemblance.csv where it has one
    scored: Mapping[str, object]
    trained: Mapping[str, object]


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
    """All records under `root`/results; a RecordError for a file that is none."""
    records = {}
    for path in sorted((root / RESULTS).rglob("*.json")):
        inside = path.relative_to(root / RESULTS)
        if inside.parts[0] not in NOT_RESULTS and not path.name.startswith("."):
            records[(RESULTS / inside).as_posix()] = read_record(path)
    made_by = {name: path for path, record in records.items() for name in record["outputs"]}
    return Trail(root, records, made_by)


def cells_of_table(trail: Trail, name: str) -> list[CellOfTable]:
    """Every cell of the table `name` as it stands in results/tables, in its order.

    A ConfigError where no paper has such a table, a FileNotFoundError where it was not made.
    """
    _, table = find_table(name)
    frame = read_table(trail.root / layout.path("compare", "csv", table=name))
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
    runs = own_runs(read_measures(trail.root / measures), row["metric"], units, score)
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

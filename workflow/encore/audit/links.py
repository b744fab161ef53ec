"""The files behind one cell of a table, back to the raw files, and whether each is still the recorded one."""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from encore.audit.manifest import left_out
from encore.audit.trail import CellOfTable, RunOfCell, Trail
from encore.digest import file_digest
from encore.papers.layout import log_of, path
from encore.tables.verdicts import NOTHING

HOLDS, CHANGED, IS_MISSING, LEFT, NO_RECORD = "holds", "has changed", "is missing", "left out", "no record"


@dataclass(frozen=True)
class Link:
    """A file behind a cell: whose it is, the SHA-256 that was recorded, and whether it still holds."""

    name: str
    whose: str  # the runs that it belongs to
    recorded: str
    state: str  # HOLDS, CHANGED, IS_MISSING, LEFT or NO_RECORD
    record: str
    record_state: str
    log: str


@functools.cache
def _digest(path: Path, size: int, changed: int) -> str:
    """A file's SHA-256; size and time tell a file that was written meanwhile, the rest is read once."""
    return file_digest(path)


def links_of(trail: Trail, table: str, cell: CellOfTable) -> Iterator[Link]:
    """The files behind a cell: table and measures, each run's back to the raw files, then what runs share."""
    if not cell.files:
        return
    of_file: dict[str, list[str]] = {}
    for run in cell.runs:
        for name in trail.chain(*run.results):
            of_file.setdefault(name, []).append(run.label)
    for name in trail.chain(*cell.files):
        of_file.setdefault(name, [])
    top = [path("compare", "csv", table=table), *filter(None, [cell.measures])]
    names = [*top, *sorted(of_file, key=lambda name: len(of_file[name]) > 1)]
    records = {trail.made_by[name]: trail.record_of(name) for name in names if name in trail.made_by}
    claims = _claims(records.values())
    may_lack = left_out(trail)
    for name in names:
        record = trail.made_by.get(name, "")
        log = log_of(record, records[record]["rule"]) if record else ""
        recorded = records[record]["outputs"][name]["sha256"] if record else ""
        yield Link(
            name,
            _whose(of_file.get(name, ()), cell.runs),
            recorded or next(iter(claims.get(name, ("",)))),
            _state(trail.root / name, claims.get(name, ()), name in may_lack) if record else NO_RECORD,
            record,
            _state(trail.root / record, claims[record], False) if record in claims else HOLDS,
            log if (trail.root / log).is_file() else "",
        )


def _whose(labels: Sequence[str], runs: Sequence[RunOfCell]) -> str:
    if len(runs) < 2:
        return labels[0] if labels else NOTHING
    if not labels or len(labels) == len(runs):
        return "all"
    return labels[0] if len(labels) == 1 else f"{labels[0]} and {len(labels) - 1} more"


def _claims(records: Iterable[Mapping]) -> dict[str, set[str]]:
    """File -> every SHA-256 that a record says it had when it was written or read."""
    claims: dict[str, set[str]] = {}
    for record in records:
        for name, about in (*record["outputs"].items(), *record["inputs"].items()):
            claims.setdefault(name, set()).add(about["sha256"])
    return claims


def _state(path: Path, claims: Iterable[str], may_lack: bool) -> str:
    if not path.is_file():
        return LEFT if may_lack else IS_MISSING
    about = path.stat()
    return HOLDS if {_digest(path, about.st_size, about.st_mtime_ns)} == set(claims) else CHANGED

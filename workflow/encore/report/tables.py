"""The tables that were made, with where their numbers come from, and how often each verdict was given."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from encore.audit.trail import CellOfTable, Trail, cells_of_table, read_made
from encore.papers.layout import RESULTS
from encore.papers.model import Paper
from encore.script import UserError
from encore.tables.files import COLUMNS, read_table
from encore.tables.layout import Layout, layout
from encore.tables.verdicts import CITED, GLYPHS, MISSING, VERDICTS

Place = tuple[str, ...]  # dataset, method and subset, in the paper's words
UNPRINTED = "without a printed number"
CITED_GLYPH = "\N{SECTION SIGN}"


@dataclass(frozen=True)
class TableShown:
    """A table that was made. frame: the long table; cells: its rows, and where their numbers come from."""

    name: str
    entry: Mapping[str, object]  # of the paper's YAML
    frame: pd.DataFrame
    shape: Layout
    foot: tuple[str, ...]
    cells: tuple[CellOfTable, ...]
    claims: tuple[Mapping[str, object], ...]
    files: tuple[str, ...]  # in results: its forms, and its record

    @property
    def title(self) -> str:
        """Where the paper has it, and what it shows."""
        source = self.entry.get("source")
        return f"{source}: {self.entry['title']}" if source else self.entry["title"]

    @property
    def missing(self) -> int:
        """How many of its cells have no number of our own, though they should."""
        return int((_told(self.frame) == MISSING).sum())


def is_made(trail: Trail, name: str) -> bool:
    """Whether the table `name` is there, with its record."""
    csv = f"{RESULTS}/tables/{name}.csv"
    return csv in trail.made_by and (trail.root / csv).is_file()


def read_table_shown(trail: Trail, paper: Paper, name: str) -> TableShown:
    """A table as it stands in results/tables; a UserError where it or its measures are none any more."""
    csv = f"{RESULTS}/tables/{name}.csv"
    record = trail.record_of(csv)
    try:
        frame = read_made(trail.root, csv, read_table, COLUMNS)
        shape, cells = layout(paper, name, frame), cells_of_table(trail, name)
    except (ValueError, KeyError, IndexError) as error:
        why = str(error).rstrip(".")
        raise UserError(
            f"{csv} or its measures cannot be shown: {why}; remove what was changed, and make it again."
        ) from None
    return TableShown(
        name=name,
        entry=paper.tables[name],
        frame=frame,
        shape=shape,
        foot=tuple(record.get("foot", ())),
        cells=tuple(cells),
        claims=tuple(record.get("claims", ())),
        files=(*_there(trail, record["outputs"]), trail.made_by[csv]),
    )


def _there(trail: Trail, names: Iterable[str]) -> list[str]:
    return [name for name in names if (trail.root / name).is_file()]


def anchors(places: Iterable[Place]) -> dict[Place, str]:
    """Place of a cell -> the name of its part of the page; in words, and none twice."""
    found: dict[Place, str] = {}
    taken: Counter[str] = Counter()
    for place in places:
        dataset, method, subset = place
        words = re.sub(r"[^a-z0-9]+", "-", f"{dataset} {subset} {method}".lower()).strip("-")
        taken[words] += 1
        # Two hyphens stand in no words, so that what is told apart by a number meets no other name.
        found[place] = f"cell-{words}" + (f"--{taken[words]}" if taken[words] > 1 else "")
    return found


@dataclass(frozen=True)
class Count:
    """How often a verdict was given, with its sign."""

    glyph: str
    name: str
    number: int


def count_verdicts(frames: Iterable[pd.DataFrame]) -> list[Count]:
    """How often each verdict stands in long tables, then how many numbers nothing is printed for."""
    found = Counter(verdict for frame in frames for verdict in _told(frame))
    glyphs = GLYPHS | {CITED: CITED_GLYPH}
    counts = [Count(glyphs[name], name, found[name]) for name in VERDICTS if found[name]]
    return counts + ([Count("", UNPRINTED, found[UNPRINTED])] if found[UNPRINTED] else [])


def _told(frame: pd.DataFrame) -> pd.Series:
    """The verdicts of a long table; where nothing is printed, whether there is a number of our own."""
    without = frame["reproduced"].isna().map({True: MISSING, False: UNPRINTED})
    return frame["verdict"].where(frame["verdict"] != "", without)

"""A long table in the paper's own layout: its cells in rows and columns, as text."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from encore.papers.model import AVERAGE, Paper
from encore.tables.equivalence import wilson
from encore.tables.verdicts import CITED, GLYPHS, MEANING, NOTHING, STALE, VERDICTS

LEVELS = ("dataset", "subset", "method")
BRACKETS = "In brackets the number as printed; in italics a printed number that is cited, not run."


@dataclass(frozen=True)
class Cell:
    """What a cell shows, as text; all of it empty where the paper has no such cell.

    place: dataset, method and subset in the paper's words, as in the long table.
    """

    reproduced: str = ""
    printed: str = ""
    verdict: str = ""
    title: str = ""
    place: tuple[str, ...] = ()

    @property
    def glyph(self) -> str:
        """The verdict as a sign; none where there is no verdict to give."""
        return GLYPHS.get(self.verdict, "")

    @property
    def beneath(self) -> str:
        """What stands beneath the number: the printed one with the verdict's sign, or that it is stale."""
        printed = f"({self.printed}) " if self.printed else ""
        return f"{printed}{self.glyph}" if self.printed or self.verdict == STALE else ""


@dataclass(frozen=True)
class Layout:
    """A table's cells in rows and columns; a level that is the same everywhere moved into the heading."""

    heading: str
    row_levels: tuple[str, ...]
    rows: list[tuple[str, ...]]
    columns: list[str]
    cells: list[list[Cell]]
    legend: list[tuple[str, str, str]]  # glyph, verdict, meaning of those that occur


def _in_print(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's own layout: beside printed subsets, those without a printed number are left out."""
    printed = frame[frame["published"] != ""]
    subsets = set(zip(printed["dataset"], printed["subset"], strict=True))
    datasets = set(printed["dataset"])
    keep = [
        (row.dataset, row.subset) in subsets or row.dataset not in datasets
        for row in frame[["dataset", "subset"]].itertuples()
    ]
    return frame[keep]


def _labels(frame: pd.DataFrame, levels: Sequence[str], methods: Sequence[str]) -> list[tuple[str, ...]]:
    """Distinct labels of some levels: as they appear, but the average last and methods as given."""
    places = {level: {value: place for place, value in enumerate(frame[level].unique())} for level in levels}
    if "subset" in places and AVERAGE in places["subset"]:
        places["subset"][AVERAGE] = len(frame)
    if "method" in places:
        places["method"] |= {method: place - len(methods) for place, method in enumerate(methods)}
    labels = dict.fromkeys(frame[list(levels)].itertuples(index=False, name=None))
    return sorted(labels, key=lambda label: [places[level][label[i]] for i, level in enumerate(levels)])


def _with_sd(value: str, sd: str) -> str:
    return f"{value} ± {sd}" if value and sd else value


def _cell(row: Any, table: Mapping) -> Cell:
    """Texts of a row of the long table, one of `itertuples`."""
    digits = table["digits"]

    def number(value: float) -> str:
        return "" if math.isnan(value) else f"{value:.{digits}f}"

    reproduced = _with_sd(number(row.reproduced), number(row.sd))
    if row.verdict != CITED and not reproduced:
        reproduced = NOTHING
    about = [
        row.verdict,
        f"95 % interval {number(row.ci_low)} to {number(row.ci_high)}" if number(row.ci_low) else "",
        f"n = {row.n}" if row.n else "",
        "" if math.isnan(row.margin) else f"margin {row.margin:g}",
        row.note,
    ]
    printed = _with_sd(row.published, row.published_sd)
    if printed and (images := table.get("printed_images")):
        printed += " [{:.2f}, {:.2f}]".format(*wilson(float(row.published), images["value"]))
    title = "; ".join(text for text in about if text)
    return Cell(reproduced, printed, row.verdict, title, (row.dataset, row.method, row.subset))


def layout(paper: Paper, name: str, frame: pd.DataFrame) -> Layout:
    """The long table `name` in the paper's layout: `rows` names a row's levels, the rest makes columns."""
    table = paper.tables[name]
    shown = _in_print(frame)
    row_levels = tuple(table["rows"])
    others = [level for level in LEVELS if level not in row_levels]
    varying = [level for level in others if shown[level].nunique() > 1] or others[-1:]
    rows = _labels(shown, row_levels, table["columns"])
    columns = _labels(shown, varying, table["columns"])
    places = zip(
        shown[list(row_levels)].itertuples(index=False, name=None),
        shown[varying].itertuples(index=False, name=None),
        strict=True,
    )
    cells = {
        place: _cell(row, table) for place, row in zip(places, shown.itertuples(index=False), strict=True)
    }
    parts = [paper.about["title"], table.get("source", "not in the paper"), table["title"]]
    parts += [f"{level}: {shown[level].iloc[0]}" for level in others if level not in varying]
    verdicts = [verdict for verdict in VERDICTS if verdict in GLYPHS and verdict in set(shown["verdict"])]
    return Layout(
        heading=" · ".join([*parts, f"reading: {'; '.join(frame['reading'].unique())}"]),
        row_levels=row_levels,
        rows=rows,
        columns=[", ".join(label) for label in columns],
        cells=[[cells.get((row, column), Cell()) for column in columns] for row in rows],
        legend=[(GLYPHS[verdict], verdict, MEANING[verdict]) for verdict in verdicts],
    )

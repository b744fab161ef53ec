"""The figures that were drawn."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from encore.audit.trail import Trail
from encore.papers.layout import RESULTS
from encore.papers.model import Paper


@dataclass(frozen=True)
class FigureShown:
    """A figure that was drawn, with the size of its picture in pixels."""

    name: str
    title: str
    caption: str
    width: int
    height: int
    files: tuple[str, ...]


def read_figures(trail: Trail, paper: Paper, demo: bool) -> Iterator[FigureShown]:
    """The figures that were drawn, those of tables first, in the tables' order."""
    of_tables = (name for table in paper.tables.values() for name in table["figures"])
    for name in dict.fromkeys([*of_tables, *paper.figures]):
        path = f"{RESULTS}/figures/{name}.png"
        if path in trail.made_by and (trail.root / path).is_file() and is_of_demo(paper, name) == demo:
            entry = paper.figures[name]
            files = (path, trail.made_by[path])
            yield FigureShown(name, entry["title"], entry["caption"], *_size(trail.root / path), files)


def is_of_demo(paper: Paper, figure: str) -> bool:
    """Whether a figure belongs to demonstrations alone."""
    tables = [table for table in paper.tables.values() if figure in table["figures"]]
    if "table" in paper.figures[figure]:
        tables.append(paper.tables[paper.figures[figure]["table"]])
    return bool(tables) and all(table["demo"] for table in tables)


def _size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header; (0, 0) of a file that is none."""
    with open(path, "rb") as stream:
        header = stream.read(24)
    if len(header) < 24 or not header.startswith(b"\x89PNG"):
        return 0, 0
    return struct.unpack(">II", header[16:24])

"""A page about a cell: sections of sentences and tables, and how a terminal shows them."""

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = "\N{EN DASH}"
COMMAND = "$ "  # how a sentence begins that is a line for a shell
WIDTH = 100  # columns of a terminal
GAP, INDENT = "  ", "  "
PIECE = re.compile(r"[^\s/]*/|[^\s/]+")  # what stays on one line: a word, or a folder with its slash
NUMBER = re.compile(r"-?[\d,]+(\.\d+)?")


@dataclass(frozen=True)
class Section:
    """A part of a page: sentences, then a table where it has columns."""

    heading: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Page:
    """All that is known of one cell."""

    title: str
    sections: tuple[Section, ...]


def plain(value: object) -> str:
    """A setting's value as a person reads it: text as it is, all else as JSON, "none" for none."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_text(page: Page) -> str:
    """One page for a terminal of 100 columns; only a line for a shell may be longer, to be copied whole."""
    lines = [*_wrapped(page.title, WIDTH), "=" * min(WIDTH, len(page.title))]
    for section in page.sections:
        lines += ["", section.heading, "-" * len(section.heading)]
        for sentence in section.sentences:
            if sentence.startswith(COMMAND):
                lines.append(2 * INDENT + sentence.removeprefix(COMMAND))
            else:
                first, *rest = _wrapped(sentence, WIDTH - 2 * len(INDENT))
                lines += [INDENT + first, *(2 * INDENT + line for line in rest)]
        if section.rows:
            table = _laid_out(section.columns, section.rows, WIDTH - len(INDENT))
            lines += [""] * bool(section.sentences) + [(INDENT + line).rstrip() for line in table]
    return "\n".join(lines)


def _laid_out(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """A table as lines no longer than `width`.

    Where it is too wide, a single row is written downwards, and what is the same in all rows is said once.
    What is still too wide is wrapped.
    """
    if _needed(columns, rows) <= width:
        return _grid(columns, rows, width)
    if len(rows) == 1:
        return _grid(("what", "value"), list(zip(columns, rows[0], strict=True)), width)
    same = [index for index in range(len(columns)) if len({row[index] for row in rows}) == 1]
    said = [f"{columns[index]}: {rows[0][index]}" for index in same if rows[0][index]]
    kept = [index for index in range(len(columns)) if index not in same]
    above = [*_wrapped(f"In all rows {'; '.join(said)}.", width), ""] if said else []
    picked = [[row[index] for index in kept] for row in rows]
    return above + _grid([columns[index] for index in kept], picked, width)


def _needed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return sum(_natural(columns, rows)) + len(GAP) * (len(columns) - 1)


def _natural(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(columns, *rows, strict=True)]


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    widths = _widths(columns, rows, width - len(GAP) * (len(columns) - 1))
    right = [
        all(cell == NOTHING or NUMBER.fullmatch(cell) for cell in column)
        for column in zip(*rows, strict=True)
    ]
    lines = _grid_row(columns, widths, right)
    lines.append(GAP.join("-" * width for width in widths))
    for row in rows:
        lines += _grid_row(row, widths, right)
    return lines


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Widths of columns: where there is no room, that gives way which costs the fewest lines.

    Words, and the folders of a path, stay whole if they can.
    """
    widths = _natural(columns, rows)
    least = [
        max((len(piece) for cell in column for piece in PIECE.findall(cell)), default=0)
        for column in zip(columns, *rows, strict=True)
    ]

    def lines(index: int) -> int:
        tried = [width - (place == index) for place, width in enumerate(widths)]
        return sum(max(map(_height, row, tried)) for row in (columns, *rows))

    while sum(widths) > room:
        loose = [index for index in range(len(widths)) if widths[index] > least[index]]
        loose = loose or [widths.index(max(widths))]
        widths[min(loose, key=lambda index: (lines(index), -widths[index]))] -= 1
    return widths


@functools.cache
def _height(cell: str, width: int) -> int:
    return len(_wrapped(cell, width))


def _grid_row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    wrapped = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for place in range(max(map(len, wrapped))):
        parts = [column[place] if place < len(column) else "" for column in wrapped]
        aligned = zip(parts, widths, right, strict=True)
        lines.append(GAP.join(part.rjust(n) if to_right else part.ljust(n) for part, n, to_right in aligned))
    return [line.rstrip() for line in lines]


def _wrapped(text: str, width: int) -> list[str]:
    """Text in lines of at most `width`: broken at spaces, a longer word after slashes or where it must be."""
    lines = [""]
    for word in text.split():
        pieces = [word] if len(word) <= width else PIECE.findall(word)
        for place, piece in enumerate(pieces):
            space = " " if lines[-1] and not place else ""
            if len(lines[-1] + space + piece) <= width:
                lines[-1] += space + piece
            elif lines[-1]:
                lines.append(piece)
            else:
                lines[-1] = piece
            while len(lines[-1]) > width:
                lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines

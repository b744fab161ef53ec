"""Text for a terminal: tables, wrapped lines, times and sizes as a person says them."""

import functools
import itertools
import re
from collections.abc import Sequence

GAP = "  "  # between columns
PIECE = re.compile(r"[^\s/]*/|[^\s/]+")  # what stays on one line: a word, or a folder with its slash
NUMBER = re.compile(r"\N{EN DASH}|-?[\d,]+(\.\d+)?")  # or the dash in its place


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45 s, 3 min 20 s, 5 h 12 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def size(count: float) -> str:
    """Bytes with a decimal prefix: 999 B, 1.0 kB, 31.4 MB."""
    if count < 1000:
        return f"{count:.0f} B"
    for prefix in "kMG":
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {prefix}B"
    return f"{count / 1000:,.1f} TB"


# --- tables ------------------------------------------------------------------------------------------


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """A table as lines no longer than `width`.

    Where it is too wide, a single row is written downwards, and what is the same in all rows is said once.
    What is still too wide is wrapped.
    """
    if _needed(columns, rows) <= width:
        return grid(columns, rows, width)
    if len(rows) == 1:
        return grid(("what", "value"), list(zip(columns, rows[0], strict=True)), width)
    same = [index for index in range(len(columns)) if len({row[index] for row in rows}) == 1]
    said = [f"{columns[index]}: {rows[0][index]}" for index in same if rows[0][index]]
    kept = [index for index in range(len(columns)) if index not in same]
    above = [*wrapped(f"In all rows {'; '.join(said)}.", width), ""] if said else []
    picked = [[row[index] for index in kept] for row in rows]
    return above + grid([columns[index] for index in kept], picked, width)


def _needed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    return sum(_natural(columns, rows)) + len(GAP) * (len(columns) - 1)


def _natural(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(columns, *rows, strict=True)]


def grid(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None, right: Sequence[str] = ()
) -> list[str]:
    """Rows under a head and a rule, as lines no longer than `width` if one is given.

    Columns of numbers alone are set to the right, and those that `right` names.
    """
    room = _needed(columns, rows) if width is None else width
    widths = _widths(columns, rows, room - len(GAP) * (len(columns) - 1))
    to_right = [
        name in right or all(map(NUMBER.fullmatch, cells))
        for name, *cells in zip(columns, *rows, strict=True)
    ]
    head, *body = (_row(row, widths, to_right) for row in (columns, *rows))
    rule = GAP.join("-" * width for width in widths)
    return [*head, rule, *(line for lines in body for line in lines)]


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Widths of columns: where there is no room, that gives way which costs the fewest lines.

    Words, and the folders of a path, stay whole if they can. No column is narrower than a letter, even if
    the table is too wide then.
    """
    widths = _natural(columns, rows)
    least = [
        max((len(piece) for cell in column for piece in PIECE.findall(cell)), default=0)
        for column in zip(columns, *rows, strict=True)
    ]

    def lines(index: int) -> int:
        tried = [width - (place == index) for place, width in enumerate(widths)]
        return sum(max(map(_height, row, tried)) for row in (columns, *rows))

    while sum(widths) > room and max(widths) > 1:
        loose = [index for index in range(len(widths)) if widths[index] > least[index]]
        loose = loose or [widths.index(max(widths))]
        widths[min(loose, key=lambda index: (lines(index), -widths[index]))] -= 1
    return widths


@functools.cache
def _height(cell: str, width: int) -> int:
    return len(wrapped(cell, width))


def _row(cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool]) -> list[str]:
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for parts in itertools.zip_longest(*columns, fillvalue=""):
        aligned = zip(parts, widths, to_right, strict=True)
        lines.append(GAP.join(part.rjust(n) if right else part.ljust(n) for part, n, right in aligned))
    return [line.rstrip() for line in lines]


def wrapped(text: str, width: int) -> list[str]:
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

"""A table as Markdown."""

from collections.abc import Sequence

from encore.papers.model import AVERAGE
from encore.tables.layout import BRACKETS, Cell, Layout
from encore.tables.verdicts import CITED


def markdown(shape: Layout, foot: Sequence[str]) -> str:
    """The table as GitHub's Markdown: reproduced above (printed) and verdict, cited numbers in italics."""
    lines = [f"**{_text(shape.heading)}**", ""]
    lines.append("| " + " | ".join([*shape.row_levels, *map(_text, shape.columns)]) + " |")
    lines.append("|" + " --- |" * len(shape.row_levels) + " ---: |" * len(shape.columns))
    for label, cells in zip(shape.rows, shape.cells, strict=True):
        mark = "**" if AVERAGE in label else ""
        heads = [f"{mark}{_text(part)}{mark}" for part in label]
        lines.append("| " + " | ".join([*heads, *map(_cell, cells)]) + " |")
    if shape.legend:
        lines += ["", BRACKETS]
        lines += ["", *(f"- {glyph} {name}: {meaning}" for glyph, name, meaning in shape.legend)]
    lines += ["", *(f"- {_text(sentence)}" for sentence in foot), ""]
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    if cell.verdict == CITED:
        return f"*{cell.printed}*"  # a number as papers.check has it, with brackets that are ours
    return f"{cell.reproduced}<br>{cell.beneath}" if cell.beneath else cell.reproduced


def _text(text: str) -> str:
    """Text on one line that Markdown leaves as it is inside a table."""
    for special in ("\\", "|", "*", "_", "<", "`", "[", "]", "~", "&", "$"):
        text = text.replace(special, f"\\{special}")
    return " ".join(text.splitlines())

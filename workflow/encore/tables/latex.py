"""A table as LaTeX."""

from collections.abc import Sequence

from encore.papers.model import AVERAGE
from encore.tables.layout import BRACKETS, Cell, Layout
from encore.tables.verdicts import CITED, NOTHING

COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "ε": r"$\varepsilon$",
    "·": r"$\cdot$",
    NOTHING: "--",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "=": "$=$",
    "†": r"$\dagger$",
    "\n": " ",
}


def latex(shape: Layout, foot: Sequence[str]) -> str:
    """The table as LaTeX; needs the package booktabs and nothing else."""
    heads = map(latex_text, [*shape.row_levels, *shape.columns])
    lines = [
        "% Needs \\usepackage{booktabs}.",
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{latex_text(shape.heading)}}}",
        rf"\begin{{tabular}}{{{'l' * len(shape.row_levels)}{'r' * len(shape.columns)}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
    ]
    above: tuple[str, ...] = ()
    for label, cells in zip(shape.rows, shape.cells, strict=True):
        opens = not above or (len(label) > 1 and label[0] != above[0])
        if opens or AVERAGE in label:
            lines.append(r"\midrule")
        first = [label[0] if opens or len(label) == 1 else "", *label[1:]]
        row = " & ".join([*map(latex_text, first), *map(_cell, cells)])
        braced = f"{{{row[0]}}}{row[1:]}" if row[0] in "*[" else row  # `\\*` and `\\[` are other commands
        lines.append(rf"{braced} \\")
        above = label
    lines += [r"\bottomrule", r"\end{tabular}", r"\par\smallskip\raggedright\scriptsize"]
    if shape.legend:
        lines.append(BRACKETS)
        lines += [latex_text(f"{glyph} {name}: {meaning}.") for glyph, name, meaning in shape.legend]
    lines += [latex_text(sentence) for sentence in foot]
    return "\n".join([*lines, r"\end{table}", ""])


def _cell(cell: Cell) -> str:
    if cell.verdict == CITED:
        return rf"\textit{{{latex_text(cell.printed)}}}"
    if not cell.beneath:
        return latex_text(cell.reproduced)
    beneath = rf"{{\scriptsize {latex_text(cell.beneath)}}}"
    return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{latex_text(cell.reproduced)}\\{beneath}\end{{tabular}}"


def latex_text(text: str) -> str:
    """Text with LaTeX's special characters escaped and the signs of our tables as commands."""
    return "".join(COMMANDS.get(character, character) for character in text)

"""A long table in the paper's own layout, as Markdown, LaTeX and HTML."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import pandas as pd

from encore.papers import AVERAGE, Paper
from encore.tables.verdicts import (
    ABOVE,
    BELOW,
    CITED,
    CONSISTENT,
    INSUFFICIENT,
    MEANING,
    MISSING,
    NOT_COMPARABLE,
    REPRODUCED,
    STALE,
    VERDICTS,
    wilson,
)

LEVELS = ("dataset", "subset", "method")
BRACKETS = "In brackets the number as printed; in italics a printed number that is cited, not run."
NOTHING = "\N{EN DASH}"
GLYPHS = {
    REPRODUCED: "=",
    CONSISTENT: "≈",
    BELOW: "↓",
    ABOVE: "↑",
    INSUFFICIENT: "?",
    NOT_COMPARABLE: "≠",
    STALE: "†",
    MISSING: NOTHING,
}


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
        heading=" · ".join([*parts, f"reading: {frame['reading'].iloc[0]}"]),
        row_levels=row_levels,
        rows=rows,
        columns=[", ".join(label) for label in columns],
        cells=[[cells.get((row, column), Cell()) for column in columns] for row in rows],
        legend=[(GLYPHS[verdict], verdict, MEANING[verdict]) for verdict in verdicts],
    )


# --- Markdown ----------------------------------------------------------------------------------------


def _markdown_text(text: str) -> str:
    """Text that Markdown leaves as it is inside a table."""
    for special in ("\\", "|", "*", "_", "<", "`"):
        text = text.replace(special, f"\\{special}")
    return text


def _markdown_cell(cell: Cell) -> str:
    if cell.verdict == CITED:
        return f"*{_markdown_text(cell.printed)}*"
    return f"{cell.reproduced}<br>{cell.beneath}" if cell.beneath else cell.reproduced


def markdown(paper: Paper, name: str, frame: pd.DataFrame, foot: Sequence[str]) -> str:
    """The table as GitHub's Markdown: reproduced above (printed) and verdict, cited numbers in italics."""
    shape = layout(paper, name, frame)
    lines = [f"**{_markdown_text(shape.heading)}**", ""]
    lines.append("| " + " | ".join([*shape.row_levels, *map(_markdown_text, shape.columns)]) + " |")
    lines.append("|" + " --- |" * len(shape.row_levels) + " ---: |" * len(shape.columns))
    for label, cells in zip(shape.rows, shape.cells, strict=True):
        mark = "**" if AVERAGE in label else ""
        heads = [f"{mark}{_markdown_text(part)}{mark}" for part in label]
        lines.append("| " + " | ".join([*heads, *map(_markdown_cell, cells)]) + " |")
    if shape.legend:
        lines += ["", BRACKETS]
        lines += ["", *(f"- {glyph} {name}: {meaning}" for glyph, name, meaning in shape.legend)]
    lines += ["", *(f"- {_markdown_text(sentence)}" for sentence in foot), ""]
    return "\n".join(lines)


# --- LaTeX -------------------------------------------------------------------------------------------

LATEX = {
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
}


def latex_text(text: str) -> str:
    """Text with LaTeX's special characters escaped and the signs of our tables as commands."""
    return "".join(LATEX.get(character, character) for character in text)


def _latex_cell(cell: Cell) -> str:
    if cell.verdict == CITED:
        return rf"\textit{{{latex_text(cell.printed)}}}"
    if not cell.beneath:
        return latex_text(cell.reproduced)
    beneath = rf"{{\scriptsize {latex_text(cell.beneath)}}}"
    return rf"\begin{{tabular}}[t]{{@{{}}r@{{}}}}{latex_text(cell.reproduced)}\\{beneath}\end{{tabular}}"


def latex(paper: Paper, name: str, frame: pd.DataFrame, foot: Sequence[str]) -> str:
    """The table as LaTeX; needs the package booktabs and nothing else."""
    shape = layout(paper, name, frame)
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
        lines.append(" & ".join([*map(latex_text, first), *map(_latex_cell, cells)]) + r" \\")
        above = label
    lines += [r"\bottomrule", r"\end{tabular}", r"\par\smallskip\raggedright\scriptsize"]
    if shape.legend:
        lines.append(BRACKETS)
        lines += [latex_text(f"{glyph} {name}: {meaning}.") for glyph, name, meaning in shape.legend]
    lines += [latex_text(sentence) for sentence in foot]
    return "\n".join([*lines, r"\end{table}", ""])


# --- HTML --------------------------------------------------------------------------------------------

COLOURED = (REPRODUCED, CONSISTENT, BELOW, ABOVE, STALE)

# Hues are those of Okabe and Ito, which all kinds of colour vision tell apart; glyph and word say the same.
STYLE = """\
:root { color-scheme: light dark;
  --ground: #fff; --ink: #1b1b1b; --faint: #666; --line: #c8c8c8; --band: #f3f3f3;
  --reproduced: #0072b2; --consistent: #00785a; --below: #b34700; --above: #a3487d;
  --stale: #b34700; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --ink: #ececec; --faint: #a2a2a2; --line: #44484d; --band: #22262a;
    --reproduced: #56b4e9; --consistent: #2fc79a; --below: #f0894a; --above: #e09cc4;
    --stale: #f0894a; } }
body { background: var(--ground); color: var(--ink); font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; border-block: 2px solid var(--ink); }
caption { text-align: left; font-weight: 600; padding-bottom: .6rem; }
th, td { padding: .25rem .65rem; text-align: right; vertical-align: top; }
th { font-weight: 500; text-align: left; }
thead th { border-bottom: 1px solid var(--ink); vertical-align: bottom; }
thead th.column { text-align: right; }
tbody + tbody { border-top: 1px solid var(--ink); }
tr.average > * { border-top: 1px solid var(--line); background: var(--band); }
tr.average > .group { background: none; border-top: none; }
td { white-space: nowrap; }
td[title] { cursor: help; }
.cited { color: var(--faint); font-style: italic; }
small { display: block; color: var(--faint); }
.verdict { color: var(--faint); }
"""
STYLE += "".join(f".{name} {{ color: var(--{name}); font-weight: 600; }}\n" for name in COLOURED)
STYLE += """\
dl, ul { color: var(--faint); font-size: .9rem; max-width: 60rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; }
dd { margin: 0; }
ul { padding-left: 1.1rem; }
"""

TABLE = """\
{% macro number(cell) -%}
{% set text = cell.printed if cell.verdict == cited else cell.reproduced -%}
{% if cell.place in links %}<a href="{{ links[cell.place] }}">{{ text }}</a>{% else %}{{ text }}{% endif %}
{%- endmacro -%}
<div class="wide">
<table>
<caption>{{ shape.heading }}</caption>
<thead><tr>
{%- for level in shape.row_levels %}<th scope="col">{{ level }}</th>{% endfor -%}
{%- for column in shape.columns %}<th scope="col" class="column">{{ column }}</th>{% endfor -%}
</tr></thead>
{% for group in groups -%}
<tbody>
{% for label, cells in group -%}
<tr{% if average in label %} class="average"{% endif %}>
{%- if label|length > 1 %}{% if loop.first %}<th scope="rowgroup" class="group" rowspan="{{ group|length }}">
{{- label[0] }}</th>{% endif %}{% endif -%}
{%- for part in label[(1 if label|length > 1 else 0):] %}<th scope="row">{{ part }}</th>{% endfor %}
{% for cell in cells -%}
<td{% if cell.title %} title="{{ cell.title }}"{% endif %}
{%- if cell.verdict == cited %} class="cited"{% endif %}>
{{- number(cell) }}
{%- if cell.verdict != cited and cell.beneath %}<small>{{ cell.printed }} <span class="verdict
{{- ' ' }}{{ cell.verdict|replace(' ', '-') }}">
{{- cell.glyph }} {{ cell.verdict }}</span></small>{% endif -%}
</td>
{% endfor -%}
</tr>
{% endfor -%}
</tbody>
{% endfor -%}
</table>
</div>
{% if shape.legend -%}
<p>Small: the number as printed, and the verdict. In italics: a printed number that is cited, not run.</p>
<dl>
{% for glyph, name, meaning in shape.legend -%}
<dt class="{{ name|replace(' ', '-') }}">{{ glyph }} {{ name }}</dt><dd>{{ meaning }}</dd>
{% endfor -%}
</dl>
{% endif -%}
"""

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ shape.heading }}</title>
<style>
{{ style|safe }}</style>
</head>
<body>
{{ table|safe -}}
<ul>
{% for sentence in foot -%}
<li>{{ sentence }}</li>
{% endfor -%}
</ul>
</body>
</html>
"""

_ENVIRONMENT = jinja2.Environment(autoescape=True, keep_trailing_newline=True)


def _grouped(shape: Layout) -> list[list[tuple[tuple[str, ...], list[Cell]]]]:
    """Rows with their cells, those of one first label together where a row has more than one."""
    groups: dict[str, list] = {}
    for label, cells in zip(shape.rows, shape.cells, strict=True):
        groups.setdefault(label[0] if len(label) > 1 else "", []).append((label, cells))
    return list(groups.values())


def html_table(shape: Layout, links: Mapping[tuple[str, ...], str]) -> str:
    """The table and its legend, to stand in a page with STYLE; a cell's title says how it was judged.

    links: place of a cell -> where its number leads; a cell without is no link.
    """
    template = _ENVIRONMENT.from_string(TABLE)
    return template.render(shape=shape, groups=_grouped(shape), links=links, average=AVERAGE, cited=CITED)


def html(paper: Paper, name: str, frame: pd.DataFrame, foot: Sequence[str]) -> str:
    """The table as one page that needs nothing else, light or dark."""
    shape = layout(paper, name, frame)
    template = _ENVIRONMENT.from_string(PAGE)
    return template.render(shape=shape, table=html_table(shape, {}), foot=foot, style=STYLE)

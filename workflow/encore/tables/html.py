"""A table as HTML, from the templates beside this file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from encore.papers.model import AVERAGE
from encore.tables.layout import Cell, Layout
from encore.tables.verdicts import CITED

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, keep_trailing_newline=True
)


def html(shape: Layout, foot: Sequence[str]) -> str:
    """The table as one page that needs nothing else, light or dark."""
    return _rendered("page.html", shape, {}, foot=foot)


def html_table(shape: Layout, links: Mapping[tuple[str, ...], str]) -> str:
    """The table and its legend, to stand in a page with style.css; a cell's title says how it was compared.

    links: place of a cell -> where its number leads; a cell without is no link.
    """
    return _rendered("table.html", shape, links)


def _rendered(template: str, shape: Layout, links: Mapping, **more: object) -> str:
    about = {"shape": shape, "groups": _grouped(shape), "links": links, "average": AVERAGE, "cited": CITED}
    return _TEMPLATES.get_template(template).render(about | more)


def _grouped(shape: Layout) -> list[list[tuple[tuple[str, ...], list[Cell]]]]:
    """Rows with their cells, those of one first label together where a row has more than one."""
    groups: dict[str, list] = {}
    for label, cells in zip(shape.rows, shape.cells, strict=True):
        groups.setdefault(label[0] if len(label) > 1 else "", []).append((label, cells))
    return list(groups.values())

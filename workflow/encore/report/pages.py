"""The report's pages: an index of all that was made, and for each table a page that explains its cells."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

import jinja2

from encore.audit.explain import explain_cell
from encore.audit.page import COMMAND, Page, Section
from encore.audit.trail import Trail
from encore.report.content import Report
from encore.report.tables import Place, TableShown, anchors
from encore.tables.html import html_table
from encore.text import duration

TEMPLATES = (Path(__file__).parent, Path(__file__).parents[1])  # of its own, and tables/style.css
ALARM = re.compile(r"[A-Z][A-Z ]+: ")  # how a sentence begins that a reader must not miss
SHOWN_RUNS = 6  # of those with the same trouble; the others are counted
LARGE = 300  # cells of a page from which on it says once what is the same of many
MOST_FAULTS = 50  # more are no page to read
FORMS = {"csv": "CSV", "md": "Markdown", "tex": "LaTeX", "html": "HTML", "json": "record"}  # of a table


def _some(names: tuple[str, ...]) -> str:
    """Names, the first few of many."""
    more = f" and {len(names) - SHOWN_RUNS} more" if len(names) > SHOWN_RUNS else ""
    return ", ".join(names[:SHOWN_RUNS]) + more


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"duration": duration, "some": _some}
    environment.globals |= {"command": COMMAND, "is_alarm": ALARM.match}
    environment.globals |= {"most_faults": MOST_FAULTS, "forms": FORMS}
    return environment


def render_index(report: Report) -> str:
    """The page that all others are reached from; every number of its tables leads to its explanation."""
    rendered = {table.name: _rendered(table, prefix=f"report/{table.name}.html") for table in report.tables}
    return _environment().get_template("index.html").render(report=report, rendered=rendered)


def _rendered(table: TableShown, prefix: str = "") -> str:
    """A table whose numbers lead to their cells; its heading says only what no headline above it does."""
    *_, heading = table.shape.heading.partition(f" · {table.entry['title']} · ")
    links = {place: f"{prefix}#{name}" for place, name in anchors_of(table).items()}
    return html_table(dataclasses.replace(table.shape, heading=heading), links)


def anchors_of(table: TableShown) -> dict[Place, str]:
    """Place of a cell -> the name of its part of the table's page."""
    return anchors(cell.place for cell in table.cells)


def same_sections(pages: Mapping[str, Page]) -> dict[tuple[str, str], str]:
    """(anchor, heading) of a section -> the first anchor with the very same one, such as settings."""
    first: dict[Section, str] = {}
    found = {}
    for name, page in pages.items():
        for section in page.sections:
            if section.rows and first.setdefault(section, name) != name:
                found[name, section.heading] = first[section]
    return found


def render_cells(trail: Trail, table: TableShown) -> str:
    """The page of a table: the table itself, then for every cell all that is known of it."""
    names = anchors_of(table)
    pages = {names[cell.place]: explain_cell(trail, table.name, cell) for cell in table.cells}
    laid_out = {cell.place for cells in table.shape.cells for cell in cells}
    return (
        _environment()
        .get_template("cells.html")
        .render(
            table=table,
            rendered=_rendered(table),
            others={place: name for place, name in names.items() if place not in laid_out},
            pages=pages,
            same=same_sections(pages) if len(pages) > LARGE else {},
        )
    )

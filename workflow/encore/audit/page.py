"""A page about a cell: sections of sentences and tables, and how a terminal shows them."""

import json
import unicodedata
from dataclasses import dataclass

from encore.text import table, wrapped

COMMAND = "$ "  # how a sentence begins that is a line for a shell
WIDTH = 100  # columns of a terminal
INDENT = "  "


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
    lines = [*wrapped(page.title, WIDTH), "=" * min(WIDTH, len(page.title))]
    for section in page.sections:
        lines += ["", section.heading, "-" * len(section.heading)]
        for sentence in section.sentences:
            if sentence.startswith(COMMAND):
                lines.append(2 * INDENT + sentence.removeprefix(COMMAND))
            else:
                first, *rest = wrapped(sentence, WIDTH - 2 * len(INDENT))
                lines += [INDENT + first, *(2 * INDENT + line for line in rest)]
        if section.rows:
            rows = table(section.columns, section.rows, WIDTH - len(INDENT))
            lines += [""] * bool(section.sentences) + [(INDENT + line).rstrip() for line in rows]
    return "\n".join(map(_shown, lines))


def _shown(line: str) -> str:
    """A line without what a terminal takes for a command; of a record, any text may be shown."""
    return "".join(
        ascii(letter)[1:-1] if unicodedata.category(letter).startswith("C") else letter for letter in line
    )

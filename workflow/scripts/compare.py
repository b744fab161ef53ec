"""Set a table's measured numbers beside the printed ones: CSV, Markdown, LaTeX and HTML."""

import json
from pathlib import Path

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.papers.find import find_table
from encore.script import run_script, script_parser
from encore.tables.compare import claim_sentences, compare
from encore.tables.files import write_csv
from encore.tables.html import html
from encore.tables.latex import latex
from encore.tables.layout import layout
from encore.tables.markdown import markdown

RENDERED = {"md": markdown, "tex": latex, "html": html}


def main() -> None:
    """Read the arguments and write one table in all its forms."""
    parser = script_parser(__doc__, "csv", *RENDERED, "record")
    parser.add_argument("table")
    parser.add_argument("--reading", required=True)
    parser.add_argument("--readings", type=json.loads, default={}, help="experiment -> another reading")
    parser.add_argument("--inputs", type=Path, nargs="*", required=True, help="measures or counts")
    arguments = parser.parse_args()
    name, reading = arguments.table, arguments.reading
    outputs = [arguments.csv, *(getattr(arguments, form) for form in RENDERED)]
    with recorded("compare", arguments.record, arguments.inputs, outputs) as record:
        paper, _ = find_table(name)
        frame, foot, claims = compare(paper, name, arguments.inputs, reading, arguments.readings)
        write_csv(frame, arguments.csv)
        shape = layout(paper, name, frame)
        for render, path in zip(RENDERED.values(), outputs[1:], strict=True):
            write_atomically(path, render(shape, foot + claim_sentences(claims)))
        record.about |= {"table": name, "reading": reading, "foot": foot, "claims": claims}


if __name__ == "__main__":
    run_script(main)

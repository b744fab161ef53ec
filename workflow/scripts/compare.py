"""Set a table's measured numbers beside the printed ones: CSV, Markdown, LaTeX and HTML."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.papers import find_table
from encore.script import run_script
from encore.tables.build import write_csv
from encore.tables.compare import claim_sentences, compare
from encore.tables.render import html, latex, markdown


def main() -> None:
    """Read the arguments and write one table in all its forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("--reading", required=True)
    parser.add_argument("--inputs", type=Path, nargs="*", required=True, help="measures or counts")
    for form in ("csv", "md", "tex", "html", "record"):
        parser.add_argument(f"--{form}", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    paper, _ = find_table(arguments.table)
    frame, foot, claims = compare(paper, arguments.table, arguments.inputs, arguments.reading)
    write_csv(frame, arguments.csv)
    for render, path in ((markdown, arguments.md), (latex, arguments.tex), (html, arguments.html)):
        write_atomically(path, render(paper, arguments.table, frame, foot + claim_sentences(claims)))
    write_record(
        arguments.record,
        rule="compare",
        started=started,
        inputs=arguments.inputs,
        outputs=[arguments.csv, arguments.md, arguments.tex, arguments.html],
        about={"table": arguments.table, "reading": arguments.reading, "foot": foot, "claims": claims},
    )


if __name__ == "__main__":
    run_script(main)

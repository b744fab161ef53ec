"""The report's files: an index, a page a table, and all of it in a zip to hand on."""

import re
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

from encore.audit.trail import Trail, read_trail
from encore.audit.verify import notes, verify
from encore.files import write_atomically, zip_entry
from encore.papers.layout import RESULTS
from encore.report.content import Report, read_report
from encore.report.pages import render_cells, render_index

PAGES = RESULTS / "report"
RECORD = PAGES / "report.json"
INDEX = RESULTS / "index.html"
ARCHIVE = RESULTS / "report.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip knows; its files have one time, whenever it is made
# What `verify` says of an earlier report, which is about to be written again.
OF_REPORT = r"results/(report/|index\.html|report\.zip|logs/report/)\S*"
EARLIER = re.compile(rf"{OF_REPORT} (has changed|is missing|has no record)|\S+ does not list {OF_REPORT}")


def write_report(config: Mapping[str, object]) -> tuple[list[Path], list[Path]]:
    """Write the report of the results in the present folder; gives the files that it shows, and its own.

    config: with its defaults. Same results, same bytes: no page says when it was written, and none speaks of
    an earlier report. Pages of tables that are gone are removed.
    """
    trail = without_report(read_trail())
    faults = _faults(Path(config["data_dir"])) if trail.records else []
    report = read_report(trail, config, faults, notes(trail))
    pages = {PAGES / f"{table.name}.html": render_cells(trail, table) for table in report.tables}
    pages[INDEX] = render_index(report)
    for path, page in pages.items():
        write_atomically(path, page)
    shown = shown_files(report)
    write_atomically(ARCHIVE, _packed([*pages, *shown]))
    for path in PAGES.glob("*.html"):
        if path not in pages:
            path.unlink()
    return [path for path in shown if path.as_posix() in trail.made_by], [*pages, ARCHIVE]


def without_report(trail: Trail) -> Trail:
    """All records but that of an earlier report, and all results but its pages."""
    records = {name: record for name, record in trail.records.items() if record["rule"] != "report"}
    made_by = {name: record for name, record in trail.made_by.items() if record in records}
    return Trail(trail.root, records, made_by)


def shown_files(report: Report) -> list[Path]:
    """The tables and figures that the index leads to, in all their forms, with their records."""
    return [Path(name) for shown in (*report.tables, *report.figures) for name in shown.files]


def _faults(data_dir: Path) -> list[str]:
    """What `verify` finds, but for what it says of an earlier report."""
    return [fault for fault in verify(data_dir) if not EARLIER.match(fault)]


def _packed(paths: Iterable[Path]) -> bytes:
    """Files in a zip, laid out as in results; the same files give the same bytes."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(paths):
            archive.writestr(zip_entry(path.relative_to(RESULTS).as_posix(), EPOCH), path.read_bytes())
    return stream.getvalue()

"""results/audit: every number's trail back to the raw files, and checksums of everything.

No result is read again for it: SHA256SUMS holds what the records say, so that to write the audit anew does
not bless a result that was changed since. A log has no record; its checksum stays as first written while the
record of its job is the same.
"""

import csv
import importlib.metadata
import json
import math
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from encore.audit.records import LOCK, RecordError
from encore.audit.scrub import scrub
from encore.audit.trail import CellOfTable, Trail, cells_of_table, read_trail
from encore.datasets.inventory import RawFile, locate, read_inventory
from encore.digest import file_digest
from encore.files import write_atomically
from encore.papers.find import find_table
from encore.papers.layout import RESULTS, log_of
from encore.strict import ConfigError

AUDIT = RESULTS / "audit"
SUMS = AUDIT / "SHA256SUMS"
LEFT_OUT = AUDIT / "LEFT_OUT"  # of an export: the files that it does not hold, as in SHA256SUMS
DOCUMENTS = ("manifest.json", "environments.json", "environment.txt", "config.json", "lock.txt")


def inventories(trail: Trail) -> Iterator[tuple[str, list[RawFile]]]:
    """The name and the files of every inventory that is there; a RecordError for one that can not be read."""
    for name, record in sorted(trail.made_by.items()):
        if trail.records[record]["rule"] == "download" and (trail.root / name).is_file():
            try:
                yield name, read_inventory(trail.root / name)
            except (ValueError, csv.Error) as error:
                raise RecordError(f"{name} is no inventory of raw files: {error}.") from None


def raw_files(trail: Trail, data_dir: Path) -> dict[Path, tuple[str, str]]:
    """Raw file -> (its SHA-256, who says so), for all that results were made from."""
    raw = {
        locate(file.path, data_dir): (file.sha256, inventory)
        for inventory, files in inventories(trail)
        for file in files
    }
    for record in trail.records.values():
        if record["rule"] == "weights":
            raw[data_dir / record["raw"]["path"]] = (record["raw"]["sha256"], next(iter(record["outputs"])))
    return raw


# --- the manifest ------------------------------------------------------------------------------------


def manifest(trail: Trail) -> dict[str, object]:
    """Every cell of every table and every figure, with the names of all files behind it, and those files.

    `chain` names files nearest first; `files` says of each its SHA-256 and which record describes it;
    `records` says of each by which code and settings, on which device and in which of environments.json it
    was made.
    """
    environments = _environments(trail)
    return {
        "schema": 2,
        "tables": {
            Path(name).stem: {"record": name, "cells": _cells(trail, Path(name).stem)}
            for name, record in trail.records.items()
            if record["rule"] == "compare"
        },
        "figures": {
            Path(name).stem: {"record": name, "chain": trail.chain(*record["inputs"])}
            for name, record in trail.records.items()
            if record["rule"] == "plot"
        },
        "files": {
            name: {"sha256": trail.records[record]["outputs"][name]["sha256"], "record": record}
            for name, record in sorted(trail.made_by.items())
        },
        "raw": {
            file.path: {"sha256": file.sha256, "inventory": inventory}
            for inventory, files in inventories(trail)
            for file in files
        },
        "records": {name: _about(trail, name, environments) for name in sorted(trail.records)},
    }


def _cells(trail: Trail, table: str) -> list[dict[str, object]]:
    """The cells of a table that our runs or counts stand behind."""
    try:
        find_table(table)
        cells = cells_of_table(trail, table)
    except (ConfigError, FileNotFoundError):  # of a paper that is no more; of a table that was removed
        return []
    return [_cell(trail, cell) for cell in cells if cell.files]


def _cell(trail: Trail, cell: CellOfTable) -> dict[str, object]:
    numbers = {key: cell.row[key] for key in ("reproduced", "sd", "n")}
    return {
        **dict(zip(("dataset", "method", "subset"), cell.place, strict=True)),
        "metric": cell.row["metric"],
        "published": cell.row["published"],
        **{key: None if math.isnan(value) else value for key, value in numbers.items()},
        "verdict": cell.row["verdict"],
        "measures": cell.measures or None,
        "runs": [
            {
                "unit": run.unit,
                "seed": run.seed,
                "value": None if math.isnan(run.value) else run.value,
                "chain": trail.chain(*run.results),
            }
            for run in cell.runs
        ],
        **({} if cell.runs else {"chain": trail.chain(*cell.files)}),
    }


def _about(trail: Trail, name: str, environments: list[str]) -> dict[str, object]:
    """What the manifest says of one record."""
    record = trail.records[name]
    rule = record["rule"]
    about = {"rule": rule, "sha256": file_digest(trail.root / name), "log": log_of(name, rule)}
    about |= {key: record[key] for key in ("code_digest", "settings_digest") if key in record}
    if "device" in record:
        about["device"] = record["device"]["device"]
    return about | {
        "commit": record["source"]["commit"],
        "uncommitted_changes": record["source"]["dirty"],
        "environment": environments.index(_canonical(record["environment"])),
    }


def _canonical(environment: Mapping) -> str:
    return json.dumps(environment, sort_keys=True)


def _environments(trail: Trail) -> list[str]:
    """The environments of all records, each once, as canonical JSON."""
    return sorted({_canonical(record["environment"]) for record in trail.records.values()})


# --- checksums ---------------------------------------------------------------------------------------


def covered(trail: Trail) -> set[str]:
    """The names of all files that SHA256SUMS speaks of: results, records, their logs, and the audit's own."""
    logs = {log_of(name, record["rule"]) for name, record in trail.records.items()}
    absent = {name for name in left_out(trail.root) if not (trail.root / name).is_file()}
    return {
        *(trail.made_by.keys() - absent),
        *trail.records,
        *(log for log in logs if (trail.root / log).is_file()),
        *((AUDIT / name).as_posix() for name in DOCUMENTS if (trail.root / AUDIT / name).is_file()),
    }


def read_sums(path: Path) -> dict[str, str]:
    """File -> SHA-256 from a file in sha256sum's format; a line that is none has its own text as the name."""
    sums = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        sums[name or line] = digest
    return sums


def left_out(root: Path = Path()) -> set[str]:
    """The names of the files that an export does not hold; none where `root` is no export."""
    return set(read_sums(root / LEFT_OUT)) if (root / LEFT_OUT).is_file() else set()


def checksums(trail: Trail, earlier: Mapping[str, str]) -> dict[str, str]:
    """File -> SHA-256 of everything that `covered` names. earlier: what the SHA256SUMS before said."""
    logs = {log_of(name, record["rule"]): name for name, record in trail.records.items()}
    sums = {}
    for name in covered(trail):
        if name in trail.made_by:
            sums[name] = str(trail.records[trail.made_by[name]]["outputs"][name]["sha256"])
            continue
        record = logs.get(name)
        same_job = record in earlier and earlier[record] == file_digest(trail.root / record)
        sums[name] = earlier[name] if same_job and name in earlier else file_digest(trail.root / name)
    return dict(sorted(sums.items()))


# --- writing -----------------------------------------------------------------------------------------


def _environment() -> str:
    """What is installed here, a package a line."""
    packages = {f"{found.metadata['Name']}=={found.version}" for found in importlib.metadata.distributions()}
    about = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return "\n".join([f"# {about}", *sorted(packages, key=str.lower)]) + "\n"


def write_audit(config: Mapping[str, object]) -> int:
    """Write results/audit for the records of the present folder; gives the number of files that are covered.

    config: the configuration as Snakemake resolved it.
    """
    trail = read_trail()
    documents = {
        "manifest.json": json.dumps(manifest(trail), indent=1, ensure_ascii=False) + "\n",
        "environments.json": json.dumps(list(map(json.loads, _environments(trail))), indent=1) + "\n",
        "environment.txt": _environment(),
        "config.json": json.dumps(scrub(config), indent=1, ensure_ascii=False) + "\n",
        "lock.txt": LOCK.read_text(encoding="utf-8"),
    }
    for name in DOCUMENTS:
        write_atomically(AUDIT / name, documents[name])
    sums = checksums(trail, read_sums(SUMS) if SUMS.is_file() else {})
    write_atomically(SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    return len(sums)

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
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from encore.audit.records import LOCK, RecordError
from encore.audit.scrub import scrub
from encore.audit.trail import CellOfTable, Trail, cells_of_table, read_trail
from encore.datasets.inventory import RawFile, locate, read_inventory
from encore.digest import file_digest
from encore.files import write_atomically
from encore.papers.find import find_table
from encore.papers.layout import RESULTS, is_result, log_of
from encore.strict import ConfigError

AUDIT = RESULTS / "audit"
SUMS = AUDIT / "SHA256SUMS"
# Of an export, as in SHA256SUMS: the files that it does not hold, and the inventories of such raw files.
LEFT_OUT = AUDIT / "LEFT_OUT"
NOT_EXPORTED = ("model.safetensors", "statistics.safetensors")
HINT = "`snakemake -c1 audit` writes it again, from the records as they are"
DOCUMENTS = ("manifest.json", "environments.json", "environment.txt", "config.json", "lock.txt")


def inventories(trail: Trail) -> Iterator[tuple[str, list[RawFile]]]:
    """The name and the files of every inventory that is there; a RecordError for one that cannot be read."""
    for name, record in sorted(trail.made_by.items()):
        if trail.records[record]["rule"] == "download" and (trail.root / name).is_file():
            yield name, inventory_of(trail, name)


def inventory_of(trail: Trail, name: str) -> list[RawFile]:
    """The files of one inventory; a RecordError where it cannot be read or names files outside data_dir."""
    try:
        files = read_inventory(trail.root / name)
        for file in files:
            if Path(file.path).is_absolute() or ".." in Path(file.path).parts:
                raise ValueError(f"it names {file.path!r}, which lies outside the folder of raw files")
    except TypeError:
        raise RecordError(f"{name} is no inventory of raw files: one of its rows is cut off.") from None
    except (ValueError, csv.Error) as error:
        raise RecordError(f"{name} is no inventory of raw files: {error}.") from None
    return files


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
    absent = {name for name in left_out(trail) if not (trail.root / name).is_file()}
    return {
        *(trail.made_by.keys() - absent),
        *trail.records,
        *(log for log in logs if (trail.root / log).is_file()),
        *((AUDIT / name).as_posix() for name in DOCUMENTS if (trail.root / AUDIT / name).is_file()),
    }


def read_sums(path: Path) -> dict[str, str]:
    """File -> SHA-256 from a file in sha256sum's format; a RecordError for the first line that is none."""
    sums, faults = parse_sums(path)
    if faults:
        raise RecordError(faults[0])
    return sums


def parse_sums(path: Path) -> tuple[dict[str, str], list[str]]:
    """File -> SHA-256 from a file in sha256sum's format, and a sentence for every line that is none.

    A name must lie below results, without detours, and stand once: what else stands there is not read.
    """
    sums, faults = {}, []
    if not path.is_file():
        return {}, [f"{path} is no file; remove it: {HINT}."]
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        return {}, [f"{path} has changed: it cannot be read ({error.strerror})."]
    for number, line in enumerate(lines, start=1):
        if not line and number == len(lines):
            continue
        digest, name, fault = _parsed(line)
        if name in sums:
            fault = f"names {name} a second time"
        if fault:
            faults.append(f"{path} has changed: line {number} {fault}.")
        else:
            sums[name] = digest
    return sums, faults


def _parsed(line: bytes) -> tuple[str, str, str]:
    """Digest and name of a line of checksums, and what is wrong with it; "" where nothing is."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "", "", "is not UTF-8"
    found = re.fullmatch("([0-9a-f]{64})  (.+)", text)
    if found is None:
        return "", "", f"is no checksum: {text[:80]!r}"
    digest, name = found.groups()
    return digest, name, "" if is_result(name) else f"names {name!r}, which is no file below {RESULTS}"


def not_exported(trail: Trail) -> dict[str, str]:
    """Name -> SHA-256 of the results that an export does not hold: models, statistics of features, and
    pretrained weights. What a table needs of them stands in smaller files.
    """
    return {
        name: trail.records[record]["outputs"][name]["sha256"]
        for name, record in sorted(trail.made_by.items())
        if trail.records[record]["rule"] == "weights" or Path(name).name in NOT_EXPORTED
    }


def raw_not_exported(trail: Trail) -> dict[str, str]:
    """Name -> SHA-256 of the inventories, whose raw files an export does not hold."""
    return {
        name: trail.records[record]["outputs"][name]["sha256"]
        for name, record in sorted(trail.made_by.items())
        if trail.records[record]["rule"] == "download"
    }


def left_out(trail: Trail) -> set[str]:
    """The names of the files that this export does not hold; none where it is no export.

    Whatever LEFT_OUT says, they are among those that an export leaves out.
    """
    return _said_to_lack(trail, not_exported(trail))


def raw_left_out(trail: Trail) -> set[str]:
    """The inventories and weights whose raw files this export does not hold; none where it is no export."""
    return _said_to_lack(trail, not_exported(trail) | raw_not_exported(trail))


def _said_to_lack(trail: Trail, may: Mapping[str, str]) -> set[str]:
    if not (trail.root / LEFT_OUT).is_file():
        return set()
    listed = parse_sums(trail.root / LEFT_OUT)[0]
    return {name for name, digest in listed.items() if may.get(name) == digest}


def faults_of_left_out(trail: Trail) -> Iterator[str]:
    """A sentence for every line of LEFT_OUT that is none, and every name that no export leaves out."""
    if not (trail.root / LEFT_OUT).is_file():
        return
    listed, faults = parse_sums(trail.root / LEFT_OUT)
    yield from faults
    may = not_exported(trail) | raw_not_exported(trail)
    for name, digest in listed.items():
        if name not in may:
            yield f"{LEFT_OUT} has changed: it names {name}, which no export leaves out."
        elif may[name] != digest:
            yield (
                f"{LEFT_OUT} has changed: it says {digest[:12]}… of {name}, "
                f"{trail.made_by[name]} recorded {may[name][:12]}…."
            )


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
    sums = checksums(trail, parse_sums(SUMS)[0] if SUMS.is_file() else {})
    write_atomically(SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    return len(sums)

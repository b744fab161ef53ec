"""The trail of every number: cell -> scores -> model -> split -> raw file, from the records alone.

No file is read again for it: SHA256SUMS holds what the records say, so that to write the audit anew does
not bless a file that was changed since.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from encore.audit.records import fact, read_record
from encore.datasets.download import locate, read_inventory
from encore.files import write_atomically
from encore.papers import find_table
from encore.strict import ConfigError

RESULTS = Path("results")
AUDIT = RESULTS / "audit"
NOT_RESULTS = ("audit", "logs", "reference")


def records() -> dict[Path, dict]:
    """Every record under results, by its path; a RecordError for a file that is none."""
    found = {}
    for path in sorted(RESULTS.rglob("*.json")):
        if path.relative_to(RESULTS).parts[0] not in NOT_RESULTS and not path.name.startswith("."):
            found[path] = read_record(path)
    return found


def checksums(found: Mapping[Path, dict]) -> dict[str, str]:
    """Path -> SHA-256 of every recorded output, and of the records themselves."""
    sums = {}
    for path, record in found.items():
        sums[path.as_posix()] = fact(path)["sha256"]
        sums |= {name: str(about["sha256"]) for name, about in record["outputs"].items()}
    return dict(sorted(sums.items()))


def manifest(found: Mapping[Path, dict]) -> dict[str, object]:
    """The chain of every measured cell of every table, and what each figure was drawn from."""
    made_by = {name: path.as_posix() for path, record in found.items() for name in record["outputs"]}
    tables, figures = {}, {}
    for path, record in found.items():
        if record["rule"] == "compare":
            tables[path.stem] = {
                "record": path.as_posix(),
                "cells": list(_cells(path.stem, record, found, made_by)),
            }
        elif record["rule"] == "plot":
            figures[path.stem] = {"record": path.as_posix(), "inputs": record["inputs"]}
    return {"schema": 1, "tables": tables, "figures": figures}


def _cells(
    table: str, record: Mapping, found: Mapping[Path, dict], made_by: Mapping[str, str]
) -> Iterator[dict]:
    """One entry a run behind a table: the dataset, method and unit it stands for, and its chain of files."""
    try:
        _, entry = find_table(table)
    except ConfigError:
        return
    cells = {cell["experiment"]: cell for cell in entry["cells"]}
    for measures in record["inputs"]:
        of_measures = found.get(Path(made_by.get(measures, "")))
        for scores in () if of_measures is None else of_measures["inputs"]:
            if not scores.endswith("scores.csv"):
                continue
            score = found.get(Path(made_by.get(scores, "")))
            if score is None:
                continue
            cell = cells.get(score["experiment"], {})
            yield {
                "dataset": cell.get("dataset"),
                "method": cell.get("method"),
                "unit": score["unit"],
                "seed": score["seed"],
                "measures": measures,
                "chain": _chain(scores, found, made_by),
            }


def _chain(name: str, found: Mapping[Path, dict], made_by: Mapping[str, str]) -> list[dict[str, object]]:
    """A result and all that it was made from, back to the inventory of the raw files."""
    chain, pending = [], [name]
    while pending:
        current = pending.pop(0)
        if any(link["file"] == current for link in chain) or current not in made_by:
            continue
        record = found[Path(made_by[current])]
        link = {"file": current, "sha256": record["outputs"][current]["sha256"], "record": made_by[current]}
        for key in ("code_digest", "settings_digest"):
            if key in record:
                link[key] = record[key]
        chain.append(link)
        pending += list(record["inputs"])
    return chain


def raw_files(found: Mapping[Path, dict], data_dir: Path) -> dict[Path, tuple[str, str]]:
    """Raw file -> (its SHA-256, the inventory that says so), for all that results were made from."""
    raw = {}
    for record in found.values():
        if record["rule"] == "download":
            for inventory in record["outputs"]:
                if Path(inventory).is_file():
                    for file in read_inventory(Path(inventory)):
                        raw[locate(file.path, data_dir)] = (file.sha256, inventory)
        elif record["rule"] == "weights":
            raw[data_dir / record["raw"]["path"]] = (record["raw"]["sha256"], next(iter(record["outputs"])))
    return raw


def write_audit() -> int:
    """Write manifest.json, SHA256SUMS and environments.json; gives the number of files that are covered."""
    found = records()
    sums = checksums(found)
    environments = {json.dumps(record["environment"], sort_keys=True) for record in found.values()}
    documents = {
        "manifest.json": json.dumps(manifest(found), indent=1, ensure_ascii=False) + "\n",
        "environments.json": json.dumps([json.loads(text) for text in sorted(environments)], indent=1) + "\n",
        "SHA256SUMS": "".join(f"{digest}  {name}\n" for name, digest in sums.items()),
    }
    for name, text in documents.items():
        write_atomically(AUDIT / name, text)
    return len(sums)

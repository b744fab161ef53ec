"""A Workflow Run RO-Crate: what an export holds and which run made it, for catalogues and other programs.

The profile is Workflow Run Crate 0.5 on RO-Crate 1.1 (https://w3id.org/ro/wfrun/workflow/0.5). It says what
the records say; nothing in it names a person, a machine or a place on one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

import encore
from encore.audit.records import fact
from encore.audit.trail import Trail
from encore.datasets.inventory import RawFile, read_inventory
from encore.files import write_atomically
from encore.papers.read import load_papers

METADATA = "ro-crate-metadata.json"
WORKFLOW = "Snakefile"
VERSION = "1.1"  # of RO-Crate, on which version 0.5 of the profiles is built
RUN_TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # where `sha256` is a term
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
LICENCE = "https://spdx.org/licenses/Apache-2.0"
FORMATS = {
    "": "text/plain",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".png": "image/png",
    ".py": "text/x-python",
    ".rst": "text/x-rst",
    ".safetensors": "application/octet-stream",
    ".smk": "text/plain",
    ".tex": "application/x-tex",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}  # of other files it is not said


def write_crate(root: Path, trail: Trail) -> None:
    """Write `root`/ro-crate-metadata.json, which describes the files under `root` and the run of `trail`."""
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_contexts.append(RUN_TERMS)
    workflow = crate.add_workflow(
        dest_path=WORKFLOW,
        properties=_about(root, trail, WORKFLOW) | {"name": "Encore", "version": encore.__version__},
        main=True,
        lang="snakemake",
        lang_version=_snakemake(trail),
    )
    for name in _files(root):
        crate.add_file(dest_path=name, properties=_about(root, trail, name))
    if (readme := crate.get("README.md")) is not None:
        readme["about"] = crate.root_dataset
    _describe(crate, trail)
    _add_run(crate, workflow, trail)
    document = crate.metadata.generate()
    write_atomically(root / METADATA, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _describe(crate: ROCrate, trail: Trail) -> None:
    """What the whole is, under which licence, by which profiles."""
    names = {record["paper"] for record in trail.records.values() if "paper" in record}
    titles = [paper.about["title"] for name, paper in sorted(load_papers().items()) if name in names]
    crate.name = "Results of Encore"
    crate.description = (
        "Tables and figures of papers that were reproduced, the scores that they were computed from, a "
        f"record beside every result, and the workflow. Papers: {'; '.join(titles) or 'none'}."
    )
    crate.datePublished = _times(trail)[1]  # in place of the day on which it is written
    crate.license = _add(crate, LICENCE, "CreativeWork", name="Apache License 2.0", identifier="Apache-2.0")
    crate.root_dataset["conformsTo"] = [
        _add(crate, profile, "CreativeWork", name=name, version=version)
        for profile, (name, version) in PROFILES.items()
    ]


def _about(root: Path, trail: Trail, name: str) -> dict[str, str]:
    """Size, SHA-256 and format of a file under `root`, as its record says where it has one."""
    record = trail.record_of(name)
    known = record["outputs"][name] if record else fact(root / name)
    about = {"contentSize": str(known["bytes"]), "sha256": str(known["sha256"])}
    suffix = Path(name).suffix
    return about | ({"encodingFormat": FORMATS[suffix]} if suffix in FORMATS else {})


def _files(root: Path) -> list[str]:
    """The files under `root` by their names relative to it, but for the workflow and the crate itself."""
    inside = sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
    hidden = {path for path in inside if any(part.startswith(".") for part in path.parts)}
    return [path.as_posix() for path in inside if path not in hidden | {Path(METADATA), Path(WORKFLOW)}]


def _add_run(crate: ROCrate, workflow: ContextEntity, trail: Trail) -> None:
    """The run as one action: from the raw files, which the crate does not hold, to the tables and figures."""
    started, ended = _times(trail)
    raw = [
        _add(
            crate,
            f"#raw/{quote(file.path)}",
            "CreativeWork",
            name=file.path,
            contentSize=str(file.bytes),
            sha256=file.sha256,
            **_described_by(crate, names),
        )
        for file, names in _raw_files(trail)
    ]
    results = [
        crate.get(quote(name))
        for record in trail.records.values()
        if record["rule"] in ("compare", "plot")
        for name in record["outputs"]
    ]
    crate.root_dataset["mentions"] = _add(
        crate,
        "#run",
        "CreateAction",
        name="Run of Encore",
        description="From raw files to tables and figures: data sets, splits, trainings, scores, measures.",
        instrument=workflow,
        startTime=started,
        endTime=ended,
        object=raw,
        result=results,
    )


def _described_by(crate: ROCrate, names: Iterable[str]) -> dict[str, list[ContextEntity]]:
    """The property of a raw file that leads to what describes it, as far as that is in the crate."""
    there = [crate.get(quote(name)) for name in names if quote(name) in crate]
    return {"subjectOf": there} if there else {}


def _add(crate: ROCrate, name_in_crate: str, kind: str, **properties: object) -> ContextEntity:
    """Add an entity that is no file; a list of one is written as that one, as RO-Crate asks for."""
    single = {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in properties.items()
    }
    return crate.add(ContextEntity(crate, name_in_crate, properties={"@type": kind, **single}))


def _raw_files(trail: Trail) -> Iterable[tuple[RawFile, list[str]]]:
    """Every raw file once, and what describes it: the inventories of its datasets, or its weights' record."""
    found: dict[str, tuple[RawFile, list[str]]] = {}
    for name, record in trail.records.items():
        if record["rule"] == "download":
            for inventory in record["outputs"]:
                for file in read_inventory(trail.root / inventory):
                    found.setdefault(file.path, (file, []))[1].append(inventory)
        elif record["rule"] == "weights":
            file = RawFile(**record["raw"])
            found.setdefault(file.path, (file, []))[1].append(name)
    return found.values()


def _times(trail: Trail) -> tuple[str, str]:
    """When the first job of all began and the last one ended, by the records."""
    runs = [record["run"] for record in trail.records.values()]
    starts = [datetime.strptime(run["started"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) for run in runs]
    ends = [start + timedelta(seconds=run["seconds"]) for start, run in zip(starts, runs, strict=True)]
    return min(starts).isoformat(timespec="seconds"), max(ends).isoformat(timespec="seconds")


def _snakemake(trail: Trail) -> str | None:
    """The version of Snakemake in the records' environments; several where they differ."""
    found: Iterator[Mapping] = (record["environment"]["libraries"] for record in trail.records.values())
    return ", ".join(sorted({version for one in found if (version := one.get("snakemake"))})) or None

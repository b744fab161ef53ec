"""Recompute every checksum and name what no longer holds, in the order of the flow, and what rests on it."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from encore.audit.manifest import AUDIT, LEFT_OUT, SUMS, covered, left_out, raw_files, read_sums
from encore.audit.records import LOCK, RecordError
from encore.audit.trail import Trail, read_trail
from encore.digest import file_digest
from encore.papers.find import results_named
from encore.papers.layout import CHECKPOINT, FOLDERS, MAIN, RESULTS, log_of
from encore.papers.present import staleness

FLOW = ("raw", *FOLDERS, "audit")
HINT = "`snakemake -c1 audit` writes it again, from the records as they are"


def verify(data_dir: Path, target: str | None = None) -> list[str]:
    """A sentence for every file that is changed, missing or without a record, and for what is stale.

    They stand in the order of the flow, so that the first is the first broken link; none where all holds.
    Every file is read once. Raw files are looked for in `data_dir`; in an export, they and what it leaves out
    may be missing. target: only what a paper, target, table or figure rests on; a ConfigError if it is none.
    """
    check = _checker()
    faults = _against_sums(check)
    changed = [name for name in faults if _is_record(name) and Path(name).is_file()]
    try:
        if changed:
            raise RecordError(f"{changed[0]} is no witness any more: nothing was checked against records.")
        trail = read_trail()
    except RecordError as error:
        return [*_in_order(faults), str(error)]
    if not trail.records:
        return [f"{RESULTS} holds no record: nothing has been run here, or this is another folder."]
    names = None if target is None else _behind(trail, target)
    if names is not None and not names:
        return [f"nothing of {target} has been made here."]
    faults = dict(_unlisted(trail)) | faults | _against_records(trail, check)
    if names is not None:
        faults = {name: fault for name, fault in faults.items() if name in names}
    faults |= _raw_faults(trail, data_dir, names, check)
    return [*_in_order(faults), *_stale(trail, names)]


def _behind(trail: Trail, target: str) -> set[str]:
    """All results behind a target, their records, and the logs of their jobs."""
    results = [f"{RESULTS}/{name}" for name in results_named(target)]
    chain = trail.chain(*(name for name in results if name in trail.made_by))
    records = {trail.made_by[name] for name in chain if name in trail.made_by}
    return {*chain, *records, *(log_of(name, trail.records[name]["rule"]) for name in records)}


Check = Callable[[str, str, str], str | None]  # a file, the SHA-256 it should have, who says so -> its fault


def _checker() -> Check:
    """Checks files against what is said of them, and reads each file once."""
    digest_of = functools.cache(file_digest)

    def check(name: str, claimed: str, by: str) -> str | None:
        if not Path(name).is_file():
            return f"{name} is missing; {by} says it was there."
        digest = digest_of(Path(name))
        if digest == claimed:
            return None
        return f"{name} has changed: its SHA-256 is {digest[:12]}…, {by} recorded {claimed[:12]}…."

    return check


def _is_record(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(AUDIT.as_posix())


def _against_sums(check: Check) -> dict[str, str]:
    """File -> its fault, by SHA256SUMS alone."""
    if not SUMS.is_file():
        return {}
    faults = {}
    for name, digest in read_sums(SUMS).items():
        if not re.fullmatch("[0-9a-f]{64}", digest):
            faults[SUMS.as_posix()] = f"{SUMS} has changed: it has a line {name!r}, which is no checksum."
        elif fault := check(name, digest, SUMS.as_posix()):
            faults[name] = fault
    return faults


def _against_records(trail: Trail, check: Check) -> dict[str, str]:
    """File -> its fault, by the records' outputs and inputs."""
    may_lack, faults = left_out(), {}
    for path, record in trail.records.items():
        inputs = {} if record["rule"] == "report" else record["inputs"]  # of whatever was there at its time
        for name, about in (*inputs.items(), *record["outputs"].items()):
            lacking = name in may_lack and not Path(name).is_file()
            if not lacking and (fault := check(name, about["sha256"], path)):
                faults[name] = fault + _resting(trail, name)
    return faults


def _raw_faults(trail: Trail, data_dir: Path, names: set[str] | None, check: Check) -> dict[str, str]:
    """raw/ and a raw file -> its fault, for the files of `names`; an export may lack them."""
    try:
        raw = raw_files(trail, data_dir)
    except RecordError as error:
        return {"raw/": str(error)}
    faults = {}
    for path, (digest, inventory) in raw.items():
        wanted = names is None or inventory in names
        lacking = LEFT_OUT.is_file() and not path.is_file()
        if wanted and not lacking and (fault := check(path.as_posix(), digest, inventory)):
            faults[f"raw/{path}"] = fault + _resting(trail, inventory)
    return faults


def _resting(trail: Trail, name: str) -> str:
    """The tables and figures that were made from a file, as the end of its fault's sentence."""
    shown = {
        Path(path).stem
        for path, record in trail.records.items()
        if record["rule"] in ("compare", "plot") and name in trail.chain(*record["inputs"])
    }
    if not shown:
        return ""
    several = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return f" On it rest: {', '.join(sorted(shown)[:3])}{several}."


def _unlisted(trail: Trail) -> Iterator[tuple[str, str]]:
    """Results that no record speaks of, and what SHA256SUMS does not list; checkpoints are no results."""
    if not SUMS.is_file():
        yield SUMS.as_posix(), f"{SUMS} is missing: nothing vouches for the records; {HINT}."
    else:
        for name in sorted(covered(trail) - read_sums(SUMS).keys()):
            yield SUMS.as_posix(), f"{SUMS} does not list {name}; {HINT}."
    known = {*trail.made_by, *trail.records}
    for folder in FLOW[1:-1]:
        for path in sorted((RESULTS / folder).rglob("*")):
            hidden = path.name.startswith(".") or path.name == CHECKPOINT
            name = path.as_posix()
            if path.is_file() and not hidden and name not in known:
                yield name, f"{name} has no record: it was put there by hand, or its record was removed."


def _stale(trail: Trail, names: set[str] | None) -> Iterator[str]:
    """What the present code and settings would make otherwise, a sentence an experiment."""
    found: dict[tuple[str, str, str], int] = {}
    for path, record in trail.records.items():
        if record["rule"] in MAIN and (names is None or path in names) and (how := staleness(record)):
            key = (record["experiment"], record["rule"], how)
            found[key] = found.get(key, 0) + 1
    done = {"train": "trained", "score": "scored", "judge": "judged"}
    for (experiment, rule, how), count in found.items():
        yield f"{experiment}: {count} runs were {done[rule]} {how}; their cells are stale."


def _in_order(faults: Mapping[str, str]) -> list[str]:
    return [faults[name] for name in sorted(faults, key=_place)]


def _place(name: str) -> tuple[int, str]:
    folder = "raw" if name.startswith("raw/") else Path(name).parts[1] if len(Path(name).parts) > 1 else ""
    return (FLOW.index(folder) if folder in FLOW else len(FLOW), name)


def notes(trail: Trail) -> list[str]:
    """What a reader should know though nothing is broken: divergence, uncommitted code, locks, devices."""
    records = trail.records.values()
    said = [record["diverged"] for record in records if record["rule"] == "train" and "diverged" in record]
    if any(record["source"]["dirty"] for record in records):
        said.append("some results were made from a working tree with uncommitted changes.")
    locks = {record["environment"]["lock_sha256"] for record in records}
    if LOCK.is_file() and locks - {file_digest(LOCK)}:
        said.append("some results were made with another envs/lock.txt than the one here.")
    devices = {record["device"]["device"] for record in records if record["rule"] == "train"}
    if len(devices) > 1:
        said.append(f"trainings ran on {len(devices)} kinds of device: {', '.join(sorted(devices))}.")
    if LEFT_OUT.is_file():
        said.append(f"this is an export: {len(left_out())} files that it leaves out could not be checked.")
    older = [
        name
        for path, record in trail.records.items()
        if record["rule"] == "report"
        for name, about in record["inputs"].items()
        if (found := trail.record_of(name)) is None or found["outputs"][name] != about
    ]
    if older:
        said.append("results/index.html is older than what it shows; `snakemake -c1 report` writes it again.")
    return said

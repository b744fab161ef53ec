"""Recompute every checksum and name what no longer holds, in the order of the flow, and what rests on it."""

import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from encore.audit.manifest import (
    AUDIT,
    DOCUMENTS,
    HINT,
    LEFT_OUT,
    SUMS,
    covered,
    faults_of_left_out,
    left_out,
    parse_sums,
    raw_files,
    raw_left_out,
)
from encore.audit.records import LOCK as ENVIRONMENT
from encore.audit.records import RecordError, ended, printable
from encore.audit.trail import Trail, read_trail
from encore.digest import file_digest
from encore.papers.find import results_named
from encore.papers.layout import CHECKPOINT, FOLDERS, LOCK, LOGS, MAIN, NOT_RESULTS, RESULTS, log_of
from encore.papers.present import staleness

FLOW = ("raw", *FOLDERS, "audit")
KEPT = ("README.md", "reference")  # in results, beside what was run
TEMPORARY = re.compile(r"\..+\.\d+\.tmp")  # what `write_atomically` left when it was killed
NO_RECORD = "has no record: it was put there by hand, or its record was removed."
LINK = "is reached by a link; a result is a file of its own: put the file itself there, or remove the link."


def verify(data_dir: Path, target: str | None = None) -> list[str]:
    """A sentence for every file that is changed, missing or without a record, and for what is stale.

    They stand in the order of the flow, so that the first is the first broken link; none where all holds.
    Every file is read once. Raw files are looked for in `data_dir`; in an export, what LEFT_OUT says that it
    lacks may be missing. target: only what a paper, target, table or figure rests on; a ConfigError if it is
    none.
    """
    if target is not None:
        results_named(target)  # a wrong name is said before everything is read
    check = _checker()
    sums, faults = _sums()
    records = {name for name in sums if _is_record(name)}
    faults |= _against_sums(check, {name: sums[name] for name in sorted(records)})
    changed = [name for name in faults if name in records and Path(name).exists()]
    rest = {name: digest for name, digest in sums.items() if name not in records}
    try:
        if changed:
            raise RecordError(f"{changed[0]} is no witness any more: nothing was checked against records.")
        trail = read_trail()
    except RecordError as error:
        return [*_in_order(faults | _against_sums(check, rest)), str(error)]
    if not trail.records:
        return [f"{RESULTS} holds no record: nothing has been run here, or this is another folder."]
    names = None if target is None else _behind(trail, target)
    if names is not None and not names:
        return [f"nothing of {target} has been made here."]
    sizes = {name: trail.record_of(name)["outputs"][name]["bytes"] for name in trail.made_by}
    faults |= _against_sums(check, rest, sizes)
    faults = dict(_unlisted(trail, sums)) | faults | _against_records(trail, check)
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


# A file, the SHA-256 it should have, who says so, and how many bytes, if they are known -> its fault.
Check = Callable[..., str | None]


def _checker() -> Check:
    """Checks files against what is said of them, and reads each file once; none through a link."""
    digest_of, real = functools.cache(file_digest), functools.cache(os.path.realpath)

    def is_own(path: Path) -> bool:
        if path.parts[:1] != RESULTS.parts:  # a raw file, which may lie anywhere
            return True
        inside = path.parent.relative_to(RESULTS)
        return not path.is_symlink() and Path(real(path.parent)) == Path(real(RESULTS), inside)

    def check(name: str, claimed: str, by: str, size: int | None = None) -> str | None:
        path = Path(name)
        try:
            if not is_own(path):
                return f"{name} {LINK}"
            if not path.is_file():
                how = "is no file" if path.exists() else "is missing"
                return f"{name} {how}; {by} says it was there."
            found = path.stat().st_size
            if size is not None and found != size:  # a large file takes long to read
                return f"{name} has changed: it has {found:,} bytes, {by} recorded {size:,}."
            digest = digest_of(path)
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}."
        if digest == claimed:
            return None
        return f"{name} has changed: its SHA-256 is {digest[:12]}…, {by} recorded {claimed[:12]}…."

    return check


def _is_record(name: str) -> bool:
    return name.endswith(".json") and Path(name).parts[1] not in NOT_RESULTS


def _sums() -> tuple[dict[str, str], dict[str, str]]:
    """What SHA256SUMS says, and its own faults."""
    if not SUMS.exists():
        return {}, {}
    sums, faults = parse_sums(SUMS)
    more = f" {len(faults) - 1} more lines of it are wrong." if len(faults) > 1 else ""
    return sums, {SUMS.as_posix(): faults[0] + more} if faults else {}


def _against_sums(
    check: Check, sums: Mapping[str, str], sizes: Mapping[str, int] | None = None
) -> dict[str, str]:
    """File -> its fault, by SHA256SUMS alone; sizes: what records say of them."""
    sizes, faults = sizes or {}, {}
    for name, digest in sums.items():
        if fault := check(name, digest, SUMS.as_posix(), sizes.get(name)):
            faults[name] = fault
    return faults


def _against_records(trail: Trail, check: Check) -> dict[str, str]:
    """File -> its fault, by the records' outputs and inputs."""
    may_lack = left_out(trail)
    faults = {LEFT_OUT.as_posix(): fault for fault in reversed([*faults_of_left_out(trail)])}
    for path, record in trail.records.items():
        inputs = {} if record["rule"] == "report" else record["inputs"]  # of whatever was there at its time
        for name, about in (*inputs.items(), *record["outputs"].items()):
            lacking = name in may_lack and not Path(name).is_file()
            if not lacking and (fault := check(name, about["sha256"], path, about["bytes"])):
                faults[name] = fault + _resting(trail, name)
    return faults


def _raw_faults(trail: Trail, data_dir: Path, names: set[str] | None, check: Check) -> dict[str, str]:
    """raw/ and a raw file -> its fault, for the files of `names`; an export may lack those that it says."""
    try:
        raw = raw_files(trail, data_dir)
    except RecordError as error:
        return {"raw/": str(error)}
    faults, there, may_lack = {}, data_dir.is_dir(), raw_left_out(trail)
    demanded = [path for path, (_, by) in raw.items() if by not in may_lack]
    if not there and any(path.is_relative_to(data_dir) for path in demanded):
        return {
            "raw/": f"{data_dir} is no folder, but {len(raw)} raw files lay there; "
            "--data-dir names the folder where they lie now."
        }
    for path, (digest, inventory) in raw.items():
        wanted = names is None or inventory in names
        lacking = inventory in may_lack and not path.is_file()
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


def _unlisted(trail: Trail, sums: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What SHA256SUMS does not list though it should, and every file that nothing explains."""
    if not SUMS.exists():
        yield SUMS.as_posix(), f"{SUMS} is missing: nothing vouches for the records; {HINT}."
    else:
        for name in sorted(covered(trail) - sums.keys()):
            yield SUMS.as_posix(), f"{SUMS} does not list {name}; {HINT}."
    known = {*trail.made_by, *trail.records}
    for path, fault in sorted(_files()):
        name = path.as_posix()
        if fault:
            yield name, fault
        elif name not in known and not _is_explained(path, name in sums):
            yield (
                name,
                f"{printable(path)} has no record: it was put there by hand, or its record was removed.",
            )


def _files() -> Iterator[tuple[Path, str]]:
    """Every file below results but for what is kept beside them, and what is wrong with it in itself."""
    unread = []
    for folder, folders, files in os.walk(RESULTS, onerror=unread.append):
        here = Path(folder)
        if here == RESULTS:
            folders[:] = [name for name in folders if name not in KEPT]
            files = [name for name in files if name not in KEPT]
        for name in (*folders, *files):
            path = here / name
            if path.is_symlink():
                yield path, f"{printable(path)} {LINK}"
            elif name in files:
                yield path, "" if path.is_file() else f"{printable(path)} is no file; remove it."
    for error in unread:
        yield Path(error.filename), f"{error.filename} cannot be read: {error.strerror}."


def _is_explained(path: Path, listed: bool) -> bool:
    """Whether a file without a record may lie where it does. listed: whether SHA256SUMS speaks of it."""
    folder = path.parts[1] if len(path.parts) > 2 else ""
    if TEMPORARY.fullmatch(path.name) or path in (SUMS, LEFT_OUT, *(AUDIT / name for name in DOCUMENTS)):
        return True
    if folder == LOGS.name:
        return path.suffix == ".log"  # of a job that failed, say
    if folder == "runs":
        return len(path.parts) == 6 and path.name in (CHECKPOINT, LOCK)
    if folder == "datasets":
        return len(path.parts) == 3 and path.name.startswith(".")
    return listed and folder not in FOLDERS


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
    if ENVIRONMENT.is_file() and locks - {file_digest(ENVIRONMENT)}:
        said.append("some results were made with another envs/lock.txt than the one here.")
    devices = {record["device"]["device"] for record in records if record["rule"] == "train"}
    if len(devices) > 1:
        said.append(f"trainings ran on {len(devices)} kinds of device: {', '.join(sorted(devices))}.")
    if LEFT_OUT.is_file():
        count = len(left_out(trail))
        said.append(
            f"this is an export: {count} files that it leaves out could not be checked, nor raw files "
            "that are not here."
        )
    now = datetime.now(UTC)
    if later := [name for name, record in trail.records.items() if ended(record) > now + timedelta(days=1)]:
        said.append(f"{len(later)} records are of the future, such as {later[0]}: a clock was or is wrong.")
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

"""Recompute every checksum and name what no longer holds, in the order of the flow."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from encore.audit.manifest import AUDIT, RESULTS, raw_files, records
from encore.audit.records import LOCK, RecordError
from encore.digest import file_digest

FLOW = ("raw", "datasets", "weights", "splits", "runs", "measures", "tables", "figures", "audit")


def verify(data_dir: Path) -> list[str]:
    """A sentence for every file that is changed, missing, or has no record; empty where all holds.

    Every file is read once. Raw files are looked for in `data_dir`.
    """
    try:
        found = records()
    except RecordError as error:
        return [str(error)]
    if not found:
        return [f"{RESULTS} holds no record: nothing has been run here, or this is another folder."]
    recorded = _recorded(found)
    faults = {name: fault for name, claims in recorded.items() if (fault := _fault(name, claims))}
    for path, (digest, inventory) in raw_files(found, data_dir).items():
        if fault := _fault(path.as_posix(), {digest: inventory}):
            faults[f"raw/{path}"] = fault
    for name in _unrecorded(found):
        faults[name] = f"{name} has no record: it was put there by hand, or its record was removed."
    return [faults[name] for name in sorted(faults, key=_place)]


def _recorded(found: Mapping[Path, dict]) -> dict[str, dict[str, str]]:
    """File -> SHA-256 -> who says so: outputs and inputs of records, and lines of SHA256SUMS."""
    recorded: dict[str, dict[str, str]] = {}
    for path, record in found.items():
        for name, about in (*record["outputs"].items(), *record["inputs"].items()):
            recorded.setdefault(name, {}).setdefault(about["sha256"], path.as_posix())
    sums = AUDIT / "SHA256SUMS"
    if sums.is_file():
        for line in sums.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            recorded.setdefault(name, {}).setdefault(digest, sums.as_posix())
    return recorded


def _fault(name: str, claims: Mapping[str, str]) -> str | None:
    path = Path(name)
    if not path.is_file():
        return f"{name} is missing; {' and '.join(sorted(set(claims.values())))} says it was there."
    digest = file_digest(path)
    wrong = {claimed: by for claimed, by in claims.items() if claimed != digest}
    if not wrong:
        return None
    claimed, by = next(iter(wrong.items()))
    return f"{name} has changed: its SHA-256 is {digest[:12]}…, {by} recorded {claimed[:12]}…."


def _unrecorded(found: Mapping[Path, dict]) -> Iterator[str]:
    """Results that no record speaks of; logs, checkpoints and locks are not results."""
    known = {name for record in found.values() for name in record["outputs"]} | {
        path.as_posix() for path in found
    }
    for folder in FLOW[1:-1]:
        for path in sorted((RESULTS / folder).rglob("*")):
            hidden = path.name.startswith(".") or path.name == "checkpoint.safetensors"
            if path.is_file() and not hidden and path.as_posix() not in known:
                yield path.as_posix()


def _place(name: str) -> tuple[int, str]:
    folder = "raw" if name.startswith("raw/") else Path(name).parts[1] if len(Path(name).parts) > 1 else ""
    return (FLOW.index(folder) if folder in FLOW else len(FLOW), name)


def notes(found: Mapping[Path, dict]) -> list[str]:
    """What a reader should know though nothing is broken: divergence, uncommitted code, locks, devices."""
    said = [
        record["diverged"] for record in found.values() if record["rule"] == "train" and "diverged" in record
    ]
    if any(record["source"]["dirty"] for record in found.values()):
        said.append("some results were made from a working tree with uncommitted changes.")
    locks = {record["environment"]["lock_sha256"] for record in found.values()}
    if LOCK.is_file() and locks != {file_digest(LOCK)}:
        said.append("some results were made with another envs/lock.txt than the one here.")
    devices = {record["device"]["device"] for record in found.values() if record["rule"] == "train"}
    if len(devices) > 1:
        said.append(f"trainings ran on {len(devices)} kinds of device: {', '.join(sorted(devices))}.")
    return said

"""A record beside every result: what it was made from, by which code and settings, where and when.

Times, hosts and processes stand in a part of their own (`run`); all else is the same for the same result.
Records are for others to read: what names a person or opens a door is taken out of them.
"""

import functools
import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from encore.audit.scrub import scrub
from encore.digest import file_digest
from encore.files import write_atomically
from encore.papers import ROOT
from encore.script import UserError

SCHEMA = 1
LIBRARIES = (
    "torch",
    "torchvision",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "pillow",
    "matplotlib",
    "snakemake",
)
LOCK = ROOT / "envs" / "lock.txt"


class RecordError(UserError):
    """A file that should be a record is none."""


def fact(path: Path) -> dict[str, object]:
    """SHA-256 and size of a file."""
    return {"sha256": file_digest(path), "bytes": path.stat().st_size}


def facts(paths: Iterable[Path]) -> dict[str, dict[str, object]]:
    """SHA-256 and size of files by their path, as given: relative to where Snakemake runs."""
    return {Path(path).as_posix(): fact(Path(path)) for path in paths}


def write_record(
    path: Path,
    *,
    rule: str,
    started: float,
    inputs: Iterable[Path],
    outputs: Iterable[Path],
    about: Mapping[str, object] | None = None,
    run: Mapping[str, object] | None = None,
) -> None:
    """Write the record of one result. `about` are the rule's own facts, `run` those of this one execution.

    `started` is `time.time()` at the start. The outputs must be under their final names.
    """
    record = {
        "schema": SCHEMA,
        "rule": rule,
        "command": ["python", *(Path(sys.argv[0]).as_posix(), *sys.argv[1:])],
        "inputs": facts(inputs),
        "outputs": facts(outputs),
        **(about or {}),
        "source": dict(source_state()),
        "environment": dict(environment()),
        "run": {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "seconds": round(time.time() - started, 3),
            "host": socket.gethostname(),
            "slurm_job": os.environ.get("SLURM_JOB_ID"),
            **(run or {}),
        },
    }
    write_atomically(path, json.dumps(scrub(record), indent=2, ensure_ascii=False) + "\n")


PARTS = {"rule": str, "inputs": dict, "outputs": dict, "source": dict, "environment": dict, "run": dict}


def read_record(path: Path) -> dict:
    """A record; a RecordError in one sentence where it is not one."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no JSON, or no UTF-8
        raise RecordError(f"{path} is not a record: {error}.") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RecordError(f"{path} is not a record of schema {SCHEMA}.")
    lacking = [part for part, kind in PARTS.items() if not isinstance(record.get(part), kind)]
    if lacking:
        raise RecordError(f"{path} is not a whole record: it lacks {', '.join(lacking)}.")
    return record


def input_of(record: Mapping, part: str) -> str:
    """The one input of a run's record that has `part` in its name."""
    (name,) = (name for name in record["inputs"] if part in name)
    return name


MODEL = "/model.safetensors"


def model_of(scored: Mapping) -> str:
    """The model that a scoring took, of the run's own experiment; "" where its record names none."""
    own = f"/runs/{scored.get('experiment')}/"
    return next((name for name in scored.get("inputs", ()) if own in name and name.endswith(MODEL)), "")


def judge_of(scored: Mapping) -> str:
    """The model of the classifier that judged a run's edits; "" where there is none."""
    own = model_of(scored)
    return next((name for name in scored.get("inputs", ()) if name != own and name.endswith(MODEL)), "")


def training_of(scored: Mapping) -> Path:
    """The record of the training whose model a scoring took."""
    return Path(model_of(scored)).with_name("train.json")


@functools.cache
def source_state() -> Mapping[str, object]:
    """Commit of the project, and whether tracked files differ from it; None where git does not know."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit or None, "dirty": None if commit is None else bool(changed)}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@functools.cache
def environment() -> Mapping[str, object]:
    """Versions that a number can depend on, and the digest of the lock they should come from."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "libraries": versions,
        "lock_sha256": file_digest(LOCK) if LOCK.is_file() else None,
    }

"""A record beside every result: what it was made from, by which code and settings, where and when.

Times, hosts and processes stand in a part of their own (`run`); all else is the same for the same result.
Records are for others to read: what names a person or opens a door is taken out of them.
"""

import contextlib
import functools
import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from encore.audit.scrub import scrub
from encore.digest import file_digest
from encore.files import ROOT, write_atomically
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
    """A file cannot be read as a record."""


def fact(path: Path) -> dict[str, object]:
    """SHA-256 and size of a file."""
    return {"sha256": file_digest(path), "bytes": path.stat().st_size}


def facts(paths: Iterable[Path]) -> dict[str, dict[str, object]]:
    """SHA-256 and size of files by their path, as given: relative to where Snakemake runs."""
    return {Path(path).as_posix(): fact(Path(path)) for path in paths}


@dataclass
class Record:
    """What a job adds to its record. `about` are the rule's own facts, `run` those of this one execution."""

    inputs: Sequence[Path] = ()
    outputs: Sequence[Path] = ()
    about: dict[str, object] = field(default_factory=dict)
    run: dict[str, object] = field(default_factory=dict)


@contextlib.contextmanager
def recorded(
    rule: str, path: Path, inputs: Sequence[Path] = (), outputs: Sequence[Path] = ()
) -> Iterator[Record]:
    """Write the record of what is done inside to `path`, once it ended without an exception.

    By then the outputs must be under their final names.
    """
    started, told = time.time(), Record(inputs, outputs)
    yield told
    record = {
        "schema": SCHEMA,
        "rule": rule,
        "command": ["python", *(Path(sys.argv[0]).as_posix(), *sys.argv[1:])],
        "inputs": facts(told.inputs),
        "outputs": facts(told.outputs),
        **told.about,
        "source": dict(source_state()),
        "environment": dict(environment()),
        "run": {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "seconds": round(time.time() - started, 3),
            "host": socket.gethostname(),
            "slurm_job": os.environ.get("SLURM_JOB_ID"),
            **told.run,
        },
    }
    write_atomically(path, json.dumps(scrub(record), indent=2, ensure_ascii=False) + "\n")


TEXT_OR_NONE = str | None
# What readers need of a record: key -> the type of its value, or what they need of that in turn.
PARTS = {
    "rule": str,
    "command": list,
    "inputs": dict,
    "outputs": dict,
    "source": {"commit": TEXT_OR_NONE, "dirty": bool | None},
    "environment": {"python": str, "platform": str, "libraries": dict, "lock_sha256": TEXT_OR_NONE},
    "run": {"started": str, "seconds": int | float},
}
FILE = {"sha256": str, "bytes": int}
OF_RUN = {
    **{
        "experiment": str,
        "unit": str,
        "seed": int,
        "reading": str,
        "job": {"precision": str, "settings": dict},
    },
    **{"settings_digest": str, "code_digest": str, "device": {"device": str}, "deviations": list},
}
OF_RULE = {  # besides PARTS
    "download": {"dataset": str, "licence": str, "homepage": str},
    "weights": {"raw": {"path": str, **FILE, "verified": bool, "how": str}},
    "train": OF_RUN | {"sources": dict, "iterations": int},
    "score": OF_RUN,
    "judge": OF_RUN,
}


def read_record(path: Path) -> dict:
    """A record; a RecordError in one sentence where it is not one."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or too many brackets
        raise RecordError(f"{path} is not a record: {error}.") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RecordError(f"{path} is not a record of schema {SCHEMA}.")
    lacking = list(_lacking(record, PARTS))
    if not lacking:
        files = {part: dict.fromkeys(record[part], FILE) for part in ("inputs", "outputs")}
        lacking = list(_lacking(record, OF_RULE.get(record["rule"], {}) | files))
    if lacking:
        raise RecordError(f"{path} is not a whole record: it lacks {', '.join(lacking)}.")
    return record


def _lacking(content: Mapping, parts: Mapping, within: str = "") -> Iterator[str]:
    """The names of those of `parts` that are not in `content` or of another type."""
    for name, kind in parts.items():
        value = content.get(name, ...)
        if not isinstance(value, dict if isinstance(kind, Mapping) else kind):
            yield f"{name}{within}"
        elif isinstance(kind, Mapping):
            yield from _lacking(value, kind, f" in {name}{within}")


def input_of(record: Mapping, part: str) -> str:
    """The one input of a record that has `part` in its name; a RecordError for none or several."""
    found = [name for name in record["inputs"] if part in name]
    if len(found) != 1:
        raise RecordError(
            f"a record of the rule {record['rule']} has {len(found)} inputs in {part}, expected one."
        )
    return found[0]


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
    """The record of the training whose model a scoring took; a RecordError where it names no model."""
    if not (model := model_of(scored)):
        raise RecordError(f"the record of a scoring of {scored.get('experiment')} names no model of its own.")
    return Path(model).with_name("train.json")


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

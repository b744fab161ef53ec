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
from datetime import UTC, datetime, timedelta
from pathlib import Path

from encore.audit.scrub import scrub
from encore.digest import file_digest
from encore.files import ROOT, write_atomically
from encore.papers import layout
from encore.script import UserError

SCHEMA = 1
LARGEST = 64 * 2**20  # bytes of a record; the largest known has less than one of them
DEEPEST = 32  # levels of a record's content; none has ten
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
STARTED = "%Y-%m-%dT%H:%M:%SZ"
LONGEST = 1e10  # seconds; three hundred years
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

    By then the outputs must be under their final names. A RecordError before anything is done where an input
    is a result that is no longer what its own record says, and at the end where it changed meanwhile.
    """
    started, began, told = time.time(), time.monotonic(), Record(inputs, outputs)
    made_by = {given: made for given in inputs if (made := record_beside(given)) is not None}
    for given, made in made_by.items():
        as_recorded(given, made)
    yield told
    for given, made in made_by.items():
        as_recorded(given, made)
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
            "started": time.strftime(STARTED, time.gmtime(started)),
            "seconds": round(time.monotonic() - began, 3),
            "host": socket.gethostname(),
            "slurm_job": os.environ.get("SLURM_JOB_ID"),
            **told.run,
        },
    }
    write_atomically(path, json.dumps(scrub(record), indent=2, ensure_ascii=False) + "\n")


TEXT_OR_NONE = str | None
NUMBER = int | float


@dataclass(frozen=True)
class Maybe:
    """A part that a record may lack, and what it is where it has it."""

    kind: object


@dataclass(frozen=True)
class Each:
    """A list or a mapping, and what each of its items is."""

    whole: type
    kind: object


TEXTS = Each(list, str)
# What readers need of a record: key -> the type of its value, or what they need of that in turn.
PARTS = {
    "rule": str,
    "command": TEXTS,
    "inputs": dict,
    "outputs": dict,
    "source": {"commit": TEXT_OR_NONE, "dirty": bool | None},
    "environment": {
        "python": str,
        "platform": str,
        "libraries": Each(dict, TEXT_OR_NONE),
        "lock_sha256": TEXT_OR_NONE,
    },
    "run": {
        "started": str,
        "seconds": NUMBER,
        "restarts": Maybe(int),
        "training_seconds": Maybe(NUMBER),
    },
    "paper": Maybe(str),
    "experiment": Maybe(str),
    "deviations": Maybe(TEXTS),
    "diverged": Maybe(str),
    "device": Maybe({"device": str, "memory_bytes": Maybe(NUMBER)}),
}
FILE = {"sha256": str, "bytes": int}
SOURCE = {"source": Maybe(str), "reading": Maybe(TEXT_OR_NONE), "reason": Maybe(TEXT_OR_NONE)}
OF_RUN = {
    "experiment": str,
    "unit": str,
    "seed": int,
    "reading": str,
    "job": {
        "method": str,
        "protocol": str,
        "split_seed": int | str,
        "precision": str,
        "settings": dict,
    },
    "settings_digest": str,
    "code_digest": str,
    "device": {"device": str},
    "deviations": TEXTS,
}
OF_RULE = {  # besides PARTS
    "download": {"dataset": str, "licence": str, "homepage": str},
    "weights": {"raw": {"path": str, **FILE, "verified": bool, "how": str}},
    "split": {
        "unit": str,
        "train": int,
        "valid": Maybe(int),
        "leaked": Maybe(NUMBER),
        **{f"test_{part}": Maybe(int) for part in ("normal", "anomalous", "with", "without")},
    },
    "train": OF_RUN | {"sources": Each(dict, SOURCE), "iterations": int},
    "score": OF_RUN,
    "judge": OF_RUN,
    "compare": {
        "foot": Maybe(TEXTS),
        "claims": Maybe(
            Each(
                list,
                {
                    **dict.fromkeys(("claim", "says", "source", "verdict", "sentence"), str),
                    "probability": NUMBER | None,
                    "published_holds": bool | None,
                },
            )
        ),
    },
}


def printable(name: Path | str) -> str:
    """A file's name as it can be printed on one line."""
    text = Path(name).as_posix()
    return text if text.isprintable() else repr(text)


def ended(record: Mapping) -> datetime:
    """When a job ended."""
    run = record["run"]
    return datetime.strptime(run["started"], STARTED).replace(tzinfo=UTC) + timedelta(seconds=run["seconds"])


def read_record(path: Path) -> dict:
    """A record; a RecordError in one sentence where it is not one."""
    if (size := path.stat().st_size) > LARGEST:
        raise RecordError(f"{path} is not a record: it has {size:,} bytes, and none has above {LARGEST:,}.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        json.dumps(record, ensure_ascii=False).encode()  # half a letter can be read but not written
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or too many brackets
        raise RecordError(f"{path} is not a record: {error}.") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RecordError(f"{path} is not a record of schema {SCHEMA}.")
    if _depth(record) > DEEPEST:
        raise RecordError(f"{path} is not a record: its parts are nested deeper than {DEEPEST} levels.")
    lacking = list(_lacking(record, PARTS))
    if not lacking:
        files = {part: dict.fromkeys(record[part], FILE) for part in ("inputs", "outputs")}
        lacking = list(_lacking(record, OF_RULE.get(record["rule"], {}) | files))
    if lacking:
        raise RecordError(f"{path} is not a whole record: it lacks {', '.join(lacking)}.")
    if (wrong := _wrong_run(record["run"])) is not None:
        raise RecordError(f"{path} is not a whole record: {wrong}.")
    return record


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON; a ValueError for a key that stands twice, of which readers would take either."""
    content = dict(pairs)
    if len(content) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return content


def _depth(content: object) -> int:
    """How many levels of lists and objects a record's content has; it is walked through level by level."""
    level, depth = [content], 0
    while level:
        depth += 1
        level = [
            item
            for part in level
            if isinstance(part, dict | list)
            for item in (part.values() if isinstance(part, dict) else part)
        ]
    return depth


def _wrong_run(run: Mapping) -> str | None:
    """What is wrong with the times of a record; None where nothing is."""
    if not 0 <= run["seconds"] < LONGEST:
        return f"its run took {run['seconds']} seconds"
    try:
        ended({"run": run})
    except (ValueError, OverflowError):
        return f"its run started at {run['started']!r}, expected a time such as 2026-01-31T10:20:30Z"
    return None


def _lacking(content: Mapping, parts: Mapping, within: str = "") -> Iterator[str]:
    """The names of those of `parts` that are not in `content` or of another type."""
    for name, kind in parts.items():
        value = content.get(name, ...)
        if isinstance(kind, Maybe):
            if value is ...:
                continue
            kind = kind.kind
        yield from _not_of(value, kind, f"{name}{within}")


def _not_of(value: object, kind: object, name: str) -> Iterator[str]:
    """The name of a value that is not of its kind, or the names of those in it that are not."""
    if isinstance(kind, Each):
        if not isinstance(value, kind.whole):
            yield name
        else:
            items = value.items() if isinstance(value, dict) else enumerate(value, start=1)
            for key, item in items:
                yield from _not_of(item, kind.kind, f"{key} in {name}")
    elif isinstance(kind, Mapping):
        if not isinstance(value, dict):
            yield name
        else:
            yield from _lacking(value, kind, f" in {name}")
    elif not isinstance(value, kind):
        yield name


# --- a file is read only if it is what its record says -------------------------------------------------


def record_beside(path: Path) -> Path | None:
    """Where the record of a result lies, by the layout of results; None for what is no result."""
    for stage, about in layout.STAGES.items():
        for output, ending in about.outputs.items():
            with contextlib.suppress(ValueError):
                layout.wildcards_of(stage, output, Path(path).as_posix())
                return Path(Path(path).as_posix().removesuffix(ending) + about.record)
    return None


def as_recorded(path: Path, *records: Path) -> Path:
    """`path` itself, if it is the file that each of `records` says was written or read; else a RecordError.

    A result is read through this, so that no number is made from one that was changed since.
    """
    for record in records:
        if not Path(record).is_file():
            raise RecordError(
                f"{path} has no record {record}, so nothing says that it is whole; "
                "remove it and start again: it is made again."
            )
        content = read_record(record)
        about = _told_of(path, content)
        if about is None:
            raise RecordError(
                f"{record} is no record of {path}; remove both and start again: they are made again."
            )
        if (found := _difference(path, about)) is not None:
            raise RecordError(
                f"{path} is no longer the file that {record} describes: {found}; "
                "put that file back, or remove it and start again: it is made again."
            )
    return path


def demand_same_model(scored: Mapping, record: Path, training: Path) -> None:
    """A RecordError where a scoring took another model than the one that its training's record speaks of.

    Or the same model under other settings: the images that it was shown may then be others.
    """
    model, trained = model_of(scored), read_record(training)
    about = trained["outputs"].get(model)
    if about is None or about["sha256"] != scored["inputs"][model]["sha256"]:
        raise RecordError(
            f"{record} tells of scores by another model than the one of {training}; "
            "remove the scores and start again: they are made again."
        )
    if trained["settings_digest"] != scored["settings_digest"]:
        raise RecordError(
            f"{record} tells of scores under other settings than those of {training}; "
            "remove the scores and start again: they are made again."
        )


def _told_of(path: Path, record: Mapping) -> Mapping | None:
    """What a record says of a file, whose name in it begins with results/; None where it says nothing."""
    files = record["inputs"] | record["outputs"]
    parts = Path(path).parts
    ends = (Path(*parts[place:]).as_posix() for place in range(len(parts)))
    return next((files[name] for name in (Path(path).as_posix(), *ends) if name in files), None)


def _difference(path: Path, about: Mapping) -> str | None:
    """In what a file is not the one of `about`, size first, for a large file takes long to read."""
    size = Path(path).stat().st_size
    if size != about["bytes"]:
        return f"it has {size:,} bytes, recorded were {about['bytes']:,}"
    digest = file_digest(path)
    if digest != about["sha256"]:
        return f"its SHA-256 is {digest[:12]}…, recorded was {about['sha256'][:12]}…"
    return None


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
    """Commit of the project, and whether tracked files differ from it; None where git does not know.

    A repository around the project, or one that the environment names, is another one.
    """
    top = _git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != ROOT:
        return {"commit": None, "dirty": None}
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit or None, "dirty": None if commit is None else bool(changed)}


def _git(*arguments: str) -> str | None:
    here = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=ROOT,
            env=here,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
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

"""One process a run: a second one on the same folder refuses to start."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from encore.papers.layout import LOCK
from encore.script import UserError


class RunIsLockedError(UserError):
    """Another process holds the run."""


def _myself() -> str:
    """Host, process and SLURM job, and the command that ends it."""
    process, host, job = os.getpid(), socket.gethostname(), os.environ.get("SLURM_JOB_ID")
    if job:
        return f"SLURM job {job} (process {process} on {host}); `scancel {job}` ends it"
    return f"process {process} on {host}; `kill {process}` there ends it"


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the run's folder; a RunIsLockedError names job, host and process of who holds it.

    The kernel lets go of the lock when the process ends, however it ends; the file stays. Over a network the
    lock holds where the file system passes it on, as NFS 4 and Lustre with `flock` do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunIsLockedError(
                f"{folder} is in use by {_holder(stream)}. Wait for it, or end it and start again: "
                "the training goes on from its checkpoint."
            ) from None
        stream.truncate(0)
        stream.write(_myself())
        stream.flush()
        yield


def who_holds(folder: Path) -> str | None:
    """Who holds the run's folder now, for a person to read; None where nobody does."""
    try:
        with open(folder / LOCK, encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _holder(stream)
    except FileNotFoundError:
        pass
    return None


def _holder(stream) -> str:
    stream.seek(0)
    return stream.read().strip() or "another process"

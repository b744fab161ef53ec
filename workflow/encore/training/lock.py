"""One process a run: a second one on the same folder refuses to start."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path


class RunIsLockedError(RuntimeError):
    """Another process holds the run."""


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the run's folder; a RunIsLockedError names host, job and process of who holds it.

    The kernel lets go of the lock when the process ends, however it ends; the file stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    with open(path, "a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise RunIsLockedError(
                f"{folder} is in use by {stream.read().strip() or 'another process'}; "
                "stop that one, or wait for it, and start again."
            ) from None
        stream.truncate(0)
        job = os.environ.get("SLURM_JOB_ID")
        stream.write(
            f"process {os.getpid()} on {socket.gethostname()}" + (f", SLURM job {job}" if job else "")
        )
        stream.flush()
        yield

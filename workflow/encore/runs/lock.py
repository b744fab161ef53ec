"""One process a run: a second one on the same folder refuses to start."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

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
    path = folder / LOCK
    while True:
        with open(path, "a+", encoding="utf-8", errors="replace") as stream:
            _demand_lock(stream, folder)
            if _is_gone(stream, path):  # since it was opened; a lock on it would keep nobody out
                continue
            stream.truncate(0)
            stream.write(_myself())
            stream.flush()
            yield
            return


def who_holds(folder: Path) -> str | None:
    """Who holds the run's folder now, or may do so, for a person to read; None where nobody does."""
    try:
        with open(folder / LOCK, encoding="utf-8", errors="replace", opener=_open_at_once) as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _holder(stream)
            except OSError:  # no locks here: `run_lock` lets nobody in
                return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        return "another user's process"
    except OSError:
        return "another process"
    return None


def _demand_lock(stream: TextIO, folder: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunIsLockedError(
            f"{folder} is in use by {_holder(stream)}. Wait for it, or end it and start again: "
            "the training goes on from its checkpoint."
        ) from None
    except OSError as error:
        raise UserError(
            f"{folder} cannot be locked ({error.strerror}), and two processes could write there. Mount its "
            "file system with `flock`, or make `results` a link to a folder on another one, and start again."
        ) from None


def _is_gone(stream: TextIO, path: Path) -> bool:
    """Whether `path` is no longer the open file: a Snakemake that ends removes the locks nobody holds."""
    try:
        return not os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return True


def _open_at_once(path: str, flags: int) -> int:
    """Opens a named pipe without waiting for its other end."""
    return os.open(path, flags | os.O_NONBLOCK)


def _holder(stream: TextIO) -> str:
    stream.seek(0)
    return stream.read().strip() or "another process"

"""What every script shares: its parser, and an end in one sentence for a fault that its user can mend."""

import argparse
import errno
import sys
from collections.abc import Callable
from pathlib import Path

_NO_ROOM = "free some space and start again; what was finished is kept"
_NO_RIGHT = "make it writable, or a link to a folder that is, and start again"
HINTS = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EROFS: _NO_RIGHT,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
}


class UserError(Exception):
    """A fault that a script's user can mend; its text says what is wrong and what to do."""


def script_parser(description: str, *paths: str) -> argparse.ArgumentParser:
    """A parser that requires a path for each name in `paths`: `--<name>`, a file to read or to write."""
    parser = argparse.ArgumentParser(description=description)
    for name in paths:
        parser.add_argument(f"--{name}", type=Path, required=True)
    return parser


def run_script(main: Callable[[], None]) -> None:
    """Run `main`; a UserError, and an OSError that names its file, end the process with a sentence."""
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        hint = f"; {HINTS[error.errno]}" if error.errno in HINTS else ""
        sys.exit(f"{error.filename}: {error.strerror}{hint}.")

"""What every script shares: its parser, and an end in one sentence for a fault that its user can mend."""

import argparse
import errno
import os
import sys
import unicodedata
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
    """Run `main`; a UserError, and an OSError that names its file, end the process with a sentence.

    So does a full disk without a name, which is that of the output. A closed pipe ends it without a word.
    """
    if sys.stdout is not None:
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal has every letter
    try:
        try:
            main()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, for at the end of Python a fault is a traceback
    except UserError as error:
        sys.exit(_shown(str(error)))
    except BrokenPipeError:  # whoever read has what they wanted, as `head` has
        _drop_output()
        sys.exit(1)
    except OSError as error:
        hint = HINTS.get(error.errno)
        if error.filename is None and hint != _NO_ROOM:
            raise
        if error.filename is None:
            _drop_output()
        hint = f"; {hint}" if hint else ""
        sys.exit(_shown(f"{error.filename or 'The output cannot be written'}: {error.strerror}{hint}."))


def _drop_output() -> None:
    """What still waits to be written goes nowhere, or Python would try it once more as it ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _shown(text: str) -> str:
    """A text without what a terminal takes for a command; names in a broken file may hold any."""
    return "".join(
        ascii(letter)[1:-1] if letter not in "\n\t" and unicodedata.category(letter)[0] == "C" else letter
        for letter in text
    )

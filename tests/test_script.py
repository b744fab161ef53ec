"""A fault that a script's user can mend ends it with one sentence; any other keeps its traceback."""

import errno
from pathlib import Path

import pytest

from encore.script import UserError, run_script, script_parser


def failing(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("do this."), "do this."),
        (
            OSError(errno.ENOSPC, "No space left on device", "results/a"),
            "results/a: No space left on device; free some space and start again; what was finished is kept.",
        ),
        (
            OSError(errno.EROFS, "Read-only", "results/a"),
            "results/a: Read-only; make it writable, or a link to a folder that is, and start again.",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file", "data/x"), "data/x: No such file."),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(error, sentence):
    with pytest.raises(SystemExit) as caught:
        run_script(failing(error))
    assert caught.value.code == sentence


@pytest.mark.parametrize("error", [ValueError("a defect"), OSError("no file is named")])
def test_a_defect_keeps_its_traceback(error):
    with pytest.raises(type(error)):
        run_script(failing(error))


def test_paths_are_required_and_come_as_paths():
    parser = script_parser("Says what it does.", "data-dir", "record")
    found = parser.parse_args(["--data-dir", "data", "--record", "a/b.json"])
    assert (found.data_dir, found.record) == (Path("data"), Path("a/b.json"))
    with pytest.raises(SystemExit):
        parser.parse_args(["--data-dir", "data"])

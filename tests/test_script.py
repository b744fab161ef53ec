"""A fault that a script's user can mend ends it with one sentence; any other keeps its traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from encore import script
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb\r\x9b1m\u202e", "a\\x1b[2Jb\\r\\x9b1m\\u202e"),
        ("so\udc80\n\t\N{GREEK SMALL LETTER LAMDA} \N{EM DASH} 'x'", "so\\udc80\n\t\u03bb \u2014 'x'"),
    ],
)
def test_a_sentence_commands_no_terminal(text, shown):
    for error in (UserError(text), OSError(errno.ENOENT, "none", text)):
        with pytest.raises(SystemExit) as caught:
            run_script(failing(error))
        assert caught.value.code.removesuffix(": none.") == shown


def printing(text, stdout, **environment):
    """The exit code and what is said where a script prints `text` to `stdout`."""
    code = f"from encore.script import run_script; run_script(lambda: print({text}))"
    paths = {"PYTHONPATH": str(Path(script.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ | paths | environment,
    )
    return done.returncode, done.stderr


def test_a_letter_that_the_terminal_lacks_is_escaped(tmp_path):
    with (tmp_path / "out").open("w") as stream:
        assert printing("chr(955)", stream, PYTHONIOENCODING="ascii") == (0, "")
    assert (tmp_path / "out").read_text() == "\\u03bb\n"


@pytest.mark.parametrize("text", ["'a'", "'a' * 10**6"])
def test_a_closed_pipe_ends_it_without_a_word(text):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as stream:
        assert printing(text, stream) == (1, "")


@pytest.mark.parametrize("text", ["'a'", "'a' * 10**6"])
def test_output_on_a_full_disk_is_one_sentence(text):
    with Path("/dev/full").open("w") as stream:
        code, said = printing(text, stream)
    assert code == 1
    assert said.startswith("The output cannot be written: No space left on device; free some space")
    assert said.count("\n") == 1


def test_paths_are_required_and_come_as_paths():
    parser = script_parser("Says what it does.", "data-dir", "record")
    found = parser.parse_args(["--data-dir", "data", "--record", "a/b.json"])
    assert (found.data_dir, found.record) == (Path("data"), Path("a/b.json"))
    with pytest.raises(SystemExit):
        parser.parse_args(["--data-dir", "data"])

"""Nothing that names a person or opens a door is left in a record."""

import json
import subprocess
import sys

import pytest

from encore.audit.scrub import scrub
from encore.files import ROOT

SECRET = "s3cr3t-value-0123"


@pytest.fixture
def alice(monkeypatch):
    for name, value in {
        "HOME": "/home/alice",
        "USER": "alice",
        "LOGNAME": "alice",
        "GITHUB_TOKEN": SECRET,
        "SHORT_PASSWORD": "a",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/alice/data", "~/data"),
        ("/home/alice", "~"),
        ("/home/alice2/data", "/home/alice2/data"),
        ("/scratch/alice/my data/alice", "/scratch/<user>/my data/<user>"),
        ("file not found: '/scratch/alice/x.gz'.", "file not found: '/scratch/<user>/x.gz'."),
        (f"https://host/x?key={SECRET}", "https://host/x?key=<$GITHUB_TOKEN>"),
        ("https://alice:pw@host/data", "https://<credentials>@host/data"),
        # No absolute path: such a word may well mean something else than the user.
        ("results/datasets/alice.csv", "results/datasets/alice.csv"),
        ("alice in the looking-glass", "alice in the looking-glass"),
        ("a value", "a value"),
    ],
)
@pytest.mark.usefixtures("alice")
def test_texts(text, left):
    assert scrub(text) == left


@pytest.mark.parametrize("home", ["", "/", "//", "data", "."])
def test_a_home_that_is_no_folder_of_ones_own_changes_nothing(home, monkeypatch):
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("pwd.getpwuid", lambda number: type("", (), {"pw_dir": "/", "pw_name": "x"}))
    record = {"precision": "float32", "started": "2026-01-31T10:20:30Z", "name": "results/data/x"}
    assert scrub(record) == record


def test_a_home_is_none_in_the_middle_of_a_path(monkeypatch):
    monkeypatch.setenv("HOME", "/data")
    assert scrub(["results/data/x", "/data/x"]) == ["results/data/x", "~/x"]


def test_names_that_are_no_utf8_are_written_out():
    found = scrub({"a\udcff": ["IMG\udcff.jpg", "Köln"]})
    assert found == {"a\\udcff": ["IMG\\udcff.jpg", "Köln"]}
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.usefixtures("alice")
def test_all_of_a_record_but_its_keys_and_what_is_no_text():
    found = scrub({"/home/alice": [1, None, True, {"x": ("/home/alice/y",)}], "n": 0.5})
    assert found == {"/home/alice": [1, None, True, {"x": ["~/y"]}], "n": 0.5}


def test_a_script_writes_a_record_without_them(tmp_path):
    """The rule `download` as Snakemake calls it, by a user with a home folder, a name and a token."""
    home = tmp_path / "home" / "alice"
    (home / "data").mkdir(parents=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "workflow"),
        "HOME": str(home),
        "USER": "alice",
        "HF_TOKEN": SECRET,
    }
    script = ROOT / "workflow" / "scripts" / "download.py"
    record = tmp_path / "record.json"
    arguments = ["digits", "--data-dir", f"{home}/data/{SECRET}", "--inventory", "i.csv", "--record", record]
    done = subprocess.run(
        [sys.executable, script, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = record.read_text()
    assert "~/data/<$HF_TOKEN>" in json.loads(text)["command"]
    for private in (str(home), SECRET, "alice"):
        assert private not in text

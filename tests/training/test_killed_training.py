"""`kill -9` on the training script at three moments: the model has the same SHA-256 as without."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from encore.datasets.download import fetch, write_inventory
from encore.datasets.protocols import make_split, save_split
from encore.datasets.readers import read
from encore.digest import file_digest
from encore.papers import ROOT


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The demo's split of digit 3, and the inventory of its raw file."""
    folder = tmp_path_factory.mktemp("data")
    write_inventory(fetch("digits", folder), folder / "digits.csv")
    images = read("digits", folder)
    save_split(make_split("pooled_80_20", images, 3, 0), folder / "split.safetensors")
    return folder


def command(data, folder):
    return [
        *(sys.executable, str(ROOT / "workflow" / "scripts" / "train.py")),
        *("--experiment", "demo-piad", "--unit", "3", "--seed", "0", "--data-dir", str(data)),
        *("--split", str(data / "split.safetensors"), "--inventory", str(data / "digits.csv")),
        *("--device", "cpu", "--checkpoint-seconds", "0.05", "--model", str(folder / "model.safetensors")),
        *("--history", str(folder / "history.csv"), "--record", str(folder / "train.json")),
    ]


def start(data, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    return subprocess.Popen(
        command(data, folder), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def test_killed_three_times_and_whole_are_the_same_bytes(data, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(start(data, whole))
    checkpoint = killed / "checkpoint.safetensors"
    for moment in range(3):
        process = start(data, killed)
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        deadline = time.monotonic() + 120
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.3 * (moment + 1))  # somewhere in the middle, also of writing a checkpoint
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (killed / "model.safetensors").exists()
    process = start(data, killed)
    time.sleep(0.1)
    output = finish(process)
    assert "going on from iteration" in output
    for name in ("model.safetensors", "history.csv"):
        assert file_digest(killed / name) == file_digest(whole / name)
    record = json.loads((killed / "train.json").read_text())
    assert record["run"]["restarts"] == 3
    assert not checkpoint.exists()


def test_a_second_process_on_the_same_run_refuses_to_start(data, tmp_path):
    first = start(data, tmp_path)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "checkpoint.safetensors").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        second = start(data, tmp_path)
        output, _ = second.communicate(timeout=120)
        assert second.returncode == 1
        assert f"is in use by process {first.pid} on" in output
        assert "Traceback" not in output
    finally:
        first.kill()
        first.communicate()

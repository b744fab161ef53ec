"""`kill -9` on the training script at random moments: what it leaves has the same SHA-256 as without.

Two kills of the demo's PIAD; ENCORE_TEST_KILLS sets how many, of each method of the demos that trains, and -s
shows the table of docs/cluster.md: at which moments they came, and over how many runs. The trainings are
short, so that many kills strike while one loads or writes its result.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from safetensors import safe_open

from encore.datasets.divide import make_split
from encore.datasets.download import fetch
from encore.datasets.inventory import write_inventory
from encore.datasets.read import read_unchecked as read
from encore.datasets.split import save_split
from encore.digest import file_digest
from encore.files import ROOT
from encore.papers.find import find_experiment

KILLS = int(os.environ.get("ENCORE_TEST_KILLS", "0"))
UNITS = {  # of each experiment, the one that is trained
    "demo-piad": "3",
    "demo-reverse-vae": "7",
    "demo-efficientgan": "7",
    "demo-vae": "7",
    "demo-adversarial-vae": "all",
    "demo-reverse-vae-growing": "all",
    "demo-ifcvaegan": "closed_loop",
    "demo-judge": "closed_loop",
    **dict.fromkeys(("demo-dualvae", "demo-cvae", "demo-fadernet", "demo-stargan"), "7"),
}
EXPERIMENTS = tuple(UNITS) if KILLS else ("demo-piad",)
# Ends only what hangs: a training of seconds takes minutes on a machine that others use, and is right.
LIMIT_S = 1800
MOMENTS = ("loading", "training", "writing")
LENGTH = re.compile(r"iterations: \{value: [0-9]+, source: assumed, reason: \"the demo's own")
SHORT = {"piad": 100, "reverse_vae": 100}  # iterations of a demo's training here, by paper; of others 300


@pytest.fixture(scope="module")
def short(tmp_path_factory, copy_of_project):
    """A copy of the project in which the demos' trainings are short."""
    project = copy_of_project(tmp_path_factory.mktemp("short"))
    found = 0
    for path in (project.folder / "workflow" / "papers").glob("*.yaml"):
        length = LENGTH.pattern.replace("[0-9]+", str(SHORT.get(path.stem, 300))).replace("\\", "")
        text, here = LENGTH.subn(length, path.read_text())
        path.write_text(text)
        found += here
    assert found == 10, "the demos' lengths are not written as they were"
    return project.folder


@pytest.fixture(scope="module")
def table():
    """Rows of what was killed when; printed as docs/cluster.md has them."""
    rows = []
    yield rows
    head = ("method", "kills", "while it loads", "in training", "while it writes a file", "runs", "bytes")
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(map(str, row))} |")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The split of each experiment, and the inventories of their raw files."""
    folder = tmp_path_factory.mktemp("data")
    for name in EXPERIMENTS:
        experiment = find_experiment(name)
        dataset, unit = experiment.dataset, experiment.split_unit(UNITS[name])
        write_inventory(fetch(dataset, folder), folder / f"{dataset}.csv")
        images = read(dataset, folder)
        split = make_split(experiment.protocol("code"), images, images.classes.index(unit), 0)
        save_split(split, folder / f"{name}.safetensors")
    return folder


def command(data, folder, experiment, root):
    split, inventory = data / f"{experiment}.safetensors", data / f"{find_experiment(experiment).dataset}.csv"
    return [
        *(sys.executable, str(root / "workflow" / "scripts" / "train.py")),
        *("--experiment", experiment, "--unit", UNITS[experiment], "--seed", "0", "--data-dir", str(data)),
        *("--split", str(split), "--inventory", str(inventory)),
        *("--device", "cpu", "--checkpoint-seconds", "0.05", "--model", str(folder / "model.safetensors")),
        *("--history", str(folder / "history.csv"), "--record", str(folder / "train.json")),
    ]


def start(data, folder, experiment="demo-piad", root=ROOT):
    environment = os.environ | {"PYTHONPATH": str(root / "workflow")}
    return subprocess.Popen(
        command(data, folder, experiment, root),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, output
    return output


def checkpoint_of(folder):
    """The iteration of a checkpoint, which loads whole; 0 where there is none."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return 0
    with safe_open(path, framework="pt") as stream:
        assert all(stream.get_tensor(name) is not None for name in stream.keys())  # noqa: SIM118
        return int(stream.metadata()["iteration"])


def moment_of(process, output, folder, reached):
    """At which of MOMENTS a process was killed, by what it left: half a file, a checkpoint, its words."""
    if list(folder.glob(f".*.{process.pid}.tmp")):
        return "writing"
    went_on = checkpoint_of(folder) > reached or "going on from iteration" in output
    return "training" if went_on else "loading"


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_killed_at_random_moments_and_whole_are_the_same_bytes(data, short, tmp_path, table, experiment):
    whole = tmp_path / "whole"
    began = time.monotonic()
    finish(start(data, whole, experiment, short))
    seconds = time.monotonic() - began
    moments = random.Random(experiment)
    killed_while, kills, runs = dict.fromkeys(MOMENTS, 0), 0, 0
    while kills < (KILLS or 2):
        killed = tmp_path / f"killed-{runs}"
        reached = 0
        while not (killed / "train.json").exists():
            process = start(data, killed, experiment, short)
            if kills < (KILLS or 2):
                time.sleep(moments.uniform(0, seconds))  # also before it begins, and while it writes
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    output, _ = process.communicate()
                    kills += 1
                    killed_while[moment_of(process, output, killed, reached)] += 1
                    assert checkpoint_of(killed) >= reached, "something was lost"
                    reached = checkpoint_of(killed)
                    continue
            output = finish(process)
            assert not reached or f"going on from iteration {reached}" in output
        for name in ("model.safetensors", "history.csv"):
            assert file_digest(killed / name) == file_digest(whole / name)
        runs += 1
    assert sum(killed_while.values()) == kills
    table.append((find_experiment(experiment).method, kills, *killed_while.values(), runs, "the same"))


def test_a_finished_training_whose_model_was_removed_is_finished_at_once(data, short, tmp_path):
    """Snakemake removes the outputs of a training when the allocation ends before its scores are there."""
    finish(start(data, tmp_path, root=short))
    digest = file_digest(tmp_path / "model.safetensors")
    record = json.loads((tmp_path / "train.json").read_text())
    assert record["run"]["restarts"] == 0
    (tmp_path / "model.safetensors").unlink()
    assert f"going on from iteration {record['iterations']}." in finish(start(data, tmp_path, root=short))
    assert file_digest(tmp_path / "model.safetensors") == digest
    assert json.loads((tmp_path / "train.json").read_text())["run"]["restarts"] == 1


def test_a_second_process_on_the_same_run_refuses_to_start(data, tmp_path):
    first = start(data, tmp_path)
    try:
        deadline = time.monotonic() + LIMIT_S
        while not (tmp_path / "checkpoint.safetensors").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        second = start(data, tmp_path)
        output, _ = second.communicate(timeout=LIMIT_S)
        assert second.returncode == 1
        assert f"is in use by process {first.pid} on" in output
        assert "Traceback" not in output
    finally:
        first.kill()
        first.communicate()

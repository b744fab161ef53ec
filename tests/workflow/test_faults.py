"""What happens to a workflow in a lab: divergence, full and read-only disks, odd paths. Nothing is lost."""

import csv
import fcntl
import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.workflow

RUNS = ("demo-kde/0/0", "demo-kde/1/0", "demo-piad/1/0")


def test_a_diverged_training_is_a_result_that_says_where_and_stops_nothing_else(finished):
    """Its learning rate makes every PIAD run of the demo diverge; the fits are left alone."""
    old = "learning_rate: {value: 0.0005, source: assumed"
    finished.edit("workflow/papers/piad.yaml", old, old.replace("0.0005", "1.0e+30"))
    output = finished.snakemake("demo")
    said = "demo-piad 1/0 diverged:"
    assert said in output
    assert said in (finished.folder / "results/logs/train/demo-piad/1/0.log").read_text()
    with open(finished.folder / "results/tables/demo.csv", newline="") as stream:
        rows = {(row["method"], row["subset"]): row for row in csv.DictReader(stream)}
    assert rows["PIAD", "1"]["reproduced"] == ""
    assert said in rows["PIAD", "1"]["note"]
    assert float(rows["KDE", "1"]["reproduced"]) > 0.5
    status = finished.snakemake("status", "-q", "all")
    assert "2 diverged" in status
    assert said in status
    assert "Nothing to be done" in finished.snakemake("demo")  # and is not tried again
    verified = finished.verify()
    assert "every file is the one that its record describes" in verified
    assert f"Note: {said}" in verified


def test_scratch_stays_until_a_run_is_whole_and_free(finished):
    """Between a model and its scores a checkpoint gives the model back; a status has no business with it."""
    unscored, whole, held = (finished.folder / "results/runs" / name for name in RUNS)
    for folder in (unscored, whole, held):
        (folder / "checkpoint.safetensors").write_bytes(b"x")
        (folder / ".lock").touch()
    for name in ("scores.csv", "score.json"):
        (unscored / name).unlink()
    audit = finished.folder / "results/audit/SHA256SUMS"
    audit.unlink()
    finished.snakemake("status", "plan", "-q", "all")
    for folder in (unscored, whole, held):
        assert (folder / "checkpoint.safetensors").exists()
        assert (folder / ".lock").exists()
    assert not audit.exists()  # a look writes nothing
    with open(held / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finished.snakemake(f"results/runs/{RUNS[0]}/scores.csv", "-q", "all")
        assert (held / "checkpoint.safetensors").exists()
    for folder in (unscored, whole):  # the scores came, and a run was made
        assert not (folder / "checkpoint.safetensors").exists()
        assert not (folder / ".lock").exists()
    assert audit.exists()


@pytest.fixture
def small_disk(tmp_path):
    """How to mount a file system of a few megabytes, or read-only; unmounted afterwards."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted = []

    def mount(name, options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"this machine mounts nothing: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_a_sentence_leaves_nothing_half_written_and_room_helps(
    finished, small_disk, small_demo
):
    scratch = small_disk("scratch", "size=4m")
    results = finished.folder / "results"
    shutil.rmtree(results)
    results.symlink_to(scratch)
    filler = scratch / "filler"
    filler.write_bytes(bytes(3_900_000))  # room for splits, none for a model
    output = finished.snakemake("results/runs/demo-piad/1/0/scores.csv", expect=1)
    assert "No space left on device" in output
    assert "Traceback" not in (results / "logs/train/demo-piad/1/0.log").read_text()
    assert not list(results.rglob("*.tmp"))
    assert not list(results.rglob("model.safetensors"))
    filler.unlink()
    finished.snakemake("results/runs/demo-piad/1/0/scores.csv", "--rerun-incomplete")
    name = "results/runs/demo-piad/1/0/scores.csv"
    assert (finished.folder / name).read_bytes() == (small_demo.folder / name).read_bytes()


def test_results_that_cannot_be_written_are_a_sentence(project, small_disk):
    scratch = small_disk("readonly", "ro,size=1m")
    (project.folder / "results").symlink_to(scratch)
    output = project.snakemake("demo", expect=1)
    assert "results cannot be written" in output
    assert "Traceback" not in output
    assert project.planned("demo")["train"] == 15  # to look is allowed


def test_a_path_with_spaces_and_letters_of_any_alphabet(tmp_path, copy_of_project, small_demo):
    folder = tmp_path / "Übung mit Leerzeichen, 数字"
    folder.mkdir()
    project = copy_of_project(folder)
    shutil.copy(small_demo.folder / "config.yaml", folder)
    name = "results/runs/demo-kde/1/0/scores.csv"
    project.snakemake(name)
    assert (folder / name).read_bytes() == (small_demo.folder / name).read_bytes()
    assert "every file is the one that its record describes" in project.verify()

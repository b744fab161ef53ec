"""The workflow on a real SLURM through profiles/slurm: the demo, and one training through every fault.

Needs the test cluster of cluster.sh. The faults strike one after another at the same training; in the end its
model, history and scores have the bytes of a run that nothing happened to.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from safetensors import safe_open

from encore.runs.lock import who_holds

pytestmark = pytest.mark.slurm

CLUSTER = Path(__file__).with_name("cluster.sh")
RUN = "results/runs/demo-piad/1/0"
# The profile as it stands, but for what the test cluster lacks (CUDA behind its GPUs) and a test's patience.
HERE = (
    *("--profile", "profiles/slurm", "--set-resources", "train:gpu=1", "score:gpu=1"),
    *("--set-threads", "train=1", "score=1", "--latency-wait", "5"),
    *("--slurm-init-seconds-before-status-checks", "3", "--seconds-between-status-checks", "3"),
    *("--retries", "9"),
)


# --- the cluster -------------------------------------------------------------------------------------


def said(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    return done.stdout + done.stderr


def do(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def until(found, seconds, what):
    """Wait for `found()` and give its value; it fails saying `what` has not come."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}\n{said('squeue')}"
        time.sleep(0.2)
    return value


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """Skips where the test cluster does not run; anybody's real cluster is left alone."""
    if shutil.which("scontrol") is None or "= encore-test" not in said("scontrol", "show", "config"):
        pytest.skip("no test cluster runs here; as root on Debian, `tests/slurm/cluster.sh start` starts it")


# --- a project on it ---------------------------------------------------------------------------------


@pytest.fixture
def lab(tmp_path, copy_of_project):
    """A project in a folder whose name has spaces and other letters; its jobs end with the test."""
    folder = tmp_path / "Übung mit Leerzeichen"
    folder.mkdir()
    yield copy_of_project(folder)
    left = [line.split(maxsplit=1) for line in said("squeue", "-h", "-o", "%i %Z").splitlines()]
    if jobs := [job for job, *place in left if place == [str(folder)]]:
        said("scancel", *jobs)


@pytest.fixture
def background():
    """How to start Snakemake in a project and go on; what still runs at the test's end is killed."""
    begun = []

    def start(project, *arguments):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
        environment["PYTHONPATH"] = str(project.folder / "workflow")
        with open(project.folder / "snakemake.log", "a") as log:
            command = [sys.executable, "-m", "snakemake", *arguments]
            begun.append(
                subprocess.Popen(command, cwd=project.folder, env=environment, stdout=log, stderr=log)
            )
        return begun[-1]

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.wait()


def outcome(process, project, seconds):
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        code = f"still running after {seconds} s"
    return code, (project.folder / "snakemake.log").read_text() + said("squeue")


def training_log(project):
    path = project.folder / "results/logs/train/demo-piad/1/0.log"
    return path.read_text() if path.exists() else ""


def slurm_logs(project):
    return "".join(path.read_text() for path in (project.folder / "results/logs/slurm").rglob("*.log"))


# --- the demo ----------------------------------------------------------------------------------------


def test_the_demo_through_the_profile_gives_the_bytes_of_a_laptop(
    lab, background, copy_of_project, made_small, tmp_path
):
    (tmp_path / "laptop").mkdir()
    laptop = made_small(copy_of_project(tmp_path / "laptop"))
    meanwhile = background(laptop, "--cores", "1", "demo")
    made_small(lab).snakemake(*HERE, "demo", "--config", "device=cpu")  # the profile says cuda
    code, log = outcome(meanwhile, laptop, 240)
    assert code == 0, log
    compared = [
        path.relative_to(laptop.folder)
        for pattern in ("runs/*/*/*/model.safetensors", "runs/*/*/*/scores.csv", "tables/demo.csv")
        for path in (laptop.folder / "results").glob(pattern)
    ]
    assert len(compared) == 2 * 6 + 1
    for name in compared:
        assert (lab.folder / name).read_bytes() == (laptop.folder / name).read_bytes(), name
    assert "every file is the one that its record describes" in lab.verify()
    records = [json.loads(path.read_text()) for path in (lab.folder / "results/runs").glob("*/*/*/*.json")]
    jobs = {record["run"]["slurm_job"] for record in records}
    # A training shares its allocation with all that needs its model; four fits and their scores share one.
    assert None not in jobs
    assert len(jobs) == 3
    assert not list((lab.folder / "results/runs").rglob("checkpoint.safetensors"))
    assert len(list((lab.folder / "results/logs/slurm").rglob("*.log"))) == 3


# --- what is asked for, and looked at, while it runs -------------------------------------------------


def jobs_of(project):
    """The SLURM jobs of a project that wait or run."""
    rows = [line.split(maxsplit=1) for line in said("squeue", "-h", "-o", "%i %Z").splitlines()]
    return [job for job, *place in rows if place == [str(project.folder)]]


def test_options_on_the_command_line_leave_the_gpu_asked_for(lab, made_small):
    """The cluster's GPUs are none: the training gets one and says that there is none, and takes no CPU."""
    profile = ("--profile", "profiles/slurm", "--retries", "0", "--latency-wait", "5")
    poll = ("--slurm-init-seconds-before-status-checks", "3", "--seconds-between-status-checks", "3")
    threads = ("--set-threads", "train=1", "score=1")
    asked_for = (f"{RUN}/train.json", "--config", "seeds=[0]", "device=auto")
    output = made_small(lab).snakemake(*profile, *threads, *poll, *asked_for, expect=1)
    asked = [line for line in do("scontrol", "-o", "show", "job").splitlines() if str(lab.folder) in line]
    assert len(asked) == 1, output
    assert "gres/gpu=1" in asked[0] or "gres:gpu:1" in asked[0]
    assert "device is cuda, but PyTorch finds no GPU here" in output + training_log(lab)


def test_a_status_in_the_middle_and_cancelled_groups_lose_nothing(lab, background, made_small, small_demo):
    """All allocations, each a group of jobs, are cancelled while they train; a status before and after."""
    made_small(lab).edit("workflow/papers/piad.yaml", "iterations: {value: 10,", "iterations: {value: 400,")
    running = background(lab, *HERE, "demo", "--config", "device=cpu", "checkpoint_seconds=1")
    until(lambda: past(lab, 0), 120, "the first checkpoint")
    assert "running" in lab.snakemake("status", "demo", "-q", "all")
    assert checkpoint_of(lab) > 0
    assert holder(lab)
    cancelled = jobs_of(lab)
    do("scancel", *cancelled)
    until(lambda: not set(cancelled) & set(jobs_of(lab)), 90, "the end of the cancelled jobs")
    lab.snakemake("status", "demo", "-q", "all")
    assert checkpoint_of(lab) > 0
    code, log = outcome(running, lab, 600)
    assert code == 0, log
    assert "going on from iteration" in training_log(lab)
    scores = "results/runs/demo-kde/1/0/scores.csv"  # of the group of fits
    assert (lab.folder / scores).read_bytes() == (small_demo.folder / scores).read_bytes()
    assert not list((lab.folder / "results/runs").rglob("checkpoint.safetensors"))
    assert "every file is the one that its record describes" in lab.verify()


# --- one training through every fault ----------------------------------------------------------------


def kill_training(job, process):
    os.kill(process, 9)


def requeue(job, process):
    do("scontrol", "requeue", job)


def preempt(job, process):
    """A job of a partition that goes before, and takes the whole node."""
    do("sbatch", "-p", "urgent", "-c", "8", "--mem", "100", "-o", "/dev/null", "--wrap", "sleep 1")


def cancel(job, process):
    do("scancel", job)


def lose_node(job, process):
    node = do("sinfo", "-h", "-o", "%n").strip()
    do("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    time.sleep(2)
    said("scontrol", "update", f"nodename={node}", "state=resume")  # it may have come back by itself
    until(lambda: "down" not in said("sinfo", "-h", "-o", "%T"), 60, "the node's return")


def restart_controller(job, process):
    do(CLUSTER, "restart-controller", "5")


def run_out_of_time(job, process):
    do("scontrol", "update", f"jobid={job}", "timelimit=1")


# Fault, and whether the training ends by it and goes on in a new process.
FAULTS = {
    "time limit": (run_out_of_time, True),
    "kill -9 of the training": (kill_training, True),
    "scontrol requeue": (requeue, True),
    "preemption": (preempt, True),
    "scancel": (cancel, True),
    "node down": (lose_node, True),
    "controller restarted": (restart_controller, False),
}


def checkpoint_of(project):
    """The iteration of the last checkpoint; 0 where there is none."""
    path = project.folder / RUN / "checkpoint.safetensors"
    if not path.exists():
        return 0
    with safe_open(path, framework="np") as stream:
        return int(stream.metadata()["iteration"])


def holder(project):
    """SLURM job and process of the running training; None where none runs."""
    found = re.match(r"SLURM job (\d+) \(process (\d+) ", who_holds(project.folder / RUN) or "")
    return (found[1], int(found[2])) if found else None


def past(project, iteration):
    """The checkpoint and the holder, once a running training is past `iteration`."""
    now, by = checkpoint_of(project), holder(project)
    return (now, by) if by and now > iteration else None


def resumed(project, after):
    """Where a holder other than `after` went on, the checkpoint and the holder, once it is past there."""
    found = re.search(r"going on from iteration (\d+)", training_log(project))  # of the present process alone
    if not found or holder(project) in (None, after):
        return None
    further = past(project, int(found[1]))
    return further and (found[1], *further)


def test_a_training_through_every_fault_ends_with_the_same_bytes(
    lab, background, copy_of_project, tmp_path, capsys
):
    (tmp_path / "whole").mkdir()
    whole = copy_of_project(tmp_path / "whole")
    for project in (whole, lab):
        project.edit("workflow/papers/piad.yaml", "iterations: {value: 300,", "iterations: {value: 1000,")
    # Too little memory for the first attempt: it is killed, and the next one asks for twice as much.
    old = "use: [piad, demo-networks]\n    allocation: {train: 5m, score: 5m, mem_mb: 3000}"
    lab.edit("workflow/papers/piad.yaml", old, old.replace("3000", "900"))
    reference = background(whole, "--cores", "1", f"{RUN}/score.json", "--config", "device=cpu")
    on_cluster = (*HERE, f"{RUN}/score.json", "--config", "device=cpu", "checkpoint_seconds=1")
    running = background(lab, *on_cluster)

    until(lambda: "exceeded memory limit" in slurm_logs(lab), 60, "the end of a job with too little memory")
    now, by = until(lambda: past(lab, 0), 120, "the first checkpoint")
    rows = [("fault", "struck at", "went on from", "seconds")]
    for name, (fault, ends) in FAULTS.items():
        began, struck = time.monotonic(), str(now)
        fault(*by)
        if ends:
            start, now, by = until(partial(resumed, lab, by), 180, f"a new process after: {name}")
        else:
            start, (now, by) = "-", until(partial(past, lab, now), 60, f"progress after: {name}")
        rows.append((name, struck, start, f"{time.monotonic() - began:.0f}"))

    # Snakemake is killed; its job is not, and hangs. A second one sends a second job, which refuses and says
    # what to do.
    os.kill(by[1], signal.SIGSTOP)
    running.kill()
    running.wait()
    lab.snakemake("--unlock")
    running = background(lab, *on_cluster)
    orphan = by[0]
    until(lambda: f"is in use by SLURM job {orphan} " in slurm_logs(lab), 120, "the second job's refusal")
    assert f"`scancel {orphan}` ends it" in slurm_logs(lab)
    do("scancel", orphan)
    code, log = outcome(running, lab, 600)
    assert code == 0, log
    assert outcome(reference, whole, 600)[0] == 0
    with capsys.disabled():
        print("\n" + "\n".join("  ".join(cell.ljust(24) for cell in row) for row in rows))
    for name in ("model.safetensors", "history.csv", "scores.csv"):
        assert (lab.folder / RUN / name).read_bytes() == (whole.folder / RUN / name).read_bytes(), name
    assert "every file is the one that its record describes" in lab.verify()


# --- without accounting ------------------------------------------------------------------------------


@pytest.fixture
def without_accounting():
    """The cluster without slurmdbd; with it again afterwards."""
    do(CLUSTER, "stop")
    do(CLUSTER, "start", "--no-accounting")
    yield
    do(CLUSTER, "stop")
    do(CLUSTER, "start")


def test_the_profile_works_without_accounting(without_accounting, lab):
    assert "accounting_storage/none" in said("scontrol", "show", "config")
    lab.snakemake(*HERE, "results/runs/demo-kde/1/0/score.json", "--config", "device=cpu")
    assert "every file is the one that its record describes" in lab.verify()

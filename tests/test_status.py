"""The status of every run from what lies in results, and nothing else."""

import json

import pytest

from encore.digest import settings_digest
from encore.papers.find import find_experiment
from encore.papers.present import code_of_run
from encore.papers.read import load_paper
from encore.runs.lock import run_lock
from encore.status import SIGNS, render_status, state_of
from encore.strict import ConfigError

CONFIG = {"seeds": [0, 1], "reading": "code", "features": "vgg19"}
PROGRESS = "piad-mnist 3/0: 93/300, 18.2 it/s, 11 s left  image_critic -13.4"


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, text=""):
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def state(unit="3", seed=0, name="piad-mnist", **changed):
    return state_of(find_experiment(name), unit, seed, CONFIG | changed)


def scored(name="piad-mnist", **changed):
    """The record of a scoring by the present code, as far as the status reads it."""
    experiment = find_experiment(name)
    settings = settings_digest(experiment.job("code", "float32"))
    code = code_of_run("score", experiment)
    about = {"schema": 1, "rule": "score", "command": [], "inputs": {}, "outputs": {}, "deviations": []}
    about |= {"experiment": name, "unit": "3", "seed": 0, "reading": "code", "device": {"device": "cpu"}}
    about |= {"job": experiment.job("code", "float32"), "source": {"commit": None, "dirty": None}}
    about["environment"] = {"python": "3", "platform": "x", "libraries": {}, "lock_sha256": None}
    about["run"] = {"started": "2026-01-01T00:00:00Z", "seconds": 1.0}
    return json.dumps(about | {"settings_digest": settings, "code_digest": code} | changed)


def test_nothing_there_is_waiting(results):
    assert state().kind == "waiting"


def test_scores_are_done_unless_the_training_diverged(results):
    results("runs/piad-mnist/3/0/score.json", scored())
    assert state().kind == "done"
    results("runs/piad-mnist/3/0/score.json", scored(diverged="it diverged."))
    assert (state().kind, state().said) == ("diverged", "it diverged.")


def test_scores_without_a_whole_record_are_failed_with_a_sentence(results):
    results("runs/piad-mnist/3/0/score.json", "{}")
    assert state().kind == "failed"
    assert "is not a record" in state().said


@pytest.mark.parametrize("digest", ["settings_digest", "code_digest"])
def test_scores_of_other_code_or_settings_are_stale(results, digest):
    results("runs/piad-mnist/3/0/score.json", scored(**{digest: "other"}))
    assert state().kind == "stale"
    assert "than the present" in state().said


def test_a_held_lock_is_running_and_says_who_and_how_far(results):
    results("logs/train/piad-mnist/3/0.log", PROGRESS + "\n")
    folder = results("runs/piad-mnist/3/0/checkpoint.safetensors").parent
    with run_lock(folder):
        found = state()
    assert found.kind == "running"
    assert found.said.startswith(PROGRESS)
    assert "process" in found.said
    assert state().kind == "stopped"  # the lock is free again, the checkpoint is there


def test_a_log_without_a_result_is_a_failure_with_its_last_line(results):
    results("logs/train/piad-mnist/3/0.log", "first\ndevice is cuda, but there is none.\n\n")
    found = state()
    assert (found.kind, found.said) == ("failed", "device is cuda, but there is none.")
    assert found.log.as_posix() == "results/logs/train/piad-mnist/3/0.log"


def test_a_failed_score_is_a_failure_an_empty_log_is_not(results):
    results("runs/piad-mnist/3/0/train.json", "{}")
    results("logs/score/piad-mnist/3/0.log")
    assert state().kind == "waiting"
    results("logs/score/piad-mnist/3/0.log", "ValueError: no\n")
    assert state().kind == "failed"


@pytest.mark.parametrize("log", ["download/mnist", "weights/vgg19", "split/mnist/one_vs_all/3/0"])
def test_a_step_before_that_failed_is_what_a_run_failed_of(results, log):
    results(f"logs/{log}.log", "could not be downloaded.\n")
    assert (state().kind, state().said) == ("failed", "could not be downloaded.")


def test_a_step_before_that_succeeded_is_no_failure(results):
    results("logs/download/mnist.log", "checked.\n")
    results("datasets/mnist.csv")
    assert state().kind == "waiting"


def test_a_training_that_serves_all_units_is_looked_for_once(results):
    experiment = find_experiment("piad-celeba")
    first, last = experiment.units[0], experiment.units[-1]
    results(f"logs/train/piad-celeba/{first}/0.log", "it broke\n")
    assert state(last, name="piad-celeba").said == "it broke"
    assert state(last, name="piad-celeba", reading="paper").kind == "waiting"


def test_the_page_counts_shows_a_sign_a_seed_and_names_each_failure_once(results):
    results("runs/piad-mnist/3/0/score.json", scored())
    results("logs/weights/vgg19.log", "vgg19: no network.\n")
    page = render_status([load_paper("piad")], CONFIG | {"datasets": ["mnist"]})
    assert "piad_table2: 1 of 40 runs done, 19 failed, 20 waiting" in page
    assert f"3\u00a0{SIGNS['done']}{SIGNS['failed']}" in page
    assert page.count("vgg19: no network.") == 1
    assert "piad-mnist 0/0 and 18 more: vgg19: no network." in page
    assert "not asked for" in page  # CIFAR-10's cells
    assert "\ndemo:" not in page
    results("runs/demo-kde/0/0/score.json", scored("demo-kde"))
    assert "\ndemo: 1 of" in render_status([load_paper("piad")], CONFIG)


def test_names_are_all_that_is_shown(results):
    papers = [load_paper("piad"), load_paper("reverse_vae")]
    page = render_status(papers, CONFIG | {"datasets": ["mnist"]}, ["piad_table2"])
    assert page.startswith("piad_table2: ")
    assert "reverse_vae" not in page
    assert "\ndemo: " not in page
    assert render_status(papers, CONFIG, ["demo"]).startswith("demo: 0 of")  # named, it is shown unbegun
    with pytest.raises(ConfigError, match="did you mean 'piad_table2'"):
        render_status(papers, CONFIG, ["piad_tabel2"])


def test_a_figure_without_a_table_is_shown_by_what_it_shows(results):
    page = render_status([load_paper("piad")], CONFIG, ["piad_figure4"])
    assert page.startswith("piad_figure4: ")

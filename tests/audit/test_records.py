"""Records are written whole and read strictly; a scoring's names its model, its judge's and its training."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from encore.audit.records import (
    RecordError,
    input_of,
    judge_of,
    model_of,
    read_record,
    recorded,
    training_of,
)
from encore.files import ROOT

OWN = "results/runs/demo-ifcvaegan/closed_loop/3/model.safetensors"
JUDGE = "results/runs/demo-judge/closed_loop/0/model.safetensors"
OTHERS = (
    "results/splits/digit_attributes/held_out_fifth/closed_loop/0.safetensors",
    "results/datasets/digit_attributes.csv",
    "results/weights/inception_v3.safetensors",
)


def record(*inputs, experiment="demo-ifcvaegan"):
    return {"experiment": experiment, "inputs": {name: {"sha256": "0" * 64, "bytes": 1} for name in inputs}}


@pytest.mark.parametrize("inputs", [(OWN, JUDGE, *OTHERS), (*OTHERS, JUDGE, OWN), (JUDGE, *OTHERS, OWN)])
def test_a_judged_run_names_both_models_in_any_order(inputs):
    scored = record(*inputs)
    assert model_of(scored) == OWN
    assert judge_of(scored) == JUDGE
    assert training_of(scored) == Path("results/runs/demo-ifcvaegan/closed_loop/3/train.json")


def test_a_scored_run_has_no_judge():
    scored = record(OWN, *OTHERS)
    assert model_of(scored) == OWN
    assert judge_of(scored) == ""


def test_a_judge_is_a_run_of_its_own():
    """Seen from the classifier's own experiment, its model is what was taken."""
    scored = record(JUDGE, *OTHERS, experiment="demo-judge")
    assert (model_of(scored), judge_of(scored)) == (JUDGE, "")


def test_an_experiment_whose_name_begins_alike_is_another_one():
    other = OWN.replace("demo-ifcvaegan", "demo-ifcvaegan-noaux")
    scored = record(other, OWN)
    assert (model_of(scored), judge_of(scored)) == (OWN, other)
    of_other = record(OWN, other, experiment="demo-ifcvaegan-noaux")
    assert (model_of(of_other), judge_of(of_other)) == (other, OWN)


def test_one_training_that_serves_other_units_is_the_runs_own():
    model = "results/runs/piad-celeba/Bald/0/model.safetensors"
    scored = record(model, experiment="piad-celeba") | {"unit": "Wearing_Hat"}
    assert model_of(scored) == model
    assert training_of(scored) == Path("results/runs/piad-celeba/Bald/0/train.json")


@pytest.mark.parametrize(
    "scored", [{}, record(*OTHERS), record("results/runs/demo-ifcvaegan/x/0/scores.csv")]
)
def test_without_a_model_there_is_none(scored):
    assert (model_of(scored), judge_of(scored)) == ("", "")


@pytest.mark.parametrize(
    "scored", [{}, record(*OTHERS), record("results/runs/demo-ifcvaegan/x/0/scores.csv")]
)
def test_a_scoring_without_a_model_has_no_training(scored):
    with pytest.raises(RecordError, match="names no model of its own"):
        training_of(scored)


@pytest.mark.parametrize(("inputs", "count"), [((), 0), (OTHERS, 1), ((*OTHERS, "a/splits/b"), 2)])
def test_an_input_is_found_by_a_part_of_its_name(inputs, count):
    split = record(*inputs) | {"rule": "score"}
    if count == 1:
        assert input_of(split, "/splits/") == OTHERS[0]
    else:
        with pytest.raises(RecordError, match=f"score has {count} inputs in /splits/, expected one"):
            input_of(split, "/splits/")


# --- writing and reading -----------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A folder, which is the present one, with the record a.json of a.csv, made from b.csv."""
    monkeypatch.chdir(tmp_path)
    Path("b.csv").write_text("b")
    with recorded("count", Path("a.json"), inputs=[Path("b.csv")]) as told:
        Path("a.csv").write_text("a")
        told.outputs = [Path("a.csv")]
        told.about["dataset"] = "digits"
        told.run["restarts"] = 2
    return tmp_path


@pytest.mark.usefixtures("written")
def test_what_is_recorded_can_be_read():
    found = read_record(Path("a.json"))
    assert list(found) == [
        *("schema", "rule", "command", "inputs", "outputs", "dataset", "source", "environment", "run")
    ]
    assert found["outputs"] == {"a.csv": {"sha256": hashlib.sha256(b"a").hexdigest(), "bytes": 1}}
    assert list(found["inputs"]) == ["b.csv"]
    assert list(found["run"]) == ["started", "seconds", "host", "slurm_job", "restarts"]
    assert found["run"]["restarts"] == 2


def test_what_fails_is_not_recorded(tmp_path):
    with pytest.raises(KeyError), recorded("count", tmp_path / "a.json"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a record: "),
        (b"\xff", "is not a record: "),
        (b'{"schema": 1', "is not a record: "),
        (b"[" * 100_000, "is not a record: "),
        (b"[]", "is not a record of schema 1."),
        (b'{"schema": [1]}', "is not a record of schema 1."),
        (b'{"schema": 1, "rule": "score"}', "it lacks command, inputs, outputs, source, environment, run."),
    ],
)
def test_a_file_that_is_no_record_is_one_sentence(content, sentence, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=re.escape(sentence)) as caught:
        read_record(path)
    assert str(caught.value).startswith(f"{path} is not a ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({"run": {"seconds": 1.0}}, "started in run"),
        ({"environment": {}}, "python in environment, platform in environment, libraries in environment, "),
        ({"source": {"commit": None}}, "dirty in source"),
        ({"outputs": {"a.csv": None}}, "a.csv in outputs"),
        ({"outputs": {"a.csv": {"sha256": "0"}}}, "bytes in a.csv in outputs"),
        ({"inputs": {"b.csv": {"sha256": 0, "bytes": 1}}}, "sha256 in b.csv in inputs"),
        ({"rule": "download"}, "licence, homepage."),
        (
            {"rule": "weights", "raw": {"path": "a", "bytes": 1, "verified": True}},
            "sha256 in raw, how in raw",
        ),
        (
            {"rule": "score"},
            "experiment, unit, seed, reading, job, settings_digest, code_digest, device, deviations.",
        ),
        ({"rule": "train"}, "deviations, sources, iterations."),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_record_that_lacks_what_readers_need_says_what(changed, lacks):
    path = Path("a.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(RecordError, match=re.escape(lacks)) as caught:
        read_record(path)
    assert str(caught.value).startswith("a.json is not a whole record: it lacks ")


def test_every_record_of_the_references_is_whole():
    folders = [
        path for path in sorted((ROOT / "results/reference").glob("*/results/*")) if path.name != "audit"
    ]
    paths = [path for folder in folders for path in folder.rglob("*.json")]
    assert paths
    for path in paths:
        read_record(path)

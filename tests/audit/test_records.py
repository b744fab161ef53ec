"""Records are written whole and read strictly; a scoring's names its model, its judge's and its training."""

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from encore.audit import records
from encore.audit.records import (
    RecordError,
    as_recorded,
    demand_same_model,
    input_of,
    judge_of,
    model_of,
    read_record,
    record_beside,
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


def test_a_clock_that_is_put_back_costs_no_result(tmp_path, monkeypatch):
    """As by NTP: the time that a job took is not the difference of two times of day."""
    clock = iter([1e9, 1e9 - 2.5])
    monkeypatch.setattr(records.time, "time", lambda: next(clock))
    with recorded("plot", tmp_path / "r.json"):
        pass
    monkeypatch.undo()
    assert 0 <= json.loads((tmp_path / "r.json").read_text())["run"]["seconds"] < 60


def test_a_repository_around_the_project_or_of_the_environment_is_another_one(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ("-c", "user.name=x", "-c", "user.email=x@x")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    inside = tmp_path / "encore"
    inside.mkdir()
    own = records.source_state.__wrapped__()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    assert records.source_state.__wrapped__() == own
    monkeypatch.setattr(records, "ROOT", inside)
    assert records.source_state.__wrapped__() == {"commit": None, "dirty": None}


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
        (b'{"schema": 1, "rule": "a", "rule": "b"}', "is not a record: the key 'rule' stands twice"),
        (b'{"schema": 1, "more": ' + b"[" * 400 + b"]" * 400 + b"}", "nested deeper than 32 levels."),
        (b'{"schema": 1, "rule": "\\ud800"}', "is not a record: "),
        (b'{"schema": 2}', "is not a record of schema 1."),
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
        ({"command": [1]}, "1 in command"),
        ({"deviations": "none"}, "deviations"),
        ({"device": {"device": None}}, "device in device"),
        ({"diverged": True}, "diverged"),
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


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ({"started": "yesterday", "seconds": 1.0}, "its run started at 'yesterday', expected a time such as"),
        ({"started": "2026-01-31T10:20:30Z", "seconds": 1e300}, "its run took 1e+300 seconds"),
        ({"started": "9999-12-31T23:59:59Z", "seconds": 10}, "its run started at '9999-12-31T23:59:59Z'"),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_time_that_is_none_is_one_sentence(run, sentence):
    path = Path("a.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"run": run}))
    with pytest.raises(RecordError, match=re.escape(sentence)):
        read_record(path)


def test_a_huge_file_is_not_read_as_a_record(tmp_path):
    path = tmp_path / "a.json"
    with path.open("wb") as stream:
        stream.truncate(2**36)
    with pytest.raises(RecordError, match="it has 68,719,476,736 bytes"):
        read_record(path)


# --- what was changed since is not read ----------------------------------------------------------------

SCORES = Path("results/runs/demo-kde/0/3/scores.csv")


@pytest.fixture
def scored(tmp_path, monkeypatch):
    """The present folder holds scores with their record, and a table of measures with its own."""
    monkeypatch.chdir(tmp_path)
    for rule, path in (("count", SCORES), ("count", Path("results/measures/demo-kde.csv"))):
        path.parent.mkdir(parents=True)
        made = path.with_name("score.json") if path == SCORES else path.with_suffix(".json")
        path.write_text("index,score\n0,0.5\n")
        with recorded(rule, made, outputs=[path]):
            pass
    return tmp_path


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("results/runs/a/b/0/scores.csv", "results/runs/a/b/0/score.json"),
        ("/x/results/runs/a/b/0/model.safetensors", "/x/results/runs/a/b/0/train.json"),
        ("results/runs/a/b/0/resemblance.csv", "results/runs/a/b/0/resemble.json"),
        ("results/measures/a.csv", "results/measures/a.json"),
        ("results/datasets/mnist_counts.csv", "results/datasets/mnist_counts.json"),
        ("results/weights/vgg19_statistics.safetensors", "results/weights/vgg19_statistics.json"),
        ("results/tables/a.md", "results/tables/a.json"),
        ("results/tables/a.json", None),
        ("data/mnist/train.gz", None),
    ],
)
def test_a_result_has_its_record_beside_it(name, made):
    assert record_beside(Path(name)) == (Path(made) if made else None)


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize("here", [Path(), None])
def test_a_file_that_is_what_its_record_says_is_read(here, tmp_path):
    path = (tmp_path if here is None else here) / SCORES
    assert as_recorded(path, path.with_name("score.json")) == path


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize(
    ("content", "found"),
    [("index,score\n0,0.6\n", "its SHA-256 is "), ("", "it has 0 bytes, recorded were 18")],
)
def test_a_file_that_was_changed_since_is_not_read(content, found):
    SCORES.write_text(content)
    with pytest.raises(RecordError) as caught:
        as_recorded(SCORES, SCORES.with_name("score.json"))
    assert str(caught.value).startswith(
        f"{SCORES} is no longer the file that {SCORES.with_name('score.json')} describes: {found}"
    )
    assert "put that file back, or remove it and start again" in str(caught.value)


@pytest.mark.usefixtures("scored")
def test_a_file_without_its_record_is_not_read():
    made = SCORES.with_name("score.json")
    other = SCORES.with_name("history.csv")
    other.write_text("")
    with pytest.raises(RecordError, match=f"{made} is no record of {other}; remove both"):
        as_recorded(other, made)
    made.unlink()
    with pytest.raises(RecordError, match=f"{SCORES} has no record {made}"):
        as_recorded(SCORES, made)


@pytest.mark.parametrize("name", [SCORES, Path("results/measures/demo-kde.csv")])
def test_no_stage_begins_with_an_input_that_was_changed_since(name, scored):
    name.write_text(name.read_text().replace("5", "6"))
    with pytest.raises(RecordError, match=f"{name} is no longer"), recorded("plot", Path("x.json"), [name]):
        pytest.fail("it began")
    assert not Path("x.json").exists()


@pytest.mark.usefixtures("scored")
def test_a_stage_whose_input_changes_while_it_runs_is_not_recorded():
    with (
        pytest.raises(RecordError, match=f"{SCORES} is no longer"),
        recorded("plot", Path("x.json"), [SCORES]),
    ):
        SCORES.write_text("index,score\n0,0.6\n")
    assert not Path("x.json").exists()


def test_a_scoring_by_another_model_than_its_training_gave_is_refused(scored):
    training = Path("results/runs/demo-ifcvaegan/closed_loop/3/train.json")
    path = Path(OWN)
    path.parent.mkdir(parents=True)
    path.write_text("model")
    with recorded("plot", training, outputs=[path]) as made:
        made.about["settings_digest"] = "s"
    told = record(OWN) | {"settings_digest": "s"}
    told["inputs"] = read_record(training)["outputs"]
    demand_same_model(told, Path("score.json"), training)
    with pytest.raises(RecordError, match=r"score\.json tells of scores under other settings than those of"):
        demand_same_model(told | {"settings_digest": "t"}, Path("score.json"), training)
    told["inputs"] = {OWN: {"sha256": "0" * 64, "bytes": 5}}
    with pytest.raises(
        RecordError, match=f"score.json tells of scores by another model than the one of {training}"
    ):
        demand_same_model(told, Path("score.json"), training)


def test_every_record_of_the_references_is_whole():
    folders = [
        path for path in sorted((ROOT / "results/reference").glob("*/results/*")) if path.name != "audit"
    ]
    paths = [path for folder in folders for path in folder.rglob("*.json")]
    assert paths
    for path in paths:
        read_record(path)

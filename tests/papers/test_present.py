"""What is stale: a result of other code or other settings than the present ones."""

import shutil

import pytest

from encore import digest
from encore.digest import settings_digest
from encore.papers.find import find_experiment
from encore.papers.present import code_of_run, present_settings, staleness
from encore.tables.compare import with_staleness
from encore.tables.files import read_measures


def record(rule="score", reading="code", precision="float32", features="vgg19", **changed):
    experiment = find_experiment("piad-mnist")
    return {
        "rule": rule,
        "experiment": experiment.name,
        "reading": reading,
        "settings_digest": settings_digest(experiment.job(reading, precision, features)),
        "code_digest": code_of_run(rule, experiment),
    } | changed


@pytest.mark.parametrize("rule", ["train", "score"])
def test_the_present_is_not_stale(rule):
    assert staleness(record(rule)) == ""


def test_what_the_user_chooses_is_not_stale():
    for choice in ({"reading": "paper"}, {"precision": "tf32"}, {"features": "vgg19_caffe"}):
        assert staleness(record(**choice)) == ""


def test_what_was_made_under_one_reading_is_not_held_against_another():
    other = record(reading="paper") | {"reading": "code"}
    assert "other settings" in staleness(other)
    assert "other settings" in staleness(
        record() | {"reading": "code,drift_on=notebook"}
    )  # a reading that is gone


def test_other_code_settings_and_experiments_are():
    assert "other code" in staleness(record(code_digest=code_of_run("train", find_experiment("piad-mnist"))))
    assert "other settings" in staleness(record(settings_digest="0" * 64))
    assert "no paper has any longer" in staleness(record(experiment="piad-mnits"))


def test_a_table_of_one_reading_takes_no_runs_of_the_other(tmp_path):
    experiment = find_experiment("piad-mnist")
    settings = {reading: present_settings(experiment.name, reading) for reading in ("paper", "code")}
    assert not settings["paper"] & settings["code"]
    path = tmp_path / "measures.csv"
    (of_code, *_) = settings["code"]
    train, score = code_of_run("train", experiment), code_of_run("score", experiment)
    path.write_text(
        "experiment,unit,seed,score,metric,value,settings,code,scored_by,iterations\n"
        f"piad-mnist,0,0,score,AUROC,0.9,{of_code},{train},{score},1\n"
        f"piad-mnist,1,0,score,AUROC,0.9,{of_code},{train},{train},1\n"
    )
    found = read_measures(path)
    assert list(with_staleness(found, experiment, "code")["stale"]) == ["", "by other code than the present"]
    under_paper = with_staleness(found, experiment, "paper")["stale"]
    assert set(under_paper) == {"with other settings than the present ones"}


# --- edits that a classifier judges ------------------------------------------------------------------


@pytest.fixture
def edit_code(tmp_path, monkeypatch):
    """How to change the code of a method, in a copy of the package whose digests are taken."""
    package = tmp_path / "encore"
    shutil.copytree(digest.PACKAGE_DIR, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digest, "PACKAGE_DIR", package)

    def edit(method):
        path = package / "methods" / f"{method}.py"
        path.write_text(path.read_text() + "\nCHANGED = 1\n")
        digest.code_digest.cache_clear()

    digest.code_digest.cache_clear()
    yield edit
    digest.code_digest.cache_clear()


def codes(name):
    experiment = find_experiment(name)
    return {rule: code_of_run(rule, experiment) for rule in ("train", "judge")}


@pytest.mark.parametrize(
    ("name", "edited", "changed"),
    [
        ("demo-ifcvaegan", "attribute_classifier", {"judge"}),
        ("demo-ifcvaegan", "ifcvaegan", {"train", "judge"}),
        ("demo-ifcvaegan", "inception_classifier", set()),
        ("demo-ifcvaegan", "piad", set()),
        ("demo-dualvae", "attribute_classifier", {"judge"}),
        ("demo-dualvae", "stargan", set()),
        ("dualvae-celeba", "inception_classifier", {"judge"}),
        ("dualvae-celeba", "ifcvaegan", set()),
    ],
)
def test_judging_depends_on_the_code_of_both_methods_and_of_no_other(edit_code, name, edited, changed):
    before = codes(name)
    edit_code(edited)
    after = codes(name)
    assert {rule for rule in before if before[rule] != after[rule]} == changed


def test_a_judged_run_is_stale_by_the_code_that_judges_it(edit_code):
    experiment = find_experiment("demo-ifcvaegan")
    (settings, *_) = present_settings(experiment.name, "code")
    judged = {"rule": "judge", "experiment": experiment.name, "reading": "code", "settings_digest": settings}
    judged["code_digest"] = code_of_run("judge", experiment)
    trained = judged | {"rule": "train", "code_digest": code_of_run("train", experiment)}
    assert [staleness(record) for record in (trained, judged)] == ["", ""]
    assert "other code" in staleness(judged | {"code_digest": code_of_run("score", experiment)})
    edit_code("attribute_classifier")
    assert staleness(trained) == ""
    assert "other code" in staleness(judged)


def test_measures_of_judged_runs_are_held_against_the_code_that_judges(tmp_path):
    experiment = find_experiment("demo-ifcvaegan")
    (settings, *_) = present_settings(experiment.name, "code")
    train, judge, score = (code_of_run(rule, experiment) for rule in ("train", "judge", "score"))
    path = tmp_path / "measures.csv"
    path.write_text(
        "experiment,unit,seed,score,metric,value,settings,code,scored_by,iterations\n"
        f"demo-ifcvaegan,closed_loop,0,score,MSE,0.9,{settings},{train},{judge},1\n"
        f"demo-ifcvaegan,closed_loop,1,score,MSE,0.9,{settings},{train},{score},1\n"
    )
    found = with_staleness(read_measures(path), experiment, "code")["stale"]
    assert list(found) == ["", "by other code than the present"]

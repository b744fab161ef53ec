"""What is stale: a result of other code or other settings than the present ones."""

import pytest

from encore.audit.stale import present_code, present_settings, staleness
from encore.digest import settings_digest
from encore.papers import find_experiment
from encore.tables.build import read_measures
from encore.tables.compare import with_staleness


def record(rule="score", reading="code", precision="float32", features="vgg19", **changed):
    experiment = find_experiment("piad-mnist")
    return {
        "rule": rule,
        "experiment": experiment.name,
        "settings_digest": settings_digest(experiment.job(reading, precision, features)),
        "code_digest": present_code(rule, experiment),
    } | changed


@pytest.mark.parametrize("rule", ["train", "score"])
def test_the_present_is_not_stale(rule):
    assert staleness(record(rule)) == ""


def test_what_the_user_chooses_is_not_stale():
    for choice in ({"reading": "paper"}, {"precision": "tf32"}, {"features": "vgg19_caffe"}):
        assert staleness(record(**choice)) == ""


def test_other_code_settings_and_experiments_are():
    assert "other code" in staleness(record(code_digest=present_code("train", find_experiment("piad-mnist"))))
    assert "other settings" in staleness(record(settings_digest="0" * 64))
    assert "no more" in staleness(record(experiment="piad-mnits"))


def test_a_table_of_one_reading_takes_no_runs_of_the_other(tmp_path):
    experiment = find_experiment("piad-mnist")
    settings = {reading: present_settings(experiment, (reading,)) for reading in ("paper", "code")}
    assert not settings["paper"] & settings["code"]
    path = tmp_path / "measures.csv"
    (of_code, *_) = settings["code"]
    train, score = present_code("train", experiment), present_code("score", experiment)
    path.write_text(
        "experiment,unit,seed,score,metric,value,settings,code,scored_by,iterations\n"
        f"piad-mnist,0,0,score,AUROC,0.9,{of_code},{train},{score},1\n"
        f"piad-mnist,1,0,score,AUROC,0.9,{of_code},{train},{train},1\n"
    )
    found = read_measures(path)
    assert list(with_staleness(found, experiment, "code")["stale"]) == ["", "by other code than the present"]
    under_paper = with_staleness(found, experiment, "paper")["stale"]
    assert set(under_paper) == {"with other settings than the present ones"}

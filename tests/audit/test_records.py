"""Which inputs of a scoring's record are its own model, its judge's, and where its training is recorded."""

from pathlib import Path

import pytest

from encore.audit.records import judge_of, model_of, training_of

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

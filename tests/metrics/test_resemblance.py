"""Which classes reconstructions are taken for: shares counted by hand, and runs of the workflow."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from encore.metrics.resemblance import classifier, flat, parts, resemblance_metrics, shares
from encore.training.checkpoint import to_bytes

SHARES = {"4": 0.25, "7": 0.125, "9": 0.5, "0": 0.125}


def test_the_nearest_three_decide_and_one_of_them_may_be_wrong():
    images = np.array([[[0, 0]], [[0, 2]], [[2, 0]], [[200, 200]], [[200, 202]], [[1, 1]]], np.uint8)
    classify = classifier(images, np.array([4, 4, 4, 9, 9, 9]))
    # Beside the image of a 9 at (1, 1) stand three of a 4, of which two are among the nearest three.
    assert classify.predict(flat(np.array([[[1, 1]], [[199, 201]]], np.uint8))).tolist() == [4, 9]


def test_distances_do_not_wrap_as_bytes_would():
    images = np.array([[[0]], [[1]], [[2]], [[253]], [[254]], [[255]]], np.uint8)
    classify = classifier(images, np.array([0, 0, 0, 1, 1, 1]))
    assert classify.predict(flat(np.array([[[3]], [[252]]], np.uint8))).tolist() == [0, 1]


def test_it_tells_digits_apart():
    from sklearn.datasets import load_digits

    digits = load_digits()
    fitted, held_out = parts(len(digits.target), len(digits.target))
    classify = classifier(digits.images[fitted], digits.target[fitted])
    assert classify.score(flat(digits.images[held_out]), digits.target[held_out]) > 0.94


def test_parts_are_the_official_ones_or_the_last_fifth_is_held_out():
    fitted, held_out = parts(9, 5, 2)
    assert (fitted.tolist(), held_out.tolist()) == ([0, 1, 2, 3, 4], [7, 8])
    fitted, held_out = parts(11, 11)
    assert (fitted.tolist(), held_out.tolist()) == (list(range(9)), [9, 10])


def test_shares_count_every_class():
    assert shares(np.array([2, 0, 2, 2]), ("a", "b", "c")) == {"a": 0.25, "b": 0.0, "c": 0.75}
    none = shares([], ("a", "b"))
    assert list(none) == ["a", "b"]
    assert all(math.isnan(share) for share in none.values())


def test_metrics_of_a_unit_with_named_classes_and_of_one_without():
    named = {"7": ("4", "9")}
    assert resemblance_metrics(SHARES, "7", named) == {"resembles_normal": 0.875, "resembles_named": 0.75}
    assert resemblance_metrics(SHARES, "9", named) == {"resembles_normal": 0.5}
    assert all(
        math.isnan(v) for v in resemblance_metrics(dict.fromkeys("479", math.nan), "7", named).values()
    )


# --- the workflow ------------------------------------------------------------------------------------


def yaml_of(**changed):
    """A configuration; JSON is YAML."""
    return json.dumps({"reading": "code", "seeds": [0], "data_dir": "data", "device": "cpu"} | changed)


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("target", "resembled", "measured"),
    [
        ("reverse_vae_figure8", 30, 3),
        ("reverse_vae_seven", 30, 1),
        ("reverse_vae_figure9_classes", 30, 0),
        ("reverse_vae_short_resemblance", 9, 1),
        ("reverse_vae_demo", 0, 3),
    ],
)
def test_reconstructions_are_classified_where_the_paper_speaks_of_them(project, target, resembled, measured):
    (project.folder / "config.yaml").write_text(yaml_of(papers=["reverse_vae"], seeds=[0, 1, 2]))
    plan = project.planned(target)
    assert (plan.get("resemble", 0), plan.get("measure", 0)) == (resembled, measured)


@pytest.fixture
def one_digit(project):
    """Ten iterations on scikit-learn's digits, which have no test part, with the digit 7 anomalous."""
    yaml, demo = "workflow/papers/reverse_vae.yaml", "  demo-reverse-vae:\n"
    rest = ', source: assumed, reason: "the'
    project.edit(yaml, demo, f"{demo}    resemblance: *seven\n")
    project.edit(yaml, f"iterations: {{value: 600{rest}", f"iterations: {{value: 10{rest}")
    config = yaml_of(papers=["reverse_vae"], select={"demo-reverse-vae": {"units": ["7"]}})
    (project.folder / "config.yaml").write_text(config)
    return project


def measured(project):
    """Metric -> value of the one run."""
    project.snakemake("results/measures/demo-reverse-vae.csv")
    rows = pd.read_csv(project.folder / "results/measures/demo-reverse-vae.csv")
    return dict(zip(rows["metric"], rows["value"], strict=True))


@pytest.mark.workflow
def test_from_a_training_to_the_shares_of_its_reconstructions(one_digit):
    found = measured(one_digit)
    run = one_digit.folder / "results/runs/demo-reverse-vae/7/0"
    rows = pd.read_csv(run / "resemblance.csv", dtype={"class": str})
    assert rows.columns.tolist() == ["class", "share"]
    assert rows["class"].tolist() == list("0123456789")
    assert rows["share"].sum() == pytest.approx(1)
    taken = rows.set_index("class")["share"]
    assert found["resembles_normal"] == pytest.approx(1 - taken["7"])
    assert found["resembles_named"] == pytest.approx(taken["4"] + taken["9"])
    assert {"AUROC", "AUPRC"} < set(found)
    classifier = json.loads((run / "resemble.json").read_text())["classifier"]
    assert (classifier["neighbours"], classifier["images"]) == (3, 1438)  # of 1797
    assert classifier["accuracy"] > 0.94
    inputs = json.loads((one_digit.folder / "results/measures/demo-reverse-vae.json").read_text())["inputs"]
    assert {Path(name).name for name in inputs} == {
        *("scores.csv", "score.json", "train.json", "resemblance.csv", "resemble.json", "0.safetensors")
    }
    one_digit.verify()


@pytest.mark.workflow
def test_a_diverged_training_resembles_nothing(one_digit):
    measured(one_digit)
    model = one_digit.folder / "results/runs/demo-reverse-vae/7/0/model.safetensors"
    model.write_bytes(to_bytes({}, {"diverged": "demo-reverse-vae 7/0 diverged."}))
    found = measured(one_digit)
    assert set(found) == {"AUROC", "AUPRC", "resembles_normal", "resembles_named"}
    assert all(math.isnan(value) for value in found.values())


@pytest.mark.workflow
def test_what_a_paper_says_is_resembled_retrains_nothing(one_digit):
    measured(one_digit)
    one_digit.edit("workflow/papers/reverse_vae.yaml", '{"7": ["4", "9"]}', '{"7": ["4"]}')
    assert one_digit.planned("results/measures/demo-reverse-vae.csv") == {"measure": 1}

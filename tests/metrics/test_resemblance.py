"""Which classes reconstructions are taken for: shares counted by hand, and runs of the workflow."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from encore.metrics.neighbours import NONE
from encore.metrics.resemblance import measure
from encore.runs import resemble as stage
from encore.runs.checkpoint import DivergedError

SHARES = {"4": 0.25, "7": 0.125, "9": 0.375, "0": 0.125, NONE: 0.125}


def measured_of(shares, unit):
    columns = {"class": shares.keys(), "share": shares.values()}
    columns |= {"images": [10, 5, 30, 40, 0], "itself": [0.5, 0.125, 1.0, 0.75, math.nan]}
    found = measure(pd.DataFrame(columns), SimpleNamespace(resemblance={"7": ("4", "9")}), unit)
    assert list(found) == ["score"]
    return found["score"]


def test_metrics_of_a_unit_with_named_classes_and_of_one_without():
    """What is unlike any class resembles no normal one; the control is a mean over normal images."""
    control = (5 + 30 + 30) / 80
    assert measured_of(SHARES, "7") == pytest.approx(
        {"resembles_normal": 0.75, "resembles_itself": control, "resembles_named": 0.625}
    )
    assert measured_of(SHARES, "9")["resembles_normal"] == 0.5
    assert "resembles_named" not in measured_of(SHARES, "9")


def test_a_training_that_diverged_has_no_number():
    columns = {"class": ["4", "7", "9", NONE], "images": [5, 5, 5, 0], "share": math.nan, "itself": math.nan}
    found = measure(pd.DataFrame(columns), SimpleNamespace(resemblance={"7": ("4", "9")}), "7")["score"]
    assert len(found) == 3
    assert all(math.isnan(value) for value in found.values())


# --- the stage, on images of one pixel -----------------------------------------------------------------

# Three classes of ten images around 10, 100 and 200; the odd ones of `a` and `b` train, the rest is tested.
PLACES = np.concatenate([centre + np.arange(10) for centre in (10, 100, 200)]).astype(np.uint8)
LABELS = np.repeat([0, 1, 2], 10)
TEST = np.array([*range(0, 20, 2), *range(20, 30)])


def run_that(reconstruct, places=PLACES):
    """A run in which `c` is anomalous and every image of it is tested."""
    pixels = torch.from_numpy(places).view(-1, 1, 1, 1)
    return SimpleNamespace(
        images=SimpleNamespace(labels=LABELS, classes=("a", "b", "c")),
        split=SimpleNamespace(test=TEST, anomalous=LABELS[TEST] == 2),
        pixels=lambda indices: pixels[indices],
        settings={"pixel_range": [0, 1]},
        method=SimpleNamespace(load_model=lambda model: None, reconstruct=reconstruct),
        over=lambda pixels, function: {k: v.numpy() for k, v in function(pixels / 255).items()},
    )


def resembled(monkeypatch, reconstruct, places=PLACES):
    monkeypatch.setattr(stage, "load_model", lambda path: {})
    return stage.resemble(run_that(reconstruct, places), Path("model"))


def test_images_that_are_not_changed_are_what_they_are(monkeypatch):
    table, about = resembled(monkeypatch, lambda x: x)
    assert table["class"].tolist() == ["a", "b", "c", NONE]
    assert table["share"].tolist()[:2] == [0, 0]
    assert table["images"].tolist() == [5, 5, 10, 0]
    assert table["share"].sum() == 1
    assert table["itself"].tolist()[2] == table["share"].tolist()[2] > 0.8
    assert (about["accuracy"], about["anomalous_taken_for_normal"]) == (1, 0)


def test_the_classifier_knows_no_normal_test_image(monkeypatch):
    """10 training images and the 10 anomalous ones: of the anomalous class, none else is left to be known."""
    fitted = []
    fit = stage.fit
    monkeypatch.setattr(stage, "fit", lambda images: (fitted.append(images), fit(images))[1])
    _, about = resembled(monkeypatch, lambda x: x)
    assert fitted[0].flatten().tolist() == PLACES[np.setdiff1d(np.arange(30), TEST[:10])].tolist()
    assert about["images"] == 20


def test_no_image_is_known_again_by_its_own_original(monkeypatch):
    seen = []
    vote = stage.vote
    monkeypatch.setattr(stage, "vote", lambda *given: (seen.append(given), vote(*given))[1])
    resembled(monkeypatch, lambda x: x)
    assert len(seen) == 2
    for fitted, _, _, itself in seen:
        assert itself[:10].tolist() == [-1] * 10
        assert fitted._fit_X[itself[10:], 0].tolist() == PLACES[20:].tolist()


def test_what_becomes_another_class_resembles_it_and_what_becomes_nothing_does_not(monkeypatch):
    def as_a(x):
        return torch.where(x > 150 / 255, x - 190 / 255, x)

    table, _ = resembled(monkeypatch, as_a)
    assert table["share"].tolist() == pytest.approx([1, 0, 0, 0], abs=0.2)
    table, _ = resembled(monkeypatch, lambda x: torch.where(x > 150 / 255, 60 / 255, x))
    assert table["share"].tolist() == [0, 0, 0, 1]
    found = measure(table, SimpleNamespace(resemblance={}), "c")["score"]
    assert found["resembles_normal"] == 0
    assert found["resembles_itself"] > 0.8


def test_accuracy_is_the_share_of_test_images_taken_for_their_own_class(monkeypatch):
    places = PLACES.copy()
    places[0] = 100  # an `a` among the images of `b`
    _, about = resembled(monkeypatch, lambda x: x, places)
    assert about["accuracy"] == 19 / 20


def test_a_model_that_makes_nothing_of_normal_images_fails_its_control(monkeypatch):
    table, about = resembled(monkeypatch, lambda x: torch.full_like(x, 60 / 255))
    assert measure(table, SimpleNamespace(resemblance={}), "c")["score"]["resembles_itself"] == 0
    assert about["accuracy"] == 1


def test_a_diverged_training_has_shares_without_a_number(monkeypatch):
    def diverged(path):
        raise DivergedError("x diverged.")

    monkeypatch.setattr(stage, "load_model", diverged)
    table, about = stage.resemble(run_that(None), Path("model"))
    assert table[["share", "itself"]].isna().all(axis=None)
    assert about["accuracy"] == 1


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


def of_one_digit(project):
    """Ten iterations on scikit-learn's digits, which have no test part, with the digit 7 anomalous."""
    yaml, demo = "workflow/papers/reverse_vae.yaml", "  demo-reverse-vae:\n"
    rest = ', source: assumed, reason: "the'
    project.edit(yaml, demo, f"{demo}    resemblance: *seven\n")
    project.edit(yaml, f"iterations: {{value: 600{rest}", f"iterations: {{value: 10{rest}")
    config = yaml_of(papers=["reverse_vae"], select={"demo-reverse-vae": {"units": ["7"]}})
    (project.folder / "config.yaml").write_text(config)
    return project


@pytest.fixture(scope="module")
def one_digit(copy_of_project, tmp_path_factory):
    """A project in which that ran."""
    project = of_one_digit(copy_of_project(tmp_path_factory.mktemp("one_digit")))
    measured(project)
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
    assert rows.columns.tolist() == ["class", "share", "images", "itself"]
    assert rows["class"].tolist() == [*"0123456789", NONE]
    assert rows["share"].sum() == pytest.approx(1)
    taken = rows.set_index("class")["share"]
    assert found["resembles_normal"] == pytest.approx(1 - taken["7"] - taken[NONE])
    assert found["resembles_named"] == pytest.approx(taken["4"] + taken["9"])
    assert {"AUROC", "AUPRC"} < set(found)
    classifier = json.loads((run / "resemble.json").read_text())["classifier"]
    normal_tested = rows.loc[~rows["class"].isin(["7", NONE]), "images"].sum()
    assert (classifier["neighbours"], classifier["images"]) == (3, 1797 - normal_tested)
    assert classifier["accuracy"] > 0.94
    inputs = json.loads((one_digit.folder / "results/measures/demo-reverse-vae.json").read_text())["inputs"]
    assert {Path(name).name for name in inputs} == {
        *("scores.csv", "score.json", "train.json", "resemblance.csv", "resemble.json", "0.safetensors")
    }
    one_digit.verify()


@pytest.mark.workflow
def test_a_diverged_training_resembles_nothing(project):
    of_one_digit(project)
    old = "learning_rate: {value: 0.002, source: assumed, reason: 600"
    project.edit("workflow/papers/reverse_vae.yaml", old, old.replace("0.002", "1.0e+30"))
    found = measured(project)
    assert set(found) == {"AUROC", "AUPRC", "resembles_normal", "resembles_named", "resembles_itself"}
    assert all(math.isnan(value) for value in found.values())


@pytest.mark.workflow
def test_what_a_paper_says_is_resembled_retrains_nothing(one_digit):
    """The last test of the project that others share: it changes it."""
    one_digit.edit("workflow/papers/reverse_vae.yaml", '{"7": ["4", "9"]}', '{"7": ["4"]}')
    assert one_digit.planned("results/measures/demo-reverse-vae.csv") == {"measure": 1}

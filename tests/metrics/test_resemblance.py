"""Which classes reconstructions are taken for: shares counted by hand, and runs of the workflow."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from encore.metrics.resemblance import measure
from encore.runs.checkpoint import to_bytes

SHARES = {"4": 0.25, "7": 0.125, "9": 0.5, "0": 0.125}


def measured_of(shares, unit):
    table = pd.DataFrame({"class": shares.keys(), "share": shares.values()})
    found = measure(table, SimpleNamespace(resemblance={"7": ("4", "9")}), unit)
    assert list(found) == ["score"]
    return found["score"]


def test_metrics_of_a_unit_with_named_classes_and_of_one_without():
    assert measured_of(SHARES, "7") == {"resembles_normal": 0.875, "resembles_named": 0.75}
    assert measured_of(SHARES, "9") == {"resembles_normal": 0.5}
    assert all(math.isnan(value) for value in measured_of(dict.fromkeys("479", math.nan), "7").values())


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

"""Editing, judged by a classifier: from digits with attributes to tables and figures, in small."""

import json
import sys

import pandas as pd
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.workflow

CONFIG = """\
papers: [ifcvaegan, dualvae]
reading: code
seeds: [0]
data_dir: data
device: cpu
"""
TARGETS = ("ifcvaegan_demo", "results/measures/demo-dualvae.csv", "results/figures/dualvae_demo_sparsity.png")
RUNS = "results/runs"
AMOUNTS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@pytest.fixture(scope="module")
def edited(tmp_path_factory, copy_of_project):
    """A copy in which the demos' models are trained for ten iterations. Tests must leave it as it is."""
    project = copy_of_project(tmp_path_factory.mktemp("edited"))
    (project.folder / "config.yaml").write_text(CONFIG)
    for paper, iterations in (("ifcvaegan", 1500), ("dualvae", 1000)):
        old = f'iterations: {{value: {iterations}, source: assumed, reason: "the demo'
        project.edit(f"workflow/papers/{paper}.yaml", old, old.replace(str(iterations), "10"))
    project.snakemake(*TARGETS)
    return project


def scores(project, run):
    return pd.read_csv(project.folder / RUNS / run / "scores.csv")


def test_a_row_an_image_with_what_the_judge_says(edited):
    found = scores(edited, "demo-ifcvaegan/closed_loop/0")
    assert found.columns.tolist() == ["index", "label", "squared_error", "original", "edited_0", "edited_1"]
    assert found["index"].tolist() == list(range(1437, 1797))  # the last fifth
    several = scores(edited, "demo-dualvae/7/0")
    assert several.columns.tolist() == [
        *("index", "accuracy", "ts", "rs", "ts:logit", "rs:logit"),
        *(f"{name}:lambda={amount}" for amount in AMOUNTS for name in ("ts", "rs")),
        *("lambda", "length", *(f"valid:lambda={amount}" for amount in AMOUNTS)),
    ]
    curve = several.loc[0, [f"valid:lambda={amount}" for amount in AMOUNTS]].astype(float)
    chosen = AMOUNTS[curve.argmax()]
    assert set(several["lambda"]) == {chosen}
    assert (several["ts"] == several[f"ts:lambda={chosen}"]).all()


def test_the_table_is_the_share_of_the_scores(edited):
    found = scores(edited, "demo-ifcvaegan/closed_loop/0")
    closed = found[found["label"] == 1]
    table = pd.read_csv(edited.folder / "results/tables/ifcvaegan_demo.csv").set_index("method")
    assert table.loc["best model (alpha=0.2)", "reproduced"] == (closed["edited_0"] <= 0.5).mean()


def test_images_for_figures(edited):
    shown = load_file(edited.folder / RUNS / "demo-ifcvaegan/closed_loop/0/edits.safetensors")
    assert set(shown) == {"original", "reconstruction", "edited_0", "edited_1"}
    assert {images.shape for images in shown.values()} == {(8, 1, 8, 8)}
    assert (edited.folder / "results/figures/ifcvaegan_demo_edits.png").stat().st_size > 5000
    assert (edited.folder / "results/figures/dualvae_demo_sparsity.png").stat().st_size > 5000


def test_the_trail_leads_to_the_judge(edited):
    assert "every file is the one that its record describes" in edited.verify()
    assert not any(edited.unlisted().values())
    record = json.loads((edited.folder / RUNS / "demo-ifcvaegan/closed_loop/0/score.json").read_text())
    assert record["rule"] == "judge"
    assert record["judged"] == {"by": "demo-judge"}
    assert f"{RUNS}/demo-judge/closed_loop/0/model.safetensors" in record["inputs"]
    page = edited.run(sys.executable, "-m", "encore.audit", "explain", "ifcvaegan_demo")
    assert "demo-judge with seed 0, judges the edits" in page
    assert "runs/demo-judge/" in page


def test_another_judge_trains_no_model_again(edited):
    assert "Nothing to be done" in edited.snakemake("-n", *TARGETS)
    papers = edited.folder / "workflow/papers/ifcvaegan.yaml"
    before = papers.read_text()
    old = 'iterations: {value: 2000, source: assumed, reason: "a second'
    edited.edit("workflow/papers/ifcvaegan.yaml", old, old.replace("2000", "20"))
    planned = edited.planned("results/measures/demo-ifcvaegan.csv")
    papers.write_text(before)
    assert planned == {"train": 1, "judge": 1, "measure": 1}


def test_fewer_images_to_judge_train_nothing_again(edited):
    papers = edited.folder / "workflow/papers/dualvae.yaml"
    before = papers.read_text()
    old = "judged: {by: demo-domains-judge, amounts: *amounts}"
    edited.edit("workflow/papers/dualvae.yaml", old, old.replace("*amounts", "[1, 2]"))
    planned = edited.planned("results/measures/demo-dualvae.csv")
    papers.write_text(before)
    assert planned == {"judge": 1, "measure": 1}

"""A generator's run in small: its losses late in training as measures, and the images that show it."""

import shutil
import sys

import pandas as pd
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.workflow

CONFIG = """\
papers: [adversarial_vae]
reading: code
seeds: [0]
data_dir: data
device: cpu
"""
RUN = "results/runs/demo-adversarial-vae/all/0"
MEASURES = "results/measures/demo-adversarial-vae.csv"
FIGURES = [f"results/figures/adversarial_vae_demo_{name}.png" for name in ("arithmetic", "reconstructions")]


@pytest.fixture(scope="module")
def shown(tmp_path_factory, copy_of_project):
    """A copy in which the demo's model is trained for twelve iterations."""
    project = copy_of_project(tmp_path_factory.mktemp("shown"))
    (project.folder / "config.yaml").write_text(CONFIG)
    old = 'iterations: {value: 600, source: assumed, reason: "the demo'
    project.edit("workflow/papers/adversarial_vae.yaml", old, old.replace("600", "12"))
    project.snakemake(MEASURES, *FIGURES)
    return project


def test_measures_are_means_over_the_last_quarter_of_the_history(shown):
    history = pd.read_csv(shown.folder / RUN / "history.csv")
    assert history["iteration"].tolist() == list(range(1, 13))
    late = history.tail(3).mean()
    measures = pd.read_csv(shown.folder / MEASURES).set_index("metric")["value"]
    expected = {
        "balance": late["imbalance"],
        "offset": abs(late["error"]),
        "k": late["k"],
        "diversity": late["diversity"],
        "content": late["L_e"],
    }
    assert measures.to_dict() == pytest.approx(expected)


def test_nothing_is_ranked(shown):
    scores = pd.read_csv(shown.folder / RUN / "scores.csv")
    assert scores["index"].tolist() == list(range(1437, 1797))  # the last fifth
    assert not scores["anomalous"].any()


def test_images_for_figures(shown):
    images = load_file(shown.folder / RUN / "shown.safetensors")
    moved = {name for name in images if name.startswith("arithmetic.")}
    assert len(moved) == 7
    assert all(images[name].shape == (4, 3, 1, 8, 8) for name in moved)
    assert images["interpolation"].shape == (4, 10, 1, 8, 8)
    assert all((shown.folder / figure).stat().st_size > 5000 for figure in FIGURES)


def test_the_trail_leads_to_the_history(shown, tmp_path):
    assert "every file is the one that its record describes" in shown.verify()
    changed = tmp_path / "changed"
    shutil.copytree(shown.folder, changed, symlinks=True)
    history = changed / RUN / "history.csv"
    history.write_text(history.read_text().replace("12,", "13,"))
    command = ("workflow/scripts/measure.py", "demo-adversarial-vae", "--scores", f"{RUN}/scores.csv")
    project = type(shown)(changed)
    said = project.run(sys.executable, *command, "--output", "m.csv", "--record", "m.json", expect=1)
    assert f"{RUN}/history.csv" in said
    assert not (changed / "m.csv").exists()

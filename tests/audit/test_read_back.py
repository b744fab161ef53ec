"""`measure` and `compare` take no file that was changed since its record was written."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

RUN = Path("results/runs/demo-kde/0/0")
SPLIT = Path("results/splits/digits/pooled_80_20/0/0.safetensors")
MEASURES = Path("results/measures/demo-kde.csv")


def measure(project, expect=0):
    scores = [f"results/runs/demo-kde/{unit}/0/scores.csv" for unit in (0, 1)]
    command = ("workflow/scripts/measure.py", "demo-kde", "--scores", *scores)
    written = ("--output", str(MEASURES), "--record", str(MEASURES.with_suffix(".json")))
    return project.run(sys.executable, *command, *written, expect=expect)


def test_what_was_not_changed_gives_the_same_measures(finished):
    before = (finished.folder / MEASURES).read_bytes()
    measure(finished)
    assert (finished.folder / MEASURES).read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (RUN / "scores.csv", f"{RUN}/score.json describes"),
        (SPLIT, f"{RUN}/train.json describes"),
    ],
)
def test_a_changed_file_is_not_measured(finished, changed, says):
    path = finished.folder / changed
    content = path.read_bytes()
    path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
    before = (finished.folder / MEASURES).read_bytes()
    said = measure(finished, expect=1)
    assert said.startswith(f"{changed} is no longer the file that {says}: its SHA-256 is ")
    assert said.count("\n") == 1
    assert (finished.folder / MEASURES).read_bytes() == before


def test_scores_of_another_model_are_not_measured(finished):
    train, other = (finished.folder / f"results/runs/demo-kde/{unit}/0/train.json" for unit in (0, 1))
    digest = [
        text.read_text().split('model.safetensors": {\n      "sha256": "')[1][:64] for text in (train, other)
    ]
    train.write_text(train.read_text().replace(*digest))
    assert "scores by another model than the one of" in measure(finished, expect=1)


def test_changed_measures_reach_no_table(finished):
    path = finished.folder / MEASURES
    path.write_text(path.read_text().replace(",AUROC,", ",AUROC,0", 1))
    table = finished.folder / "results/tables/demo.csv"
    before = table.read_bytes()
    finished.snakemake("demo", expect=1)
    said = (finished.folder / "results/logs/compare/demo.log").read_text()
    assert said.startswith(f"{MEASURES} is no longer the file that")
    assert not table.exists() or table.read_bytes() == before

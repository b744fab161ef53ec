"""A sixth paper with a method, a dataset, a metric and a kind of figure of its own.

It is added to a copy of the project; the files that this touches are counted in docs/adding_a_paper.md.
"""

import hashlib
import re
import subprocess

import pytest

from encore.files import ROOT

pytestmark = pytest.mark.workflow

NEW = {
    "workflow/papers/sixth.csv": """\
paper,table,dataset,method,subset,metric,value,std,note
sixth,Table 1,bars,Distance to the mean,0,TPR,0.9,,
sixth,Table 1,bars,Another method,0,TPR,0.8,,quoted
""",
    "workflow/papers/sixth.yaml": """\
paper: {title: Bars, authors: Nobody, year: 2026}
experiments:
  sixth-bars:
    title: Bars, upright ones normal
    method: mean_distance
    dataset: bars
    protocol: pooled_80_20
    units: ["0"]
    settings:
      image_size: {value: 8, source: Section 1}
      crop: {value: none, source: Section 1}
      resize: {value: none, source: Section 1}
      pixel_range: {value: [0, 1], source: Section 1}
      power:
        paper: {value: 2, source: eq. 1}
        code: {value: 1, source: released code}
        notebook: {value: 4, source: the notebook}
tables:
  sixth_table1:
    title: True positives at few false ones
    source: Table 1
    metric: TPR
    published_metric: TPR
    margins:
      cell: {value: 0.2, source: a guess}
      average: {value: 0.1, source: a guess}
    rows: [dataset, subset]
    columns: [Another method, Distance to the mean]
    cells: [{dataset: bars, method: Distance to the mean, experiment: sixth-bars}]
    figures: [sixth_best]
claims:
  sixth_best:
    says: better than the other
    source: Section 2
    table: sixth_table1
    kind: best
    cell: {dataset: bars, method: Distance to the mean, subset: "0"}
figures:
  sixth_best:
    title: The best number of a table
    kind: best
    table: sixth_table1
    caption: One bar.
""",
    "workflow/encore/methods/mean_distance.py": '''\
"""How far an image is from the mean of the training images."""

import torch

from encore.methods.base import ScikitFit


class MeanDistance(ScikitFit):
    """Distance to the mean."""

    SETTINGS = {"power": ("count", "of the difference of a pixel (1)")}
    SCORES = ("score",)

    def step(self, images):
        """Keep the mean."""
        self.tensors = {"mean": images.double().mean(dim=0)}
        return {"brightness": self.tensors["mean"].mean()}

    def score(self, images):
        """The sum of the differences to that power; (B, C, S, S) -> (B,)."""
        difference = (images.double() - self.tensors["mean"]).abs()
        return {"score": difference.pow(self.settings["power"]).flatten(1).sum(dim=1)}
''',
    "workflow/encore/datasets/readers/bars.py": '''\
"""Bars, upright (0) or lying (1), drawn from the numbers of a file."""

import numpy as np

from encore.datasets.read import join


def read(data, folder):
    """A row of text an image: its label and where the bar stands."""
    rows = np.loadtxt(folder / "bars.txt", dtype=int)
    pixels = np.zeros((len(rows), 8, 8, 1), np.uint8)
    for image, (label, place) in zip(pixels, rows, strict=True):
        image[(slice(None), place) if label == 0 else (place, slice(None))] = 255
    return join(data, (pixels, rows[:, 0]), (pixels[:0], rows[:0, 0]))
''',
    "workflow/encore/metrics/tail.py": '''\
"""The share of anomalous images above all but a few normal ones."""

import numpy as np

TABLE = "scores"
ALLOWED = 0.1  # of the normal images


def measure(scores, experiment, unit):
    """The true positive rate at a false positive rate of 0.1."""
    normal, anomalous = (scores["score"][scores["anomalous"] == flag] for flag in (0, 1))
    return {"score": {"TPR": float((anomalous > np.quantile(normal, 1 - ALLOWED)).mean())}}
''',
    "workflow/encore/figures/best.py": '''\
"""The best number of a table."""

from encore.figures.style import styled
from encore.tables.files import read_table
from matplotlib.figure import Figure


@styled
def draw(paper, entry, inputs):
    """inputs: the long table."""
    figure = Figure()
    figure.subplots().bar(["best"], [read_table(inputs[0])["reproduced"].max()])
    figure.suptitle(entry["title"])
    return figure
''',
}
ROWS = "".join(f"{place % 2} {place % 8}\n" for place in range(160))
CHANGED = ["workflow/encore/datasets/catalogue.yaml", "workflow/encore/papers/kinds.py"]
CATALOGUE = """
bars:
  title: Bars
  homepage: nowhere
  licence: none needed
  classes: ["0", "1"]
  counts: {train: 160, test: 0}
  shape: [8, 8, 1]
  reader: bars
  mirrors: []
  files:
    - {name: bars.txt, bytes: 640, md5: "MD5"}
"""
ENTRIES = {  # of workflow/encore/papers/kinds.py: after which line stands which
    "METRICS: Mapping[str, Metric] = {\n": '    "TPR": Metric((SCORES,), "higher", 0, 1, module="tail"),\n',
    "FIGURES: Mapping[str, FigureKind] = {\n": '    "best": FigureKind("compare", "csv", ("table",)),\n',
}


@pytest.fixture
def with_sixth(project):
    """The project with a sixth paper, and raw files for it."""
    subprocess.run(["git", "init", "-q"], cwd=project.folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=project.folder, check=True)
    for name, text in NEW.items():
        (project.folder / name).write_text(text)
    entry = CATALOGUE.replace("MD5", hashlib.md5(ROWS.encode()).hexdigest())
    for name, entries in {CHANGED[0]: {"\nmnist:\n": entry}, CHANGED[1]: ENTRIES}.items():
        for before, entry in entries.items():
            project.edit(name, before, before + entry if entries is ENTRIES else entry + before)
    raw = project.folder / "data" / "bars"
    raw.mkdir(parents=True)
    (raw / "bars.txt").write_text(ROWS)
    return project


def test_a_sixth_paper_is_files_of_its_own_and_two_entries(with_sixth):
    output = with_sixth.snakemake("sixth_table1")
    assert "Traceback" not in output
    table = (with_sixth.folder / "results" / "tables" / "sixth_table1.md").read_text()
    assert "Distance to the mean" in table
    assert "(0.9)" in table
    assert "*0.8*" in table  # cited
    assert (with_sixth.folder / "results" / "figures" / "sixth_best.png").is_file()
    assert "borne out" in table  # the claim
    with_sixth.verify()
    chosen = ("--config", 'readings={"sixth-bars": {"power": "notebook"}}')
    assert with_sixth.planned("sixth_table1", *chosen)["train"] == 1
    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all", "workflow", "profiles", "Snakefile"],
        cwd=with_sixth.folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    changed = [line for line in status if line[1] != " "]  # since they were staged
    touched = {line[3:] for line in changed if "__pycache__" not in line and ".egg-info" not in line}
    assert touched == {*NEW, *CHANGED}
    told = (ROOT / "docs" / "adding_a_paper.md").read_text()
    counted = re.search(r"(\d+) new files and (\d+) edited ones", told)
    assert [int(number) for number in counted.groups()] == [len(NEW), len(CHANGED)]

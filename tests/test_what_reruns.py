"""What an edit makes again: the jobs whose numbers it can change, and none of anybody else's.

Each edit is made in a copy of the project, and the digests of all jobs of all papers are taken before and
after. Snakemake makes a job again when one of its digests changes.
"""

import json
import shutil
import subprocess
import sys

import pytest

from encore.files import ROOT
from encore.papers.find import all_experiments

# Job -> [digest, what it is made of], for every job of every paper.
JOBS = """
import json
from encore.datasets.catalogue import DATASETS
from encore.digest import code_digest, settings_digest
from encore.papers import layout
from encore.papers.find import all_experiments, all_figures, all_tables, figure_digest, table_digest
from encore.papers.present import code_of_measure, code_of_run

def code(stage, **choices):
    return code_digest(*layout.roots(stage, **choices))

jobs = {}
for name, e in all_experiments().items():
    about = {"method": e.method, "reader": DATASETS[e.dataset].reader, "gives": e.gives, "experiment": name}
    about["judge"] = all_experiments()[e.judged["by"]].method if e.judged else ""
    settings = [settings_digest(e.job(reading, "float32")) for reading in ("paper", "code")]
    for stage in ("train", e.scored_by, "edit", "reconstruct", "resemble", "generate", "show"):
        jobs[f"{stage} {name}"] = [[code_of_run(stage, e), settings], about | {"stage": stage}]
    jobs[f"measure {name}"] = [[code_of_measure(e)], about | {"stage": "measure"}]
    for protocol in set(e.protocols.values()):
        digest = code("split", protocol=protocol, reader=about["reader"])
        told = {"stage": "split", "protocol": protocol, "reader": about["reader"]}
        jobs[f"split {e.dataset} {protocol}"] = [[digest], told]
for name in DATASETS:
    reader = DATASETS[name].reader
    jobs[f"count {name}"] = [[code("count", reader=reader)], {"stage": "count", "reader": reader}]
for name, (_, table) in all_tables().items():
    jobs[f"compare {name}"] = [[code("compare"), table_digest(name)], {"stage": "compare", "table": name}]
for name, (_, figure) in all_figures().items():
    kind = figure["kind"]
    told = {"stage": "plot", "kind": kind}
    jobs[f"plot {name}"] = [[code("plot", kind=kind), figure_digest(name)], told]
for stage in ("filter_statistics", "contrast"):
    jobs[stage] = [[code(stage)], {"stage": stage}]
print(json.dumps(jobs))
"""


def jobs_of(folder):
    done = subprocess.run(
        [sys.executable, "-c", JOBS],
        env={"PYTHONPATH": str(folder / "workflow")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def copy(tmp_path):
    """A copy of the project's workflow to edit."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow", ignore=ignored)
    return tmp_path


@pytest.fixture(scope="module")
def before():
    return jobs_of(ROOT)


def changed_by(copy, before, edits):
    """The jobs whose digests change with edits: (file below workflow, what stands there once, what then)."""
    for name, old, new in edits:
        path = copy / "workflow" / name
        text = path.read_text() if path.exists() else ""
        assert text.count(old) >= 1 or not old, f"{old!r} does not stand in {name}"
        path.write_text(text.replace(old, new, 1) if old else text + new)
    after = jobs_of(copy)
    return {job for job in before if after[job][0] != before[job][0]}


KINDS = "encore/papers/kinds.py"
NOTHING = {
    "a method": [("encore/methods/new.py", "", "class New:\n    SETTINGS = {}\n")],
    "a dataset and its reader": [
        ("encore/datasets/readers/new.py", "", "def read(data, folder):\n    return None\n"),
        (
            "encore/datasets/catalogue.yaml",
            "",
            '\nnew:\n  title: New\n  homepage: here\n  licence: none\n  classes: ["0"]\n'
            "  counts: {train: 1, test: 0}\n  shape: [8, 8, 1]\n  reader: new\n  mirrors: []\n"
            f'  files:\n    - {{name: new.gz, bytes: 1, sha256: "{"0" * 64}"}}\n',
        ),
    ],
    "a protocol": [("encore/datasets/protocols/new.py", "", "def split(images, *more): ...\n")],
    "a metric": [
        ("encore/metrics/new.py", "", 'TABLE = "scores"\n'),
        (KINDS, '    "AUPRC":', '    "new": Metric((SCORES,), "higher", module="new"),\n    "AUPRC":'),
    ],
    "a kind of figure": [
        ("encore/figures/new.py", "", "def draw(paper, entry, inputs): ...\n"),
        (KINDS, '    "history":', '    "new": FigureKind("compare", "csv", ("table",)),\n    "history":'),
    ],
    "the text of --help": [("encore/runs/arguments.py", "folder of the raw files", "where raw files are")],
    "a fact in a record": [("encore/runs/facts.py", '"seed":', '"more": 1,\n        "seed":')],
    "the rounding of a time in a record": [("scripts/train.py", "3)", "2)")],
    "a description among the settings": [("encore/methods/piad.py", "prior N(0, I)", "drawn from N(0, I)")],
    "one more legal value": [("encore/methods/piad.py", '["real", "both"]', '["real", "both", "none"]')],
    "how progress is told": [("encore/runs/progress.py", "it/s", "iterations a second")],
    "a docstring of a network": [("encore/networks/residual.py", '"""', '"""Now: ')],
    "an allocation of an experiment": [("papers/piad.yaml", "mem_mb: 64000", "mem_mb: 48000")],
}


@pytest.mark.parametrize("edits", NOTHING.values(), ids=NOTHING.keys())
def test_what_makes_nothing_again(copy, before, edits):
    assert changed_by(copy, before, edits) == set()


OF_MODEL = {"train", "score", "judge", "generate", "edit", "reconstruct", "resemble", "show"}
RESIDUAL = {"piad", "dualvae", "cvae"}
LABEL_LOSSES = {"fadernet", "stargan", "attribute_classifier", "inception_classifier", "cvae"}


def runs_of(*methods):
    """Whether a job runs one of the methods, as its own or as its judge's."""

    def chosen(about):
        judged = about["stage"] == "judge" and about.get("judge") in methods
        return about["stage"] in OF_MODEL and (about["method"] in methods or judged)

    return chosen


SOMETHING = {
    "a method": (
        [("encore/methods/piad.py", "", "\nCHANGED = 1\n")],
        lambda about: runs_of("piad")(about) or about["stage"] == "contrast",
    ),
    "a judge": (
        [("encore/methods/attribute_classifier.py", "", "\nCHANGED = 1\n")],
        runs_of("attribute_classifier"),
    ),
    "the base of all networks": (
        [("encore/methods/base.py", "", "\nCHANGED = 1\n")],
        lambda about: about["stage"] in OF_MODEL or about["stage"] == "contrast",
    ),
    "a network of three methods": (
        [("encore/networks/residual.py", "", "\nCHANGED = 1\n")],
        lambda about: runs_of(*RESIDUAL)(about) or about["stage"] == "contrast",
    ),
    "a loss of some methods": (
        [("encore/networks/labels.py", "", "\nCHANGED = 1\n")],
        runs_of(*LABEL_LOSSES),
    ),
    "a protocol": (
        [("encore/datasets/protocols/one_vs_all.py", "", "\nCHANGED = 1\n")],
        lambda about: about["stage"] == "split" and about["protocol"] == "one_vs_all",
    ),
    "a reader": (
        [("encore/datasets/readers/idx.py", "", "\nCHANGED = 1\n")],
        lambda about: about.get("reader") == "idx" and about["stage"] != "measure",
    ),
    "one stage": (
        [("encore/runs/score.py", "", "\nCHANGED = 1\n")],
        lambda about: about["stage"] == "score",
    ),
    "the training loop": (
        [("encore/runs/loop.py", "", "\nCHANGED = 1\n")],
        lambda about: about["stage"] == "train",
    ),
    "a metric": (
        [("encore/metrics/transfer.py", "", "\nCHANGED = 1\n")],
        lambda about: about["stage"] == "measure" and "transfers" in about["gives"],
    ),
    "which way of a metric is better": (
        [(KINDS, '"MSE": Metric((EDITS,), "lower"', '"MSE": Metric((EDITS,), "higher"')],
        lambda about: about["stage"] in ("compare", "plot") and "mse" in about.get("table", "mse"),
    ),
    "a kind of figure": (
        [("encore/figures/history.py", "", "\nCHANGED = 1\n")],
        lambda about: about["stage"] == "plot" and about["kind"] == "history",
    ),
    "a setting": (
        [("papers/piad.yaml", "n_weight: {value: 100,", "n_weight: {value: 50,")],
        lambda about: runs_of("piad")(about),
    ),
}


@pytest.mark.parametrize(("edits", "chosen"), SOMETHING.values(), ids=SOMETHING.keys())
def test_what_makes_exactly_its_own_jobs_again(copy, before, edits, chosen):
    expected = {job for job, (_, about) in before.items() if chosen(about)}
    assert expected
    if any("which way" in name for name, entry in SOMETHING.items() if entry[0] is edits):
        assert changed_by(copy, before, edits) <= expected
        return
    assert changed_by(copy, before, edits) == expected


def test_every_experiment_has_its_jobs(before):
    assert {job.split()[1] for job in before if job.startswith("train ")} == set(all_experiments())

"""Everything that PIAD's paper shows, from generated files in the true formats to tables and figures.

The networks are the paper's own; the features are small random ones and the runs a few iterations long, since
this is about the line and not about its numbers.
"""

import csv
import json
import os
import re

import pytest

pytestmark = pytest.mark.workflow

ITERATIONS = int(os.environ.get("ENCORE_TEST_ITERATIONS", "3"))  # of every PIAD run here

UNITS = {
    "piad-mnist": ["0"],
    "piad-fmnist": ["bag"],
    "piad-cifar10": ["airplane", "automobile"],
    "ablation-baseline": ["automobile"],
    "ablation-gr-norm": ["automobile"],
    "ablation-perc": ["automobile"],
    "ablation-perc-l1": ["automobile"],
    "piad-coil100": ["79"],
    "piad-lsun": ["bedroom"],
    "piad-celeba": ["Bald", "Wearing_Hat"],
    "ocsvm-mnist": ["1"],
    "kde-mnist": ["1"],
    "ocsvm-cifar10": ["automobile"],
    "kde-cifar10": ["automobile"],
    "kde-mnist-sweep": ["3"],
    "ocsvm-mnist-pixels": ["1"],
    "kde-mnist-pixels": ["1"],
    "ocsvm-cifar10-pixels": ["automobile"],
    "kde-cifar10-pixels": ["automobile"],
    "kde-mnist-pixels-sweep": ["3"],
}
TABLES = [
    "piad_table1",
    "piad_table2",
    "piad_table3_left",
    "piad_table3_center",
    "piad_table3_right",
    "piad_lsun",
    "piad_pixels",
]
FIGURES = ["piad_figure4", "piad_figure4_samples", "piad_figure5"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, copy_of_project, generated):
    """A copy in which all of PIAD ran on generated data."""
    project = copy_of_project(tmp_path_factory.mktemp("whole"))
    generated.write_all(project.folder / "data")
    names = [name for name in generated.DATASETS if name != "digits"]
    select = {name: {"units": units} for name, units in UNITS.items()}
    config = {
        "papers": ["piad"],
        "reading": "code",
        "seeds": [0],
        "select": select,
        "data_dir": "data",
        "accept_unverified": names,
        "device": "cpu",
    }
    (project.folder / "config.yaml").write_text(json.dumps(config))
    path = project.folder / "workflow" / "papers" / "piad.yaml"
    shortened = rf"value: {ITERATIONS}, source: \1"
    text = re.sub(r"value: \d+000, source: (supplement 1|\"configs)", shortened, path.read_text())
    text = text.replace("features: {value: vgg19, source", "features: {value: random_vgg, source")
    path.write_text(text.replace("batch_size: {value: 32,", "batch_size: {value: 4,"))
    project.snakemake(*TABLES, *FIGURES)
    return project


def rows_of(project, table):
    with (project.folder / f"results/tables/{table}.csv").open() as stream:
        return {(row["dataset"], row["method"], row["subset"]): row for row in csv.DictReader(stream)}


def test_every_target_made_its_files(whole):
    for name in TABLES:
        for form in ("csv", "md", "tex", "html"):
            assert (whole.folder / f"results/tables/{name}.{form}").stat().st_size > 300
    for name in FIGURES:
        assert (whole.folder / f"results/figures/{name}.png").stat().st_size > 10_000


def test_every_chosen_cell_was_run_and_none_is_compared(whole):
    tables = {name: rows_of(whole, name) for name in TABLES[1:]}
    run = {key: row for rows in tables.values() for key, row in rows.items() if row["reproduced"]}
    assert {
        ("MNIST", "PIAD", "0"),
        ("MNIST", "KDE", "1"),
        ("CIFAR-10", "OC-SVM", "car"),
        ("CIFAR-10", "PIAD", "airplane"),
        ("CelebA", "PIAD", "Bald"),
        ("CelebA", "PIAD", "Wearing_Hat"),
        ("LSUN", "PIAD", "bedroom vs conference room"),
    } <= run.keys()
    assert all(0 <= float(row["reproduced"]) <= 1 for row in run.values())
    assert {row["verdict"] for row in run.values()} <= {"not comparable", ""}
    # An average over one or two of ten classes is none.
    averages = {key: row for key, row in tables["piad_table3_right"].items() if key[2] == "avg"}
    assert {row["verdict"] for row in averages.values()} == {"missing"}
    assert all("of 10 units" in row["note"] for row in averages.values())


def test_data_sets_are_counted(whole):
    rows = rows_of(whole, "piad_table1")
    assert rows["COIL-100", "# instances", "all"]["reproduced"] == "7200.0"
    assert {row["verdict"] for row in rows.values()} == {"not comparable"}
    assert rows["CelebA", "# classes", "all"]["reproduced"] == "5.0"
    assert rows["LSUN(bedroom)", "# instances", "all"]["reproduced"] == "72.0"


def test_claims_are_judged_and_say_why_not(whole):
    record = json.loads((whole.folder / "results/tables/piad_table3_center.json").read_text())
    claims = {claim["claim"]: claim for claim in record["claims"]}
    assert claims["eyeglasses_and_hat_easiest"]["verdict"] == "missing"
    assert claims["bald_fails"]["verdict"] == "not comparable"
    assert claims["bald_fails"]["published_holds"] is True


def test_one_training_serves_all_attributes(whole):
    runs = whole.folder / "results/runs/piad-celeba"
    assert (runs / "Bald/0/model.safetensors").is_file()
    assert not (runs / "Wearing_Hat/0/model.safetensors").exists()
    record = json.loads((runs / "Wearing_Hat/0/score.json").read_text())
    assert "results/runs/piad-celeba/Bald/0/model.safetensors" in record["inputs"]


def test_all_of_it_verifies(whole):
    assert "every file is the one that its record describes" in whole.verify()


def test_every_printed_number_belongs_to_a_target(whole):
    """Numbers in the CSV by where they are printed, against the sources of tables and figures."""
    from encore.papers.read import load_paper

    paper = load_paper("piad")
    sources = {table.get("source") for table in paper.tables.values()}
    left = {row["table"] for row in paper.published} - sources
    assert left == {
        "Figure 1",
        "Figure 5",
    }  # shown by piad_figure1 and piad_figure5, printed in their captions
    for number, target in (("Figure 1", "piad_figure1"), ("Figure 5", "piad_figure5")):
        for row in paper.published:
            if row["table"] == number:
                assert row["value"] in paper.figures[target]["caption"]


def test_piad_plans_the_closed_form_number_of_runs(project):
    plan = project.planned("piad")
    classes = 10 * 3
    # MNIST, Fashion-MNIST, CIFAR-10 with its ablation; COIL-100; LSUN
    piad = 7 * classes + 30 * 3 + 3
    # Two methods on MNIST and CIFAR-10, whitened and not, with a sweep each; three more shares of variance.
    shallow = 2 * (4 * 10 + 2) + 2 * 3 * 10
    assert plan["score"] == piad + 5 * 3 + shallow
    assert plan["train"] == piad + 3 + shallow  # one model a seed for all five attributes, as in the code
    assert project.planned("piad", "--config", "reading=paper")["train"] == piad + 5 * 3 + shallow
    # MNIST; Fashion-MNIST, divided anew for each seed; CIFAR-10; COIL-100, anew too; LSUN; CelebA
    assert plan["split"] == 10 + 10 * 3 + 10 + 30 * 3 + 1 + 5
    assert plan["count"] == plan["download"] == 6


def test_plan_says_what_it_would_take(project):
    output = project.snakemake("plan")
    assert re.search(r"^piad-cifar10 +piad +30 +3,000,000 +no measured rate", output, re.MULTILINE)

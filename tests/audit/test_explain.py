"""A page for a cell: what it says, when it warns, and that a terminal can show it."""

import dataclasses
import json
import shutil
import sys

import pytest

from encore.audit import links
from encore.audit.explain import explain, explain_cell
from encore.audit.manifest import LEFT_OUT
from encore.audit.page import as_text
from encore.audit.records import LOCK, RecordError, recorded
from encore.audit.trail import CellOfTable, cells_of_table, read_trail
from encore.datasets.inventory import RawFile, write_inventory
from encore.digest import file_digest
from encore.papers.find import find_experiment
from encore.papers.read import load_paper
from encore.script import UserError
from encore.strict import ConfigError
from encore.tables.build import build_table
from encore.tables.files import write_csv
from encore.tables.verdicts import NOTHING

SCORES = "results/runs/demo-piad/0/0/scores.csv"
MODEL = "results/runs/demo-piad/0/0/model.safetensors"


@pytest.fixture
def results(small_demo, tmp_path):
    """A folder with a copy of the small demo's results, to break."""
    shutil.copytree(small_demo.folder / "results", tmp_path / "results")
    return tmp_path


def page(folder, target="demo", dataset=None, subset="0", method="PIAD"):
    (found,) = explain(read_trail(folder), target, dataset=dataset, subset=subset, method=method)
    return found


def section(page, heading):
    return next(section for section in page.sections if section.heading == heading)


def said(page, heading="The number"):
    return "\n".join(section(page, heading).sentences)


def cells(page, heading):
    """What the first column of a section's table names -> the rest of that row."""
    return {row[0]: row[1:] for row in section(page, heading).rows}


# --- what is on it -----------------------------------------------------------------------------------


def test_a_page_has_all_parts_in_the_order_of_a_readers_questions(small_demo):
    found = page(small_demo.folder)
    assert [section.heading for section in found.sections] == [
        "The number",
        "How it was averaged",
        "Runs",
        "What each run deviates in",
        "Settings",
        "Data",
        "The chain",
        "Made with",
        "Try it yourself",
    ]
    record = json.loads((small_demo.folder / "results/runs/demo-piad/0/0/train.json").read_text())
    row = dict(zip(section(found, "Runs").columns, section(found, "Runs").rows[0], strict=True))
    assert found.title == f"demo: PIAD on digits, 0: AUROC {float(row['AUROC']):.3f}"
    assert (row["unit"], row["seed"], row["device"], row["iterations"]) == ("0", "0", "cpu", "10")
    assert row["code"] == record["code_digest"][:8]
    assert row["settings"] == record["settings_digest"][:8]
    assert cells(found, "How it was averaged") == {"0": (row["AUROC"],)}
    assert "one seed" in cells(found, "The number")["reproduced"][1]
    assert "Protocol pooled_80_20, split seed 0." in said(found, "Data")
    raw = cells(found, "Data")["scikit-learn:digits.csv.gz"]
    assert raw[2:] == ("yes", "contents sha256")
    assert cells(found, "Made with")["torch"] == (record["environment"]["libraries"]["torch"],)
    commands = said(found, "Try it yourself")
    assert f"$ {' '.join(record['command'][:4])}" in commands
    assert "score.py --experiment demo-piad --unit 0 --seed 0" in commands
    assert "python -m encore.audit verify" in commands


def test_settings_are_those_that_were_run_and_the_assumed_ones_stand_first(small_demo):
    found = page(small_demo.folder)
    rows = section(found, "Settings").rows
    assert cells(found, "Settings")["iterations"][:2] == ("10", "assumed")  # 300 in the papers here
    assert cells(found, "Settings")["drift_on"] == ("both", "released code", "code", "")
    sources = [row[2] for row in rows]
    assumed = sources.count("assumed")
    assert 0 < assumed < len(rows)
    assert set(sources[:assumed]) == {"assumed"}
    assert f"{assumed} of {len(rows)} are assumed" in said(found, "Settings")


def test_what_is_stale_and_what_deviates_stands_above_the_number(small_demo):
    """To the papers here, the small demo's ten iterations are not the present ones."""
    found = page(small_demo.folder)
    assert "STALE: trained and scored with other settings than the present ones (run 0/0)." in said(found)
    assert "DEVIATES: perceptual features of a small VGG" in said(found)
    assert {row[0] for row in section(found, "What each run deviates in").rows} == {"stale", "deviates"}


def test_in_its_own_project_nothing_is_stale_and_no_deviation_has_no_section(small_demo):
    code = (
        "from encore.audit.explain import explain; from encore.audit.page import as_text;"
        "from encore.audit.trail import read_trail;"
        "print(as_text(*explain(read_trail(), 'demo', dataset=None, subset='1', method='kde')))"
    )
    output = small_demo.run(sys.executable, "-c", code)
    assert "STALE" not in output
    assert "What each run deviates in" not in output
    assert "No run deviates from the paper in a declared way" in output
    assert "deterministic" in output


def test_the_chain_leads_from_the_table_to_the_inventory_and_holds(small_demo):
    found = page(small_demo.folder)
    rows = section(found, "The chain").rows
    assert [row[1] for row in rows] == [
        "tables/demo.csv",
        "measures/demo-piad.csv",
        "runs/demo-piad/0/0/scores.csv",
        "runs/demo-piad/0/0/model.safetensors",
        "splits/digits/pooled_80_20/0/0.safetensors",
        "datasets/digits.csv",
    ]
    assert {row[3] for row in rows} == {"holds"}
    assert rows[2][4:] == ("score.json", "score/demo-piad/0/0.log")
    assert "All 6 files still are the ones that were recorded." in said(found, "The chain")
    assert "CHANGED" not in said(found)


# --- when it warns -----------------------------------------------------------------------------------


def test_changed_scores_show_as_changed(results):
    (results / SCORES).write_text((results / SCORES).read_text() + "\n")
    found = page(results)
    states = {row[1]: row[3] for row in section(found, "The chain").rows}
    assert states.pop("runs/demo-piad/0/0/scores.csv") == "has changed"
    assert set(states.values()) == {"holds"}
    assert f"CHANGED: {SCORES}: no longer what was recorded." in said(found)
    assert "CHANGED" not in said(page(results, subset="1"))


def test_a_file_that_is_gone_a_changed_record_and_a_lost_record_show(results):
    (results / MODEL).unlink()
    scored = results / SCORES.replace("scores.csv", "score.json")
    scored.write_text(scored.read_text() + "\n")
    (results / "results/splits/digits/pooled_80_20/0/0.json").unlink()
    found = page(results)
    rows = {row[1]: row for row in section(found, "The chain").rows}
    assert rows["runs/demo-piad/0/0/model.safetensors"][3] == "is missing"
    assert rows["runs/demo-piad/0/0/scores.csv"][4] == "score.json, has changed"
    assert rows["splits/digits/pooled_80_20/0/0.safetensors"][3] == "no record"
    for word in ("CHANGED", "MISSING", "NO RECORD"):
        assert f"{word}: results/" in said(found)


def test_what_an_export_leaves_out_is_not_missing(results):
    digest = file_digest(results / MODEL)
    (results / MODEL).unlink()
    (results / LEFT_OUT).write_text(f"{digest}  {MODEL}\n")
    found = page(results)
    assert f"LEFT OUT: {MODEL}: not in this export" in said(found)
    assert "MISSING" not in said(found)


def test_pretrained_weights_stand_among_the_raw_files(results):
    name = "results/weights/vgg19.safetensors"
    (results / name).parent.mkdir()
    (results / name).write_bytes(b"weights")
    digest = file_digest(results / name)
    for path in (results / "results/runs/demo-piad/0/0").glob("*.json"):
        record = json.loads(path.read_text())
        record["inputs"][name] = {"sha256": digest, "bytes": 7}
        path.write_text(json.dumps(record))
    raw = RawFile("pretrained/vgg19.pth", 548_051_225, "cd" * 32, True, "sha256_prefix")
    record |= {"rule": "weights", "inputs": {}, "outputs": {name: {"sha256": digest, "bytes": 7}}}
    (results / name).with_suffix(".json").write_text(json.dumps(record | {"raw": dataclasses.asdict(raw)}))
    found = page(results)
    assert cells(found, "Data")["pretrained/vgg19.pth"] == ("548,051,225", "cd" * 6, "yes", "sha256_prefix")
    assert {row[1]: row[3] for row in section(found, "The chain").rows}[
        "weights/vgg19.safetensors"
    ] == "holds"


def test_a_split_made_again_after_the_training_does_not_hold(results):
    """Its own record describes it as it is, but the training read another one."""
    name = "results/splits/digits/pooled_80_20/0/0.safetensors"
    record = results / name.replace(".safetensors", ".json")
    (results / name).write_bytes((results / name).read_bytes() + b" ")
    content = json.loads(record.read_text())
    content["outputs"][name]["sha256"] = file_digest(results / name)
    record.write_text(json.dumps(content))
    assert f"CHANGED: {name}" in said(page(results))


def test_a_table_that_says_another_number_than_its_measures_is_contradicted(results):
    table = results / "results/tables/demo.csv"
    value = next(line for line in table.read_text().splitlines() if ",PIAD,0," in line).split(",")[8]
    table.write_text(table.read_text().replace(value, "0.5", 1))
    found = page(results)
    assert f"CONTRADICTED: the measures give {float(value):.5f}, the table says 0.50000" in said(found)


def test_files_are_read_once_for_all_cells(small_demo, monkeypatch):
    read = []
    monkeypatch.setattr(links, "file_digest", lambda path: read.append(path) or "0" * 64)
    links._digest.cache_clear()
    explain(read_trail(small_demo.folder), "demo", dataset=None, subset=None, method="PIAD")
    links._digest.cache_clear()
    files = [path for path in read if path != LOCK]
    assert len(files) > 8
    assert len(files) == len(set(files))


# --- other cells -------------------------------------------------------------------------------------


@pytest.fixture
def table2(results):
    """Results that hold PIAD's Table 2, of which nothing was run."""
    frame = build_table(load_paper("piad"), "piad_table2", {}, "code", {}, {})
    write_csv(frame, results / "results/tables/piad_table2.csv")
    return results


def test_a_cited_cell_says_that_it_was_not_run(table2):
    found = page(table2, "piad_table2", "MNIST", "3", "ADGAN")
    assert [section.heading for section in found.sections] == ["The number"]
    assert found.title == "piad_table2: ADGAN on MNIST, 3: AUROC cited"
    assert "was not run: the paper took it from elsewhere (copied from" in said(found)
    assert cells(found, "The number")["verdict"][0] == "cited"


def test_a_missing_cell_says_why_and_what_is_allowed(table2):
    found = page(table2, "piad_table2", "MNIST", "3")
    assert "There is no number of our own here: not run." in said(found)
    rows = cells(found, "The number")
    assert rows["printed"] == ("0.981", "Perceptual Image Anomaly Detection (2019), Table 2")
    assert rows["margin ε"][0] == "0.02"
    assert rows["allowed"][0] == "0.9605 to 1.0015"
    assert rows["verdict"] == ("missing", "not run, or failed")
    assert "snakemake --profile profiles/local piad_table2" in said(found, "Try it yourself")


def test_an_average_that_lacks_units_says_which(small_demo):
    found = page(small_demo.folder, subset="avg")
    assert "There is no number of our own here: 2 of 5 units run." in said(found)
    assert "Seed 0 is left out: it lacks the units 4, 7, 8." in said(found, "How it was averaged")
    assert cells(found, "How it was averaged")["4"] == ("not run",)


def test_a_counted_cell_has_number_data_and_chain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    counts, inventory = (
        tmp_path / "results/datasets/mnist_counts.csv",
        tmp_path / "results/datasets/mnist.csv",
    )
    file = RawFile("mnist/train-images-idx3-ubyte.gz", 12, "ab" * 32, False, "")
    write_inventory([file], inventory)
    names = [path.relative_to(tmp_path) for path in (inventory, counts)]
    counts.write_text("class,count,verified\n0,6,False\ntotal,6,False\n")
    about = {"dataset": "mnist", "licence": "none", "homepage": "http://example.org"}
    records = [path.with_suffix(".json") for path in names]
    with recorded("download", records[0], outputs=names[:1]) as record:
        record.about |= about
    with recorded("count", records[1], names[:1], names[1:]):
        pass
    row = {"dataset": "MNIST", "method": "# classes", "subset": "all", "metric": "n_classes"}
    row |= {"published": "10", "published_sd": "", "reproduced": 10.0, "n": 1, "verdict": "not comparable"}
    row |= dict.fromkeys(("sd", "ci_low", "ci_high", "margin"), float("nan")) | {
        "reading": "code",
        "note": "",
    }
    cell = CellOfTable(row, None, (), "", (names[1].as_posix(),))
    found = explain_cell(read_trail(tmp_path), "piad_table1", cell)
    headings = [section.heading for section in found.sections]
    assert headings == ["The number", "Data", "The chain", "Try it yourself"]
    assert found.title == "piad_table1: # classes of MNIST: 10"
    assert "UNVERIFIED: no published checksum vouches for 1 of 1 raw files." in said(found, "Data")
    chain = [row[1] for row in section(found, "The chain").rows]
    assert chain == ["tables/piad_table1.csv", "datasets/mnist_counts.csv", "datasets/mnist.csv"]


def runs_by_hand(small_demo, values):
    """Runs as of the small demo's, with values by (unit, seed)."""
    (cell,) = [
        cell
        for cell in cells_of_table(read_trail(small_demo.folder), "demo")
        if cell.place == ("digits", "PIAD", "0")
    ]
    (run,) = cell.runs
    return cell, [
        dataclasses.replace(run, unit=unit, seed=seed, value=value) for (unit, seed), value in values.items()
    ]


def average(cell, runs, reproduced, n):
    row = dict(cell.row) | {"subset": "avg", "method": "Reverse-VAE", "reproduced": reproduced, "n": n}
    experiment = find_experiment("demo-reverse-vae")
    return CellOfTable(row, experiment, tuple(runs), cell.measures, cell.files)


def test_an_average_is_over_units_then_over_seeds_that_have_all(small_demo):
    units = find_experiment("demo-reverse-vae").units
    values = {(unit, seed): 0.5 + 0.1 * seed for unit in units for seed in (0, 1)} | {(units[0], 2): 0.9}
    cell, runs = runs_by_hand(small_demo, values)
    trail = read_trail(small_demo.folder)
    found = explain_cell(trail, "reverse_vae_demo", average(cell, runs, 0.55, 2))
    assert "CONTRADICTED" not in said(found)
    assert "then the mean of these over seeds: 0.55000." in said(found, "How it was averaged")
    assert "Seed 2 is left out" in said(found, "How it was averaged")
    assert cells(found, "How it was averaged")["mean"] == ("0.50000", "0.60000", NOTHING)
    other = explain_cell(trail, "reverse_vae_demo", average(cell, runs, 0.6, 2))
    assert "CONTRADICTED: the measures give 0.55000" in said(other)


def test_runs_that_differ_in_settings_devices_or_state_are_told_apart(small_demo):
    cell, (first, second, third) = runs_by_hand(small_demo, {("0", 0): 0.5, ("0", 1): 0.7, ("0", 2): 0.6})
    trained = json.loads(json.dumps(first.trained))
    trained["job"]["settings"]["learning_rate"] = 0.25
    trained["device"] = {"device": "NVIDIA H100", "threads": 1, "memory_bytes": 85 * 2**30, "cuda": "13.0"}
    trained["source"] = {"commit": "0123456789abcdef", "dirty": True}
    trained["diverged"] = "demo-piad 0/1 diverged: a loss is nan."
    second = dataclasses.replace(second, trained=trained)
    third = dataclasses.replace(third, scored={}, trained={})
    row = dict(cell.row) | {"reproduced": 0.6, "n": 3}
    cell = dataclasses.replace(cell, row=row, runs=(first, second, third))
    found = explain_cell(read_trail(small_demo.folder), "demo", cell)
    assert "DIVERGED: demo-piad 0/1 diverged: a loss is nan (run 0/1)." in said(found)
    assert "NO RECORD: of how it was trained and scored (run 0/2)." in said(found)
    assert "The runs differ in learning_rate." in said(found, "Settings")
    assert "Scored with other settings than trained: 0/1." in said(found, "Settings")
    rates = [row for row in section(found, "Settings").rows if row[0] == "learning_rate"]
    assert {row[1]: row[4].rpartition("; ")[2] for row in rates} == {
        "0.0005": "in run 0/0",
        "0.25": "in run 0/1",
    }
    devices = {row[1]: row[2] for row in section(found, "Made with").rows if row[0] == "device"}
    assert devices == {"cpu": "0/0 trained, 0/0 scored, 0/1 scored", "NVIDIA H100": "0/1 trained"}
    commits = [row[7] for row in section(found, "Runs").rows]
    assert commits[1:] == ["01234567 + changes", NOTHING]


# --- which cells -------------------------------------------------------------------------------------


def test_words_of_paper_and_catalogue_fit_in_any_case_and_cells_keep_their_order(table2):
    trail = read_trail(table2)

    def titles(**wanted):
        wanted = dict.fromkeys(("dataset", "subset", "method")) | wanted
        return [page.title for page in explain(trail, "piad_table2", **wanted)]

    assert titles(dataset="mnist", subset="3", method="piad") == [
        "piad_table2: PIAD on MNIST, 3: AUROC missing"
    ]
    by_catalogue = titles(dataset="cifar10", subset="CAR")
    assert by_catalogue == titles(dataset="CIFAR-10", subset="car")
    assert len(by_catalogue) > 2  # cited cells, too
    assert all(" on CIFAR-10, car:" in title for title in by_catalogue)
    everything = titles()
    assert [title for title in everything if title in by_catalogue] == by_catalogue
    assert any("cited" in title for title in everything)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"dataset": "digts"}, "demo has no dataset 'digts' (did you mean 'digits'?); known: digits."),
        ({"method": "GAN"}, "demo has no method 'GAN'; known: OC-SVM, KDE, PIAD."),
        (
            {"subset": "eleven", "dataset": "digits"},
            "demo has no subset 'eleven' of dataset digits; known: 0, 1, 4, 7, 8, avg.",
        ),
    ],
)
def test_a_cell_that_is_not_there_is_one_sentence_with_those_that_are(small_demo, wanted, sentence):
    wanted = dict.fromkeys(("dataset", "subset", "method")) | wanted
    with pytest.raises(ConfigError) as error:
        explain(read_trail(small_demo.folder), "demo", **wanted)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("piad_table4", "there is no table 'piad_table4'; did you mean 'piad_table"),
        (
            "piad_table3",
            "groups tables; explain one of them: piad_table3_left, piad_table3_center, piad_table3_r",
        ),
        ("piad_table2_auroc", "is a figure, which has no cells; explain a table of the same: piad_table2."),
        (
            "reverse_vae_figure9",
            "is a figure, which has no cells; explain a table of the same: reverse_vae_auroc,",
        ),
        ("piad", "is a paper; explain one of its tables: piad_table1, piad_table2,"),
        (
            "piad_table1",
            "the table piad_table1 was not made here: there is no results/tables/piad_table1.csv;",
        ),
    ],
)
def test_a_target_that_has_no_cells_is_one_sentence_with_a_way_on(small_demo, target, sentence):
    with pytest.raises(UserError) as error:
        explain(read_trail(small_demo.folder), target, dataset=None, subset=None, method=None)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


# --- as text -----------------------------------------------------------------------------------------


def test_a_page_fits_a_terminal_but_for_its_commands(small_demo):
    pages = explain(read_trail(small_demo.folder), "demo", dataset=None, subset=None, method=None)
    for text in map(as_text, pages):
        long = [line for line in text.splitlines() if len(line) > 100]
        assert all(line.startswith("    python workflow/scripts/") for line in long)
        assert not any(line != line.rstrip() for line in text.splitlines())
    assert "iterations" in as_text(page(small_demo.folder))


# --- what is broken --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tables/demo.csv", "measures/demo-piad.csv"])
@pytest.mark.parametrize(
    "content", [b"", b'\xff\x00,\n"', b"a,b\n1,2\n", b'seed,value\n"', b"\x00" * 9], ids=range(5)
)
def test_a_file_of_numbers_that_is_none_is_one_sentence(name, content, results):
    (results / "results" / name).write_bytes(content)
    with pytest.raises(RecordError, match=f"results/{name} cannot be read any more: ") as caught:
        page(results)
    assert "\n" not in str(caught.value)


def test_measures_of_no_runs_are_right(results):
    """An experiment of which the configuration asks for no seed has measures of no rows."""
    path = results / "results/measures/demo-piad.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert page(results).title


@pytest.mark.parametrize("name", ["tables/demo.csv", "measures/demo-piad.csv"])
def test_what_stands_twice_is_one_sentence(name, results):
    path = results / "results" / name
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    with pytest.raises(RecordError, match=f"results/{name} cannot be read any more: .*(twice|than once)"):
        page(results)


def test_left_out_hides_no_table(results):
    (results / LEFT_OUT).write_text(f"{file_digest(results / SCORES)}  {SCORES}\n")
    (results / SCORES).unlink()
    assert f"MISSING: {SCORES}" in said(page(results))


def test_a_record_gives_a_terminal_no_commands(results):
    path = results / "results/runs/demo-piad/0/0/train.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"deviations": ["\x1b[2Jgone"]}))
    text = as_text(page(results))
    assert "\x1b" not in text
    assert "\\x1b[2Jgone" in text

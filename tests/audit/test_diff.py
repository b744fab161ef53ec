"""Two folders of results: which cells differ, and since which link; copies of a demo, one thing changed."""

import copy
import csv
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from encore.audit.diff import diff
from encore.audit.records import recorded
from encore.papers.read import load_paper
from encore.script import UserError
from encore.tables.build import build_table
from encore.tables.files import read_measures, read_table, write_csv

TABLE = "results/tables/demo.csv"
MEASURES = "results/measures/demo-piad.csv"
INVENTORY = "results/datasets/digits.csv"
HISTORY = "results/runs/demo-piad/0/0/history.csv"


def run_file(name, unit="0"):
    return f"results/runs/demo-piad/{unit}/0/{name}"


def split_file(unit="0"):
    return f"results/splits/digits/pooled_80_20/{unit}/0.safetensors"


class Copy:
    """A copy of results whose records and tables can be edited, as another run would have written them."""

    def __init__(self, folder):
        self.folder = folder
        paths = [
            path for path in folder.rglob("*.json") if "audit" not in path.parts and "logs" not in path.parts
        ]
        self.paths = {path.relative_to(folder).as_posix(): path for path in paths}

    def record(self, name, **changes):
        """Change a record by `changes`, key -> function of the old value, and write it."""
        content = json.loads(self.paths[name].read_text())
        for key, change in changes.items():
            content[key] = change(copy.deepcopy(content[key]))
        self.paths[name].write_text(json.dumps(content))

    def other(self, *names):
        """Give files another digest, in the records of all who wrote or read them."""
        for path in self.paths.values():
            content = json.loads(path.read_text())
            for part in ("inputs", "outputs"):
                for name in names:
                    if name in content[part]:
                        old = content[part][name]["sha256"]
                        content[part][name]["sha256"] = hashlib.sha256(old.encode()).hexdigest()
            path.write_text(json.dumps(content))

    def value(self, number, unit="0", measured=True):
        """Another number of PIAD on a digit, in the measures and in the table."""
        if measured:
            path = self.folder / MEASURES
            with open(path, newline="") as stream:
                rows = list(csv.DictReader(stream))
            for row in rows:
                if (row["unit"], row["score"], row["metric"]) == (unit, "score", "AUROC"):
                    row["value"] = number
            with open(path, "w", newline="") as stream:
                writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            self.other(MEASURES)
        self.cell(unit, reproduced=number)

    def cell(self, unit, **changes):
        frame = read_table(self.folder / TABLE)
        row = (frame["method"] == "PIAD") & (frame["subset"] == unit)
        for column, value in changes.items():
            frame.loc[row, column] = value
        write_csv(frame, self.folder / TABLE)
        self.other(TABLE, *(TABLE.replace("csv", form) for form in ("md", "tex", "html")))

    def runs(self, **changes):
        """Change the records of both trainings and scorings of PIAD."""
        for unit in ("0", "1"):
            for name in ("train.json", "score.json"):
                self.record(run_file(name, unit), **changes)


@pytest.fixture
def two(small_demo, tmp_path):
    """The small demo's results twice: a folder to compare with, and a copy to change."""
    for name in ("a", "b"):
        shutil.copytree(small_demo.folder / "results", tmp_path / name / "results")
    both = [Copy(tmp_path / name) for name in ("a", "b")]
    for one in both:
        one.value(0.981)
        one.value(0.662, "1")
    return both


def since(two):
    return diff(two[0].folder, two[1].folder)


def other_weights(changed, *units):
    for unit in units:
        changed.other(*(run_file(name, unit) for name in ("model.safetensors", "history.csv", "scores.csv")))


def other_settings(job):
    return job | {"settings": job["settings"] | {"learning_rate": 0.001}}


# --- nothing differs ---------------------------------------------------------------------------------


def test_equal_results_differ_in_nothing(two):
    assert since(two) == []


def test_times_hosts_and_processes_are_no_difference(two):
    two[1].runs(
        run=lambda run: run | {"started": "2030-01-01T00:00:00Z", "host": "elsewhere", "seconds": 9.0}
    )
    assert since(two) == []


def test_folders_may_be_results_themselves_under_any_name(two, tmp_path):
    (two[1].folder / "results").rename(tmp_path / "from the cluster")
    assert diff(two[0].folder / "results", tmp_path / "from the cluster") == []


@pytest.mark.parametrize("kind", ["nothing", "empty", "no record"])
def test_a_folder_without_results_is_one_sentence(two, tmp_path, kind):
    folder = tmp_path / kind
    if kind != "nothing":
        folder.mkdir()
    if kind == "no record":
        (folder / "results/tables").mkdir(parents=True)
    with pytest.raises(UserError) as error:
        diff(two[0].folder, folder)
    assert str(error.value).startswith(f"{folder} holds ")
    assert "\n" not in str(error.value)


# --- since which link --------------------------------------------------------------------------------


def test_since_the_settings(two):
    other_weights(two[1], "0")
    two[1].value(0.977)
    two[1].runs(job=other_settings, settings_digest=lambda _: "12ab34cd" * 8)
    assert since(two) == [
        "demo, digits 0, PIAD: 0.981 to 0.977, since the settings of its training: "
        "learning_rate 0.0005, now 0.001."
    ]


def test_cells_that_differ_since_the_same_link_share_a_sentence(two):
    other_weights(two[1], "0", "1")
    two[1].value(0.977)
    two[1].value(0.7, "1")
    two[1].runs(job=other_settings, settings_digest=lambda _: "12ab34cd" * 8)
    assert since(two) == [
        "2 cells of demo differ since the settings of their training: learning_rate 0.0005, now 0.001; "
        "the first is digits 0, PIAD: 0.981 to 0.977."
    ]


def test_many_settings_are_shown_in_part(two):
    other_weights(two[1], "0")
    two[1].value(0.977)
    two[1].runs(job=lambda job: job | {"settings": dict.fromkeys(job["settings"]) | {"new": "{x}"}})
    (sentence,) = since(two)
    assert "batch_size 32, now none; betas [0.5, 0.99], now none; " in sentence
    assert sentence.endswith("and 28 more.")


def test_since_the_code_of_the_training(two):
    other_weights(two[1], "0")
    two[1].value(0.977)
    for unit in ("0", "1"):
        two[1].record(run_file("train.json", unit), code_digest=lambda _: "12ab34cd" * 8)
    old = json.loads(two[0].paths[run_file("train.json")].read_text())["code_digest"][:8]
    assert since(two) == [
        f"demo, digits 0, PIAD: 0.981 to 0.977, since the code of its training ({old}, now 12ab34cd)."
    ]


def test_what_led_to_the_same_weights_is_no_reason_for_other_scores(two):
    two[1].other(run_file("scores.csv"))
    two[1].value(0.977)
    two[1].record(run_file("train.json"), code_digest=lambda _: "12ab34cd" * 8)
    two[1].record(run_file("score.json"), code_digest=lambda _: "ef56ab78" * 8)
    (sentence,) = since(two)
    assert "since the code of its scoring (" in sentence
    assert "now ef56ab78)." in sentence


def environment(version):
    return lambda about: about | {"libraries": about["libraries"] | {"torch": version}}


def test_since_another_device_gave_other_weights(two):
    for one, version in zip(two, ("2.15.0", "2.11.0"), strict=True):
        one.runs(environment=environment(version))
    other_weights(two[1], "0")
    two[1].value(0.977)
    two[1].runs(device=lambda device: device | {"device": "NVIDIA H100"})
    assert since(two) == [
        "demo, digits 0, PIAD: 0.981 to 0.977, since the same code, settings and data gave other weights: "
        "cpu / torch 2.15.0 against NVIDIA H100 / torch 2.11.0."
    ]


def test_precision_stands_with_the_device(two):
    other_weights(two[1], "0")
    two[1].value(0.977)
    two[1].runs(job=lambda job: job | {"precision": "tf32"}, settings_digest=lambda _: "0" * 64)
    (sentence,) = since(two)
    assert "gave other weights: cpu / precision float32 / torch" in sentence
    assert "against cpu / precision tf32 / torch" in sentence


def test_a_training_that_does_not_repeat_itself_is_told(two):
    other_weights(two[1], "0")
    two[1].value(0.977)
    two[1].record(run_file("train.json"), run=lambda run: run | {"restarts": 2})
    (sentence,) = since(two)
    assert "gave other weights on the same device (cpu / torch " in sentence
    assert sentence.endswith("after 0 restarts in A and 2 in B.")


def test_since_the_split_though_the_code_of_the_training_changed_too(two):
    for unit in ("0", "1"):
        two[1].other(split_file(unit))
        two[1].record(run_file("train.json", unit), code_digest=lambda _: "12ab34cd" * 8)
    other_weights(two[1], "0", "1")
    two[1].value(0.977)
    two[1].value(0.7, "1")
    assert since(two) == [
        "2 cells of demo differ since the split of seed 0 (digits, pooled_80_20); "
        "the first is digits 0, PIAD: 0.981 to 0.977."
    ]


def test_since_the_raw_files_come_first_of_all(two):
    two[1].other(INVENTORY, split_file())
    other_weights(two[1], "0")
    two[1].value(0.977)
    old, new = (
        json.loads(one.paths["results/datasets/digits.json"].read_text())["outputs"][INVENTORY]["sha256"][:8]
        for one in two
    )
    assert since(two)[0] == (
        f"demo, digits 0, PIAD: 0.981 to 0.977, since the raw files: digits {old}, now {new}."
    )


def test_since_other_scores_of_the_same_model(two):
    two[1].other(run_file("scores.csv"))
    two[1].value(0.977)
    (sentence,) = since(two)
    assert (
        "since the same code, settings and data gave other scores on the same device (cpu / torch" in sentence
    )


def test_since_the_measures_of_the_same_scores(two):
    two[1].value(0.977)
    for one, commit in zip(two, "ab", strict=True):
        one.record(
            "results/measures/demo-piad.json", source=lambda _, c=commit: {"commit": c * 40, "dirty": False}
        )
    assert since(two) == [
        "demo, digits 0, PIAD: 0.981 to 0.977, since the code that measures the same scores "
        "(commit aaaaaaaa, now bbbbbbbb)."
    ]


def test_since_the_table_or_the_paper_of_the_same_measures(two):
    two[1].value(0.977, measured=False)
    (sentence,) = since(two)
    assert sentence.endswith("0.981 to 0.977, since the code of the table or the paper's data.")


def test_a_verdict_that_differs_is_a_difference_since_the_printed_number(two):
    two[0].cell("0", published="0.98", margin=0.02, verdict="reproduced")
    two[1].cell("0", published="0.99", margin=0.02, verdict="below")
    assert since(two) == [
        "demo, digits 0, PIAD: reproduced to below, since the printed number: 0.98, now 0.99."
    ]


def test_a_verdict_that_is_stale_in_one_says_in_which(two):
    two[1].cell("0", verdict="stale")
    (sentence,) = since(two)
    assert sentence.endswith("PIAD: no verdict to stale, since B was stale when its table was made.")


def test_a_small_difference_is_shown_with_as_many_digits_as_it_takes(two):
    two[1].other(run_file("scores.csv"))
    two[1].value(0.98100002)
    assert "PIAD: 0.98100000 to 0.98100002, since" in since(two)[0]


def test_a_link_without_record_is_told(two):
    other_weights(two[1], "0")
    two[1].value(0.977)
    two[1].paths[run_file("train.json")].unlink()
    assert "since a link that is not known, for B has no record of its training." in since(two)[0]


# --- runs, tables and files --------------------------------------------------------------------------


def test_runs_that_only_one_has_are_named_and_are_the_reason(two):
    folder = two[0].folder
    path = folder / MEASURES
    path.write_text(
        "".join(line for line in path.read_text().splitlines(True) if not line.startswith("demo-piad,1,"))
    )
    two[0].cell("1", reproduced=float("nan"), n=0)
    shutil.rmtree(folder / "results/runs/demo-piad/1")
    found = since(two)
    assert found[0] == "demo, digits 1, PIAD: nothing to 0.662, n 0 to 1, since only B ran it."
    assert found[1] == "1 run more in B: demo-piad 1/0."
    assert len(found) == 2


def test_seeds_that_only_one_has_are_the_reason(two):
    path = two[1].folder / MEASURES
    lines = path.read_text().splitlines(True)
    path.write_text("".join([*lines, *(line.replace(",0,0,", ",0,7,") for line in lines if ",0,0," in line)]))
    two[1].cell("0", n=2)
    assert since(two) == ["demo, digits 0, PIAD: n 1 to 2, since only B has the seed 7."]


def test_tables_that_only_one_has_are_named(two):
    shutil.copy(two[0].folder / TABLE, two[0].folder / "results/tables/piad_table2.csv")
    assert since(two) == ["1 table more in A: piad_table2."]


def test_a_table_of_no_paper_is_not_compared(two):
    for one in two:
        shutil.copy(one.folder / TABLE, one.folder / "results/tables/gone.csv")
    assert since(two) == ["No paper has the table gone any more, so it was not compared."]


def test_files_that_differ_without_a_cell_are_counted(two):
    two[1].other(HISTORY, run_file("history.csv", "1"), split_file())
    assert since(two) == [
        "Other digests too, though no cell that differs depends on them: "
        "history.csv of 2 runs, 1 file in results/splits."
    ]


def test_a_figure_that_differs_without_its_table_is_told_with_the_reason(two):
    two[1].other("results/figures/demo_history.png", HISTORY)
    two[1].other("results/figures/demo_auroc.png")
    found = since(two)
    assert found[0] == (
        "The figure demo_auroc differs though no cell of its table does, drawn from the same files by other "
        "code, or with other words of the paper."
    )
    assert found[1] == (
        "The figure demo_history differs though no cell of its table does, drawn from other files: "
        "history.csv of 1 run."
    )
    assert len(found) == 3  # the history itself


def test_a_figure_of_a_table_that_differs_needs_no_sentence(two):
    other_weights(two[1], "0")
    two[1].other("results/figures/demo_history.png", "results/figures/demo_auroc.png")
    two[1].value(0.977)
    two[1].runs(job=other_settings)
    assert len(since(two)) == 1


def test_counts_differ_since_the_raw_files_or_the_code_that_counts(tmp_path, monkeypatch):
    row = "piad,piad_table1,MNIST,# classes,all,n_classes,10,,{n},,1,,,,{verdict},code,\n"
    head = (
        "paper,table,dataset,method,subset,metric,published,published_sd,reproduced,sd,n,ci_low,ci_high,margin,"
        "verdict,reading,note\n"
    )
    for name, n, inventory in (("a", 10.0, "x"), ("b", 9.0, "y"), ("c", 9.0, "x")):
        root = tmp_path / name
        (root / "results/datasets").mkdir(parents=True)
        (root / "results/tables").mkdir()
        monkeypatch.chdir(root)
        files = [root / f"results/datasets/mnist{part}.csv" for part in ("", "_counts")]
        for path, text in zip(files, (inventory, f"class,count,verified\n{n}\n"), strict=True):
            path.write_text(text)
        raw, counts = (path.relative_to(root) for path in files)
        with recorded("download", raw.with_suffix(".json"), outputs=[raw]) as record:
            record.about |= {"dataset": "mnist", "licence": "none", "homepage": "http://example.org"}
        with recorded("count", counts.with_suffix(".json"), [raw], [counts]):
            pass
        verdict = "reproduced" if n == 10 else "below"
        (root / "results/tables/piad_table1.csv").write_text(head + row.format(n=n, verdict=verdict))
    (sentence,) = diff(tmp_path / "a", tmp_path / "b")
    assert sentence.startswith(
        "piad_table1, MNIST all, # classes: 10 to 9, reproduced to below, since the raw files: mnist "
    )
    (sentence,) = diff(tmp_path / "a", tmp_path / "c")
    assert sentence.endswith("since the code that counts images.")


# --- edits that a classifier judges ------------------------------------------------------------------

JOB = {"method": "m", "protocol": "p", "split_seed": 0, "precision": "float32", "settings": {}}
JUDGED = "results/runs/demo-ifcvaegan/closed_loop/0"
JUDGE = "results/runs/demo-judge/closed_loop/0/model.safetensors"


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """How to write the results of one judged run into a folder: its value, and the content of its models."""

    def write(name, value, *, judge="judge", model="model", code="c0dec0de"):
        root = tmp_path / name
        for folder in (JUDGED, JUDGE.rpartition("/")[0], "results/measures", "results/tables"):
            (root / folder).mkdir(parents=True)
        monkeypatch.chdir(root)
        about = {"experiment": "demo-ifcvaegan", "unit": "closed_loop", "seed": 0, "code_digest": code * 8}
        about |= {"device": {"device": "cpu"}, "job": JOB}
        about |= {
            "reading": "code",
            "settings_digest": "5" * 64,
            "deviations": [],
            "sources": {},
            "iterations": 1,
        }
        measures = root / "results/measures/demo-ifcvaegan.csv"
        files = {f"{JUDGED}/model.safetensors": model, JUDGE: judge, f"{JUDGED}/scores.csv": str(value)}
        for path, text in files.items():
            (root / path).write_text(text)
        measures.write_text(
            "experiment,unit,seed,score,metric,value,device,code,scored_by,settings,iterations,deviations,"
            "diverged,flags\n"
            f"demo-ifcvaegan,closed_loop,0,score,Class0,{value},cpu,c,k,s,1,,,\n"
        )
        record("train", JUDGED, [], "model.safetensors", about)
        record(
            "train", JUDGE.rpartition("/")[0], [], "model.safetensors", about | {"experiment": "demo-judge"}
        )
        models = [JUDGE, f"{JUDGED}/model.safetensors"]
        record("judge", JUDGED, models, "scores.csv", about, "score.json")
        record(
            "measure", "results/measures", [f"{JUDGED}/scores.csv"], measures.name, {}, "demo-ifcvaegan.json"
        )
        frame = read_measures(measures).assign(stale="")
        facts, paper = {"demo-ifcvaegan": False}, load_paper("ifcvaegan")
        table = build_table(paper, "ifcvaegan_demo", {"demo-ifcvaegan": frame}, "code", facts, {})
        write_csv(table, root / "results/tables/ifcvaegan_demo.csv")
        return root

    def record(rule, folder, inputs, output, about, name=""):
        path = Path(folder) / (name or f"{rule}.json")
        with recorded(rule, path, inputs, [Path(folder) / output]) as told:
            told.about |= about

    return write


def digest_of(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def test_equal_judged_results_differ_in_nothing(judged):
    assert diff(judged("a", 0.5), judged("b", 0.5)) == []


def test_since_the_classifier_that_judges(judged):
    """Before the code of the scoring, which it goes with; and not its own model, which is the same."""
    a, b = judged("a", 0.5), judged("b", 0.75, judge="another", code="12ab34cd")
    assert diff(a, b) == [
        "ifcvaegan_demo, digits closed_loop, best model (alpha=0.2): 0.500 to 0.750, since the classifier "
        f"that judges its edits: {digest_of('judge')}, now {digest_of('another')}."
    ]


def test_another_model_comes_before_another_judge(judged):
    a, b = judged("a", 0.5), judged("b", 0.75, judge="another", model="other", code="12ab34cd")
    (sentence,) = diff(a, b)
    assert sentence.endswith("0.500 to 0.750, since the code of its training (c0dec0de, now 12ab34cd).")


def test_a_judge_that_is_the_same_is_no_reason(judged):
    (sentence,) = diff(judged("a", 0.5), judged("b", 0.75, code="12ab34cd"))
    assert sentence.endswith("since the code of its scoring (c0dec0de, now 12ab34cd).")


def test_another_judge_that_says_the_same_is_counted_without_a_cell(judged):
    assert diff(judged("a", 0.5), judged("b", 0.5, judge="another")) == [
        "Other digests too, though no cell that differs depends on them: model.safetensors of 1 run."
    ]

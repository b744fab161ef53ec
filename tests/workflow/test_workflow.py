"""The workflow as a user meets it: menu, plans, what reruns and what does not, errors in one sentence."""

import json
import os
import re
import resource
import time

import pytest

from encore.files import ROOT

pytestmark = pytest.mark.workflow


def test_the_menu_names_every_target_with_a_sentence(project):
    menu = dict(re.findall(r"^(\w+) \((.+)\)$", project.snakemake("--list-target-rules"), re.MULTILINE))
    assert {"all", "audit", "demo", "piad", "piad_table2"} <= menu.keys()
    assert "Table 2" in menu["piad_table2"]


def seconds_of_children():
    """Seconds of the processor that finished child processes have used, theirs and the system's."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_all_is_planned_in_seconds(project):
    """Seconds of the processor: other work on a shared machine cannot make them more."""
    began = seconds_of_children()
    plan = project.planned("all")
    assert seconds_of_children() - began < 20
    assert sum(plan.values()) > 800


def test_the_slurm_profile_plans_too(project):
    assert project.planned("--profile", "profiles/slurm", "demo")["train"] == 15


def test_without_a_dataset_its_cells_are_not_run(project):
    plan = project.planned("piad_table2", "--config", "datasets=[mnist]")
    assert plan["train"] == 10 * 3 + 10 + 10 + 2
    assert plan["download"] == 1


def test_figures_without_runs_are_left_out(project):
    """Figure 4 is of CelebA, Figure 5 of CIFAR-10: with MNIST alone neither has anything to show."""
    plan = project.planned("piad", "--config", "datasets=[mnist]")
    assert "extremes" not in plan
    drawn = project.snakemake("-n", "piad", "--config", "datasets=[mnist]")
    assert "piad_figure1.png" in drawn
    assert "piad_figure4" not in drawn
    assert "piad_figure5" not in drawn


def test_a_wrong_configuration_ends_before_any_job_with_a_sentence_each(project):
    (project.folder / "config.yaml").write_text(
        "papers: [paid]\nreading: code\nseeds: [0]\ndata_dir: d\nsed: 1\n"
    )
    output = project.snakemake("-n", "all", expect=1)
    assert "papers: found 'paid'; did you mean 'piad'?" in output
    assert "unknown key 'sed', did you mean 'seeds'?" in output
    assert "Traceback" not in output


def test_a_key_given_twice_ends_before_any_job(project):
    with (project.folder / "config.yaml").open("a") as stream:
        stream.write("reading: paper\n")
    assert "the key 'reading' stands twice" in project.snakemake("-n", "all", expect=1)


def test_a_missing_file_and_no_network_is_one_sentence(project):
    """Loopback's discard port stands for no network: nothing listens there."""
    catalogue = project.folder / "workflow" / "encore" / "datasets" / "catalogue.yaml"
    catalogue.write_text(
        re.sub(r"https?://\S+/$", "http://127.0.0.1:9/", catalogue.read_text(), flags=re.MULTILINE)
    )
    output = project.snakemake("results/datasets/mnist.csv", expect=1)
    assert "mnist/train-images-idx3-ubyte.gz: could not be downloaded" in output
    assert "by hand" in output
    assert "Traceback" not in output


RUN = "results/runs/piad-mnist/1/0/train.json"


def planned_resources(project, *arguments):
    """gpu and device of the training that a dry run with the SLURM profile plans."""
    output = project.snakemake("-n", RUN, "--profile", "profiles/slurm", *arguments)
    (line,) = (line for line in output.splitlines() if "resources:" in line and "checkpoint_seconds" in line)
    return re.findall(r"\b(?:gpu|device)=(\w+)", line)


def test_on_a_cluster_auto_is_the_gpu_whatever_else_the_command_line_says(project):
    """`--config` replaces all that a profile has under `config`."""
    assert planned_resources(project, "--config", "datasets=[mnist]") == ["1", "cuda"]
    assert planned_resources(project, "--config", "device=cpu") == ["0", "cpu"]
    replaced = ("--default-resources", "slurm_account=x")  # the list of the profile
    refused = project.snakemake("-n", RUN, "--profile", "profiles/slurm", *replaced, expect=1)
    assert "--default-resources on the command line replaces those of profiles/slurm" in refused


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["piad_tabel2"], "There is no target 'piad_tabel2'; did you mean 'piad_table2'?"),
        (["results/tables/piad_tabel2.csv"], "did you mean 'results/tables/piad_table2.csv'?"),
        (["results/runs/demo-kde/1/007/scores.csv"], "There is no target"),
        (["results/runs/demo-kde/zebra/0/scores.csv"], "demo-kde has no unit 'zebra'"),
        (["plan", "piad_tabel2"], "found 'piad_tabel2'; did you mean 'piad_table2'?"),
        (["plan", "results/tables/demo.csv"], "stand names of papers, tables and figures"),
        (["demo", "--until", "trian"], "--until: there is no rule 'trian'; did you mean 'train'?"),
        (["demo", "--config", "sed=1"], "unknown key 'sed', did you mean 'seeds'?"),
    ],
)
def test_what_is_asked_for_and_is_not_ends_in_a_sentence(shared_project, asked, said):
    output = shared_project.snakemake("-n", *asked, expect=1)
    assert said in output
    assert "Traceback" not in output


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory, copy_of_project):
    """A copy of the project for dry runs alone."""
    return copy_of_project(tmp_path_factory.mktemp("shared"))


def test_a_name_beside_plan_and_status_says_of_what_they_speak_and_starts_nothing(shared_project):
    assert shared_project.planned("plan", "status", "piad_table2") == {
        "piad_table2": 1,  # without inputs
        "plan": 1,
        "status": 1,
    }
    said = shared_project.snakemake("plan", "status", "demo", "-q", "all")
    assert "demo: 0 of" in said
    assert "demo-piad" in said
    assert "piad-mnist" not in said
    assert not (shared_project.folder / "results/runs").exists()
    assert not (shared_project.folder / "results/audit").exists()


def test_what_reaches_a_shell_is_quoted_or_held_to_harmless_letters():
    """Every field of every command: `:q`, or a wildcard with a constraint, or what Snakemake says itself."""
    rules = {path.name: path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk")}
    constraints = re.search(r"\nwildcard_constraints:\n((?:    .*\n)+)", rules["common.smk"])[1]
    constrained = set(re.findall(r"^    (\w+)=", constraints, re.MULTILINE))
    fields = []
    for name, text in rules.items():
        for line in text.splitlines():
            if line.lstrip().startswith(("#", 'f"', '"""')) or "category=" in line or "labels=" in line:
                continue
            for literal in re.findall(r'(?<!f)"([^"]*)"', line):
                fields += [(name, field) for field in re.findall(r"{([a-z_.]+(?::q)?)}", literal)]
    assert len(fields) > 60
    for name, field in fields:
        kind, _, of = field.removesuffix(":q").partition(".")
        harmless = field == "threads" or field.endswith(":q")
        assert harmless or (kind == "wildcards" and of in constrained), f"{name}: {{{field}}}"
    for pattern in ("protocol", "unit", "seed", "split_seed"):
        found = re.search(rf'^    {pattern}="(.*)",$', constraints, re.MULTILINE)[1]
        assert not re.fullmatch(found, "a b;$(c)")


# --- a finished demo ---------------------------------------------------------------------------------


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.snakemake("demo")


def test_rules_list_what_their_records_tell_of(small_demo):
    """What a script reads and its rule does not list can change without the job being run again."""
    found = small_demo.unlisted()
    assert "results/measures/demo-piad.json" in found
    assert {name: inputs for name, inputs in found.items() if inputs} == {}


def test_a_training_that_was_done_again_is_measured_again(finished):
    """The same model with a new record, as `snakemake -f` leaves it; nothing is to be scored again."""
    assert finished.planned("demo") == {}
    finished.edit("results/runs/demo-piad/1/0/train.json", '"seconds": ', '"seconds": 1')
    assert finished.planned("results/measures/demo-piad.csv") == {"measure": 1}


def test_the_demos_table_has_no_verdict_and_says_what_it_is(small_demo):
    html = (small_demo.folder / "results" / "tables" / "demo.html").read_text()
    assert "random weights" in html
    rows = (small_demo.folder / "results" / "tables" / "demo.csv").read_text().splitlines()
    verdict = rows[0].split(",").index("verdict")
    # Cells of digits that were left out say so; no cell is compared with a paper.
    assert {row.split(",")[verdict] for row in rows[1:]} <= {"", "missing"}


def test_records_hold_what_an_auditor_asks_for(small_demo):
    record = json.loads((small_demo.folder / "results/runs/demo-piad/1/0/train.json").read_text())
    assert record["experiment"] == "demo-piad"
    assert (record["unit"], record["seed"], record["iterations"]) == ("1", 0, 10)
    assert record["job"]["settings"]["batch_size"] == 32
    assert record["sources"]["batch_size"]["source"] == "supplement 1"
    assert record["sources"]["learning_rate"]["source"] == "assumed"
    assert record["environment"]["libraries"]["torch"]
    assert record["device"]["device"] == "cpu"
    assert re.fullmatch("[0-9a-f]{64}", record["code_digest"])
    assert "results/splits/digits/pooled_80_20/1/0.safetensors" in record["inputs"]
    assert set(record["outputs"]) == {
        "results/runs/demo-piad/1/0/model.safetensors",
        "results/runs/demo-piad/1/0/history.csv",
    }


def test_touching_code_reruns_nothing(finished):
    now = time.time() + 60
    for path in (finished.folder / "workflow").rglob("*"):
        os.utime(path, (now, now))
    assert finished.planned("demo") == {}


def test_a_number_in_a_method_reruns_its_jobs_only(finished):
    finished.edit(
        "workflow/encore/methods/piad.py",
        "return self.last(leaky_relu(self.collapse(",
        "return 1.0 * self.last(leaky_relu(self.collapse(",
    )
    plan = finished.planned("demo")
    assert plan["train"] == plan["score"] == plan["reconstruct"] == 2
    assert plan["measure"] == 1
    assert "split" not in plan
    assert "download" not in plan


def test_a_comment_in_a_method_reruns_nothing(finished):
    finished.edit("workflow/encore/methods/piad.py", '"""A(x) (1), one number', '"""A(x), one number')
    assert finished.planned("demo") == {}


def test_what_writes_records_reruns_nothing(finished):
    finished.edit("workflow/encore/audit/records.py", "SCHEMA = 1", "SCHEMA = 2 - 1")
    assert finished.planned("demo") == {}


def test_a_setting_reruns_its_experiment_only(finished):
    finished.edit(
        "workflow/papers/piad.yaml",
        "latent: {value: 16, source: assumed",
        "latent: {value: 8, source: assumed",
    )
    plan = finished.planned("demo")
    assert plan["train"] == 2
    assert plan["measure"] == 1


def test_another_reading_reruns_what_it_changes(finished):
    plan = finished.planned("demo", "--config", "reading=paper")
    assert plan["train"] == 2  # of PIAD; no setting of the shallow methods has two readings


def test_seeds_and_units_add_runs_and_repeat_none(finished):
    finished.edit("config.yaml", "seeds: [0]", "seeds: [0, 1]")
    plan = finished.planned("demo")
    assert plan["train"] == 2
    assert "split" not in plan


def test_snakemakes_own_report_works_without_a_network(finished):
    finished.snakemake("demo", "--report", "report.html")
    report = (finished.folder / "report.html").read_text()
    assert "demo_auroc" in report
    assert "demo.html" in report


# --- the audit trail ---------------------------------------------------------------------------------


def test_a_finished_demo_verifies(small_demo):
    assert "every file is the one that its record describes" in small_demo.verify()


def test_sha256sums_checks_with_coreutils_alone(small_demo):
    small_demo.run("sha256sum", "--check", "--strict", "--quiet", "results/audit/SHA256SUMS")


def test_one_flipped_byte_in_a_score_is_named(finished):
    path = finished.folder / "results/runs/demo-kde/1/0/scores.csv"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert "results/runs/demo-kde/1/0/scores.csv has changed" in finished.verify(expect=1)


@pytest.mark.parametrize(
    "name",
    [
        "results/runs/demo-piad/0/0/train.json",
        "results/runs/demo-piad/0/0/model.safetensors",
        "results/tables/demo.json",
        "results/splits/digits/pooled_80_20/1/0.safetensors",
        "results/figures/demo_auroc.png",
        "results/datasets/digits.csv",
    ],
)
def test_a_removed_file_is_named(finished, name):
    (finished.folder / name).unlink()
    assert f"{name} is missing" in finished.verify(expect=1)


def test_a_removed_record_is_named_even_without_the_audit_folder(finished):
    (finished.folder / "results/tables/demo.json").unlink()
    (finished.folder / "results/audit/SHA256SUMS").unlink()
    assert "results/tables/demo.csv has no record" in finished.verify(expect=1)


def test_a_file_put_there_by_hand_is_named(finished):
    (finished.folder / "results/tables/better.csv").write_text("auroc\n1.0\n")
    assert "results/tables/better.csv has no record" in finished.verify(expect=1)


def test_an_audit_written_anew_does_not_bless_a_changed_file(finished):
    path = finished.folder / "results/runs/demo-kde/1/0/scores.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    finished.snakemake("audit")
    assert "scores.csv has changed" in finished.verify(expect=1)


def test_the_manifest_leads_from_a_cell_to_the_raw_file(small_demo):
    manifest = json.loads((small_demo.folder / "results/audit/manifest.json").read_text())
    cells = manifest["tables"]["demo"]["cells"]
    (found,) = (run for c in cells if (c["method"], c["subset"]) == ("PIAD", "1") for run in c["runs"])
    files, run = found["chain"], "results/runs/demo-piad/1/0"
    assert (found["unit"], found["seed"]) == ("1", 0)
    assert files[:2] == [f"{run}/scores.csv", f"{run}/model.safetensors"]
    assert files[-1] == "results/datasets/digits.csv"
    assert "results/splits/digits/pooled_80_20/1/0.safetensors" in files
    assert {raw["inventory"] for raw in manifest["raw"].values()} == {files[-1]}
    for name in files:
        about = manifest["files"][name]
        assert small_demo.run("sha256sum", name).split()[0] == about["sha256"]
        assert (small_demo.folder / manifest["records"][about["record"]]["log"]).is_file()
    record = manifest["records"][f"{run}/train.json"]
    assert (record["device"], record["environment"]) == ("cpu", 0)

"""Papers and configuration as data: what is wrong is said, all of it, a sentence each."""

import copy
import dataclasses
import re

import pytest
import yaml

from encore import papers
from encore.datasets.catalogue import DATASETS
from encore.digest import settings_digest
from encore.papers import (
    ROOT,
    check_config,
    experiments_of,
    find_experiment,
    load_paper,
    load_papers,
    parse_paper,
    read_published,
)
from encore.strict import ConfigError, load_yaml

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
PIAD_YAML = ROOT / "workflow" / "papers" / "piad.yaml"


def config(**changed):
    return copy.deepcopy(CONFIG) | changed


def faults_of(action, *arguments):
    with pytest.raises(ConfigError) as caught:
        action(*arguments)
    return str(caught.value).splitlines()


def paper_with(name, change):
    """Faults of a paper's YAML after `change` has altered it."""
    content = load_yaml(PIAD_YAML.with_stem(name))
    change(content)
    return faults_of(parse_paper, name, content, load_paper(name).published, f"{name}.yaml")


def piad_with(change):
    """Faults of PIAD's YAML after `change` has altered it."""
    return paper_with("piad", change)


# --- config.yaml -------------------------------------------------------------------------------------


def test_the_shipped_configuration_is_valid():
    check_config(config())


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"redaing": "code"}, "unknown key 'redaing', did you mean 'reading'?"),
        ({"reading": "papers"}, "reading: found 'papers'; did you mean 'paper'?"),
        ({"papers": ["piadd"]}, "papers: found 'piadd'; did you mean 'piad'?"),
        ({"seeds": ["1e-3"]}, "seeds[0]: found '1e-3', expected integer (YAML reads it as text"),
        ({"seeds": []}, "seeds: the list is empty."),
        ({"seeds": [1, 1]}, "seeds: something stands twice in [1, 1]."),
        ({"seeds": [-1]}, "seeds[0]: -1 is less than the minimum of 0."),
        ({"accept_unverified": ["minst"]}, "accept_unverified: found 'minst'; did you mean 'mnist'?"),
        ({"datasets": ["cifar"]}, "datasets: found 'cifar'; did you mean 'cifar10'?"),
        ({"select": {"piad-mnst": {"seeds": [0]}}}, "select: found 'piad-mnst'; did you mean 'piad-mnist'?"),
        (
            {"select": {"piad-mnist": {"units": ["10"]}}},
            "select.piad-mnist.units: found '10'; did you mean '1'?",
        ),
        ({"select": {"piad-mnist": {"units": [3]}}}, "select.piad-mnist.units[0]: found 3, expected string."),
        ({"checkpoint_seconds": 0}, "checkpoint_seconds: 0 is less than the minimum of 1."),
    ],
)
def test_a_fault_of_the_configuration_is_one_sentence(changed, expected):
    found = faults_of(check_config, config(**changed))
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].startswith("config.yaml: ")


def test_all_faults_of_the_configuration_come_at_once():
    wrong = config(reading="x", papers=["y"], seeds=["z"])
    del wrong["data_dir"]
    assert len(faults_of(check_config, wrong)) == 4


def test_a_key_given_twice_is_named_with_both_lines(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("papers: [piad]\nseeds: [0]\npapers: [x]\n")
    (fault,) = faults_of(load_yaml, path)
    assert "line 3: the key 'papers' stands twice (first in line 1)" in fault


def test_broken_yaml_is_named_with_its_line(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("papers: [piad\nseeds: [0]\n")
    (fault,) = faults_of(load_yaml, path)
    assert re.search(r"line 2: not valid YAML", fault)


# --- a paper's YAML ----------------------------------------------------------------------------------


def test_piad_is_valid_and_complete():
    piad = load_paper("piad")
    assert piad.experiments["piad-mnist"].units == tuple("0123456789")
    assert piad.experiments["piad-cifar10"].units == DATASETS["cifar10"].classes


def test_reverse_vae_is_valid_and_its_baselines_share_split_and_units():
    paper = load_paper("reverse_vae")
    compared = [paper.experiments[name] for name in ("reverse-vae-mnist", "efficientgan-mnist", "vae-mnist")]
    assert {experiment.units for experiment in compared} == {tuple("0123456789")}
    assert {experiment.protocols[reading] for experiment in compared for reading in ("paper", "code")} == {
        "digit_is_anomaly"
    }
    both = [compared[0].values(reading) for reading in ("paper", "code")]
    assert {name for name in both[0] if both[0][name] != both[1][name]} == {"critic_norm", "xi"}


def test_a_table_without_printed_numbers_needs_no_margins():
    def change(content):
        del content["tables"]["piad_table2"]["margins"]

    (fault,) = piad_with(change)
    assert fault.endswith("tables.piad_table2: a table with printed numbers needs margins.")
    assert "margins" not in load_paper("reverse_vae").tables["reverse_vae_auroc"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("experiments", "piad-mnist", "method"), "paid", "method: found 'paid'; did you mean 'piad'?"),
        (("experiments", "piad-mnist", "dataset"), "minst", "dataset: found 'minst'; did you mean 'mnist'?"),
        (("experiments", "piad-mnist", "protocol"), "one_vs_al", "did you mean 'one_vs_all'?"),
        (("experiments", "piad-mnist", "use"), ["paid"], "use: found 'paid'; did you mean 'piad'?"),
        (("experiments", "piad-mnist", "units"), ["ten"], "units: 'ten' is no class of mnist"),
        (("experiments", "piad-mnist", "sedes"), 1, "unknown key 'sedes'"),
        (
            ("experiments", "piad-mnist", "settings", "iteration"),
            {"value": 1, "source": "x"},
            "unknown setting 'iteration', did you mean 'iterations'?",
        ),
        (
            ("experiments", "piad-mnist", "settings", "learning_rate"),
            {"value": "1e-3", "source": "x"},
            "learning_rate: '1e-3' is read as text by YAML; write a number",
        ),
        (
            ("experiments", "piad-mnist", "settings", "iterations"),
            {"value": 5, "source": "assumed"},
            "the key 'reason' is missing",
        ),
        (
            ("experiments", "piad-mnist", "settings", "iterations"),
            {"paper": {"value": 5, "source": "x"}},
            "the key 'code' is missing",
        ),
        (
            ("experiments", "piad-mnist", "resemblance"),
            {"10": ["4"]},
            "resemblance: '10' is no unit of the experiment; did you mean '1'?",
        ),
        (
            ("experiments", "piad-mnist", "resemblance"),
            {"7": ["4", "99"]},
            "resemblance.7: '99' is no class of mnist; did you mean '9'?",
        ),
        (("experiments", "piad-mnist", "resemblance"), {"7": []}, "resemblance.7: the list is empty."),
        (
            ("experiments", "kde-mnist", "resemblance"),
            {"7": ["4"]},
            "kde-mnist: the method 'kde' does not offer `reconstruct`.",
        ),
        (
            ("tables", "piad_table2", "cells", 0, "units"),
            ["10"],
            "cells[0].units: '10' is no unit of ocsvm-mnist; did you mean '1'?",
        ),
        (("tables", "piad_table2", "figures"), ["x"], "figures: found 'x'"),
        (("tables", "piad_table2", "source"), "Table 9", "the CSV has no rows of 'Table 9'"),
        (("figures", "demo_auroc", "table"), "demos", "table: found 'demos'; did you mean 'demo'?"),
        (("figures", "demo_history", "experiment"), "demo-pia", "did you mean 'demo-piad'?"),
        (
            ("figures", "piad_figure5", "experiments"),
            {"ablation-pec": "perc"},
            "did you mean 'ablation-perc'?",
        ),
        (("targets", "piad_table3", "tables"), ["piad_table4"], "did you mean 'piad_table"),
        (("claims", "bald_fails", "table"), "piad_table3_centre", "did you mean 'piad_table3_center'?"),
    ],
)
def test_a_fault_of_a_papers_yaml_is_one_sentence(path, value, expected):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    found = piad_with(change)
    assert len(found) == 1
    assert expected in found[0]


def test_a_figure_of_images_needs_a_method_that_makes_them():
    def change(content):
        content["figures"]["demo_reconstructions"]["experiment"] = "demo-kde"

    assert piad_with(change) == [
        "piad.yaml: figures.demo_reconstructions: the method 'kde' does not offer `reconstruct`.",
        "piad.yaml: figures.demo_reconstructions: the method 'kde' does not offer `sample`.",
    ]


def test_a_figure_of_what_reconstructions_resemble_needs_them():
    def change(content):
        figure = content["figures"]["demo_reconstructions"]
        figure |= {"kind": "resemblance", "experiment": "demo-kde"}

    assert piad_with(change) == [
        "piad.yaml: figures.demo_reconstructions: the method 'kde' does not offer `reconstruct`."
    ]


def test_all_faults_of_what_reconstructions_resemble_come_at_once():
    def change(content):
        content["experiments"]["piad-mnist"]["resemblance"] = {"10": ["4", "11"], "7": ["12"]}

    assert len(piad_with(change)) == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"chance": {"value": 0.5, "source": "s"}}, "unknown key 'chance'"), ({}, "'threshold' is missing")],
)
def test_a_claim_of_at_least_takes_a_threshold_alone(change, expected):
    def altered(content):
        claim = content["claims"]["bald_fails"]
        kept = {name: claim[name] for name in ("says", "source", "table", "cell")}
        if change:
            kept["threshold"] = {"value": 0.5, "source": "s"}
        content["claims"]["bald_fails"] = kept | {"kind": "at_least"} | change

    (fault,) = piad_with(altered)
    assert expected in fault


def test_what_reconstructions_resemble_is_no_part_of_a_job():
    experiment = papers.find_experiment("reverse-vae-mnist")
    assert experiment.resemblance == {"7": ("4", "9")}
    silent = dataclasses.replace(experiment, resemblance={})
    assert silent.job("code", "float32") == experiment.job("code", "float32")
    assert papers.find_experiment("demo-reverse-vae").resemblance == {}


def test_a_missing_setting_is_named_with_what_it_means():
    (fault,) = piad_with(lambda content: content["experiments"]["piad-mnist"]["settings"].clear())
    assert "'iterations' is missing (N of Algorithm 1" in fault


def test_a_cell_that_the_paper_does_not_print_is_refused():
    def change(content):
        content["tables"]["piad_table2"]["cells"][0]["dataset"] = "MNST"

    (fault,) = piad_with(change)
    assert "the CSV prints no 'OC-SVM' on 'MNST'" in fault


# --- readings and runs -------------------------------------------------------------------------------


def test_readings_differ_where_paper_and_code_do_and_nowhere_else():
    experiment = papers.find_experiment("piad-mnist")
    paper, code = experiment.values("paper"), experiment.values("code")
    differing = {name for name in paper if paper[name] != code[name]}
    assert differing == {
        "learning_rate",
        "weight_decay",
        "drift_on",
        "gradient_norm",
        "gradient_aggregate",
        "history_kept",
    }
    assert (paper["learning_rate"], code["learning_rate"]) == (0.0002, 0.0001)
    assert experiment.resolve("paper")["learning_rate"].source == "supplement 1"


def test_runs_are_units_times_seeds():
    piad = papers.find_experiment("piad-mnist")
    assert len(papers.selected_runs(piad, config())) == 30
    few = {"piad-mnist": {"units": ["7", "1"], "seeds": [4]}}
    assert papers.selected_runs(piad, config(select=few)) == [("1", 4), ("7", 4)]
    assert papers.selected_runs(piad, config(select={"piad-mnist": {"seeds": []}})) == []
    assert papers.selected_runs(piad, config(datasets=["cifar10"])) == []


def test_one_training_serves_all_attributes_of_celeba_as_the_code_has_it():
    celeba = papers.find_experiment("piad-celeba")
    assert {celeba.trained_unit(unit, "code") for unit in celeba.units} == {"Bald"}
    assert [celeba.trained_unit(unit, "paper") for unit in celeba.units] == list(celeba.units)
    assert celeba.protocols == {"paper": "one_attribute", "code": "celeba_attributes"}


def test_a_deterministic_method_runs_once_a_unit():
    runs = papers.selected_runs(papers.find_experiment("kde-mnist"), config(seeds=[5, 6, 7]))
    assert runs == [(str(digit), 0) for digit in range(10)]


# --- methods with labels, and what judges them -------------------------------------------------------


def test_a_unit_is_its_own_attribute_unless_domains_are_named_for_it():
    one, several = find_experiment("demo-ifcvaegan"), find_experiment("dualvae-celeba")
    assert one.domains == {}
    assert one.domains_of("closed_loop") == ("closed_loop",)
    assert one.split_unit("closed_loop") == "closed_loop"
    names = DATASETS["celeba"].classes
    assert several.units == ("20", "40")
    assert several.domains_of("40") == names  # `all`
    assert several.domains_of("20") == tuple(sorted(names, key=names.index)[:20])
    assert several.split_unit("40") == several.split_unit("20") == "5_o_Clock_Shadow"


def test_domains_keep_the_order_in_which_they_are_named():
    experiment = find_experiment("demo-dualvae")
    turned = dataclasses.replace(experiment, domains={"7": ("odd", "closed_loop")})
    assert turned.domains_of("7") == ("odd", "closed_loop")
    assert turned.split_unit("7") == "odd"
    assert turned.job("code", "float32")["domains"] == {"7": ["odd", "closed_loop"]}


def test_edited_images_are_judged_and_all_others_scored():
    experiments = [e for paper in load_papers().values() for e in paper.experiments.values()]
    by_rule = {rule: {e.method for e in experiments if e.scored_by == rule} for rule in ("judge", "score")}
    assert by_rule["judge"] == {"ifcvaegan", "dualvae", "cvae", "fadernet", "stargan"}
    assert {"piad", "kde", "attribute_classifier", "inception_classifier"} < by_rule["score"]
    assert not by_rule["judge"] & by_rule["score"]


def test_a_job_holds_domains_only_where_there_are_some():
    """By hand, as jobs were before there were domains: what was trained then has the digest that it had."""
    seen = set()
    for paper in load_papers().values():
        for experiment in paper.experiments.values():
            job = {
                "method": experiment.method,
                "dataset": experiment.dataset,
                "shape": list(DATASETS[experiment.dataset].shape),
                "protocol": experiment.protocols["code"],
                "split_seed": experiment.split_seed,
                "precision": "float32",
                "settings": experiment.values("code"),
            }
            same = settings_digest(experiment.job("code", "float32")) == settings_digest(job)
            assert same == (not experiment.domains)
            seen.add(same)
    assert seen == {True, False}


def test_other_domains_or_another_order_of_them_are_another_job():
    experiment = find_experiment("demo-dualvae")
    names = experiment.domains["7"]
    turned = [dataclasses.replace(experiment, domains={"7": some}) for some in (names[::-1], names[:6])]
    assert len({settings_digest(one.job("code", "float32")) for one in (experiment, *turned)}) == 3


def test_how_edits_are_judged_is_no_part_of_a_job():
    experiment = find_experiment("demo-dualvae")
    assert experiment.judged == {"by": "demo-domains-judge", "amounts": [1, 2, 5, 10]}
    silent = dataclasses.replace(experiment, judged={})
    assert silent.job("code", "float32") == experiment.job("code", "float32")


def test_what_judges_is_run_after_what_it_judges_and_once():
    names = [experiment.name for experiment in experiments_of(["ifcvaegan_demo"])]
    assert names == ["demo-ifcvaegan", "demo-ifcvaegan-noaux", "demo-judge"]
    several = [experiment.name for experiment in experiments_of(["dualvae_demo", "ifcvaegan_demo"])]
    assert several[-4:] == ["demo-ifcvaegan", "demo-ifcvaegan-noaux", "demo-domains-judge", "demo-judge"]
    assert len(several) == len(set(several)) == 8
    figure = [experiment.name for experiment in experiments_of(["ifcvaegan_figure5"])]
    assert figure == ["ifcvaegan-celeba", "judge-celeba"]


def test_without_a_judge_the_experiments_are_those_that_are_named():
    assert [e.name for e in experiments_of(["demo"])] == ["demo-ocsvm", "demo-kde", "demo-piad"]


def test_a_table_takes_the_methods_own_score_unless_it_names_another():
    tables = load_paper("dualvae").tables
    assert (tables["dualvae_table1"]["score"], tables["dualvae_logits"]["score"]) == ("score", "logit")


IFCVAEGAN, DUALVAE = "demo-ifcvaegan", "demo-dualvae"


@pytest.mark.parametrize(
    ("paper", "experiment", "changed", "expected"),
    [
        (
            "ifcvaegan",
            IFCVAEGAN,
            {"units": ["closed_lop"]},
            "units: 'closed_lop' is no class of digit_attributes; did you mean 'closed_loop'?",
        ),
        (
            "dualvae",
            DUALVAE,
            {"units": ["77"]},
            "units: '77' is no class of digit_attributes; did you mean '7'?",
        ),
        (
            "dualvae",
            DUALVAE,
            {"domains": {"7": ["closed_loop", "slantet"]}},
            "domains.7: 'slantet' is no attribute of digit_attributes; did you mean 'slanted'?",
        ),
        (
            "dualvae",
            DUALVAE,
            {"domains": {"7": []}},
            "domains.7: found [], expected `all` or a list of texts.",
        ),
        ("piad", "piad-mnist", {"domains": {"7": ["4"]}}, "domains: the method 'piad' takes no labels."),
        ("piad", "kde-mnist", {"judged": {"by": "piad-mnist"}}, "the method 'kde' does not offer `edit`."),
        (
            "ifcvaegan",
            "demo-judge",
            {"judged": {"by": "demo-judge"}},
            "the method 'attribute_classifier' does not offer `edit`.",
        ),
        (
            "ifcvaegan",
            IFCVAEGAN,
            {"judged": {"by": "demo-jugde"}},
            "judged.by: found 'demo-jugde'; did you mean 'demo-judge'?",
        ),
        (
            "dualvae",
            DUALVAE,
            {"judged": {"by": "demo-cvae"}},
            "judged.by: the method 'cvae' of demo-cvae is no classifier.",
        ),
        (
            "dualvae",
            DUALVAE,
            {"units": ["odd"], "domains": {"odd": ["odd"]}},
            "judged.by: demo-domains-judge has no unit 'odd' of the same attributes.",
        ),
        (
            "dualvae",
            DUALVAE,
            {"domains": {"7": list(DATASETS["digit_attributes"].classes[::-1])}},
            "judged.by: demo-domains-judge has no unit '7' of the same attributes.",
        ),
        (
            "dualvae",
            DUALVAE,
            {"judged": {"by": "x", "images": 0}},
            "judged.images: 0 is less than the minimum of 1.",
        ),
        ("dualvae", DUALVAE, {"judged": {"images": 5}}, "judged: the key 'by' is missing."),
        (
            "dualvae",
            "demo-cvae",
            {"judged": {"by": "demo-domains-judge", "amounts": [5]}},
            "the method 'cvae' does not offer `transfer`.",
        ),
        (
            "dualvae",
            DUALVAE,
            {"domains": {"7": "all", "9": "all"}},
            "domains: '9' is no unit of the experiment; known: 7.",
        ),
    ],
)
def test_a_fault_of_what_edits_or_judges_is_one_sentence(paper, experiment, changed, expected):
    (fault,) = paper_with(paper, lambda content: content["experiments"][experiment].update(changed))
    assert fault.startswith(f"{paper}.yaml: experiments.{experiment}")
    assert fault.endswith(expected)


def sized(**sizes):
    """Sets the size of the images that the demo's DualVAE makes."""
    value = {name: {"value": size, "source": "s"} for name, size in sizes.items()}

    def change(content):
        settings = content["experiments"][DUALVAE]["settings"]
        settings["image_size"] = value.get("one", value)

    return change


@pytest.mark.parametrize("sizes", [{"one": 16}, {"paper": 16, "code": 8}, {"paper": 8, "code": 16}])
def test_a_judge_is_shown_images_of_its_own_size_under_both_readings(sizes):
    assert paper_with("dualvae", sized(**sizes)) == [
        "dualvae.yaml: experiments.demo-dualvae.judged.by: "
        "demo-domains-judge sees images of 8 pixels, demo-dualvae makes 16."
    ]


def test_one_domain_needs_a_method_that_reconstructs():
    def change(content):
        experiments = content["experiments"]
        experiments["judge"] = experiments["demo-domains-judge"] | {"units": ["odd"]}
        experiments["one"] = experiments["demo-stargan"] | {"units": ["odd"], "judged": {"by": "judge"}}
        for name in ("judge", "one"):
            del experiments[name]["domains"]

    (fault,) = paper_with("dualvae", change)
    assert fault == "dualvae.yaml: experiments.one: the method 'stargan' does not offer `reconstruct`."


def test_a_judge_with_a_fault_of_its_own_is_blamed_for_that_alone():
    def change(content):
        content["experiments"]["demo-judge"]["protocol"] = "held_out_fith"

    (fault,) = paper_with("ifcvaegan", change)
    assert fault.startswith("ifcvaegan.yaml: experiments.demo-judge.protocol: found 'held_out_fith'")


def test_all_faults_of_a_judge_come_at_once():
    def change(content):
        sized(one=16)(content)
        content["experiments"][DUALVAE] |= {"units": ["7", "odd"], "judged": {"by": "demo-cvae"}}

    place = "dualvae.yaml: experiments.demo-dualvae.judged.by: "
    assert paper_with("dualvae", change) == [
        place + "the method 'cvae' of demo-cvae is no classifier.",
        place + "demo-cvae has no unit 'odd' of the same attributes.",
        place + "demo-cvae sees images of 8 pixels, demo-dualvae makes 16.",
    ]


def test_a_method_without_labels_has_no_share_of_them_to_hide():
    def change(content):
        content["experiments"]["piad-mnist"]["settings"]["missing_labels"] = {"value": 0.5, "source": "s"}

    (fault,) = piad_with(change)
    assert "settings: unknown setting 'missing_labels'" in fault


# --- the printed numbers -----------------------------------------------------------------------------


def test_averages_that_piad_prints_are_those_of_its_cells():
    """Every printed average of Table 2 is the mean of its ten cells, but for one that is known not to be."""
    cells = {}
    for row in load_paper("piad").published:
        if row["table"] == "Table 2":
            cells.setdefault((row["dataset"], row["method"]), {})[row["subset"]] = float(row["value"])
    assert len(cells) == 17
    for key, values in cells.items():
        average = values.pop("avg")
        if not values:
            assert key == ("CIFAR-10", "ALAD")
            continue
        tolerance = 0.0008 if key == ("CIFAR-10", "OCGAN") else 0.00051
        assert len(values) == 10
        assert sum(values.values()) / 10 == pytest.approx(average, abs=tolerance)


def test_every_printed_number_of_piad_is_there():
    counts = {}
    for row in load_paper("piad").published:
        counts[row["table"]] = counts.get(row["table"], 0) + 1
    assert counts == {
        "Table 1": 12,
        "Table 2": 177,
        "Table 3 (left)": 6,
        "Table 3 (center)": 5,
        "Table 3 (right)": 5,
        "Section 4.1 text": 2,
        "Figure 1": 6,
        "Figure 5": 3,
    }


def test_figure_8_of_reverse_vae_has_a_row_a_bar_and_no_number():
    bars = [row for row in load_paper("reverse_vae").published if row["table"] == "Figure 8"]
    assert {row["method"] for row in bars} == {"VAE (An & Cho)", "EfficientGAN", "Reverse-VAE"}
    assert {(row["metric"], row["subset"]) for row in bars} == {
        (metric, str(digit)) for metric in ("AUROC", "AUPRC") for digit in range(10)
    }
    assert len(bars) == 60
    assert not any(row["value"] for row in bars)


def test_the_tables_of_section_4_5_have_a_row_each_and_no_number():
    paper = load_paper("reverse_vae")
    rows = [row for row in paper.published if row["table"] == "Section 4.5"]
    assert {(row["subset"], row["value"]) for row in rows} == {("avg", ""), ("7", "")}
    (seven,) = paper.tables["reverse_vae_seven"]["cells"]
    assert (seven["experiment"], seven["units"]) == ("reverse-vae-mnist", ["7"])


def test_a_csv_with_other_columns_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    (fault,) = faults_of(read_published, path)
    assert "expected the columns paper, table" in fault

"""A paper's YAML as data: what is wrong is said before any job, all of it, a sentence each."""

import dataclasses
import re

import pytest

from encore import registry
from encore.datasets.catalogue import DATASETS
from encore.files import ROOT
from encore.papers.check import name_faults
from encore.papers.find import find_experiment
from encore.papers.read import known_papers, load_paper, load_papers


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
    assert {name for name in both[0] if both[0][name] != both[1][name]} == {"critic_norm"}


def test_a_table_without_printed_numbers_needs_no_margins(piad_with):
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
            "learning_rate: found '1e-3', expected a number above 0 (YAML reads it as text: write a number",
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
def test_a_fault_of_a_papers_yaml_is_one_sentence(piad_with, path, value, expected):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    found = piad_with(change)
    assert len(found) == 1
    assert expected in found[0]


def test_a_figure_of_images_needs_a_method_that_makes_them(piad_with):
    def change(content):
        content["figures"]["demo_reconstructions"]["experiment"] = "demo-kde"

    assert piad_with(change) == [
        "piad.yaml: figures.demo_reconstructions: the method 'kde' does not offer `reconstruct`.",
        "piad.yaml: figures.demo_reconstructions: the method 'kde' does not offer `sample`.",
    ]


def test_a_figure_of_what_reconstructions_resemble_needs_them(piad_with):
    def change(content):
        figure = content["figures"]["demo_reconstructions"]
        figure |= {"kind": "resemblance", "experiment": "demo-kde"}

    assert piad_with(change) == [
        "piad.yaml: figures.demo_reconstructions: the method 'kde' does not offer `reconstruct`."
    ]


def test_all_faults_of_what_reconstructions_resemble_come_at_once(piad_with):
    def change(content):
        content["experiments"]["piad-mnist"]["resemblance"] = {"10": ["4", "11"], "7": ["12"]}

    assert len(piad_with(change)) == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"chance": {"value": 0.5, "source": "s"}}, "unknown key 'chance'"), ({}, "'threshold' is missing")],
)
def test_a_claim_of_at_least_takes_a_threshold_alone(piad_with, change, expected):
    def altered(content):
        claim = content["claims"]["bald_fails"]
        kept = {name: claim[name] for name in ("says", "source", "table", "cell")}
        if change:
            kept["threshold"] = {"value": 0.5, "source": "s"}
        content["claims"]["bald_fails"] = kept | {"kind": "at_least"} | change

    (fault,) = piad_with(altered)
    assert expected in fault


def test_what_reconstructions_resemble_is_no_part_of_a_job():
    experiment = find_experiment("reverse-vae-mnist")
    assert experiment.resemblance == {"7": ("4", "9")}
    silent = dataclasses.replace(experiment, resemblance={})
    assert silent.job("code", "float32") == experiment.job("code", "float32")
    assert find_experiment("demo-reverse-vae").resemblance == {}


def test_a_missing_setting_is_named_with_what_it_means(piad_with):
    (fault,) = piad_with(lambda content: content["experiments"]["piad-mnist"]["settings"].clear())
    assert "'iterations' is missing (N of Algorithm 1" in fault


def test_a_cell_that_the_paper_does_not_print_is_refused(piad_with):
    def change(content):
        content["tables"]["piad_table2"]["cells"][0]["dataset"] = "MNST"

    (fault,) = piad_with(change)
    assert "the CSV prints no 'OC-SVM' on 'MNST'" in fault


# --- what edits or judges ----------------------------------------------------------------------------

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
            DUALVAE,
            {"protocol": "held_out_fifth"},
            "judged.amounts: one is chosen on a validation part, and the protocol 'held_out_fifth' holds out "
            "none.",
        ),
        (
            "dualvae",
            DUALVAE,
            {"domains": {"7": "all", "9": "all"}},
            "domains: '9' is no unit of the experiment; known: 7.",
        ),
    ],
)
def test_a_fault_of_what_edits_or_judges_is_one_sentence(paper_with, paper, experiment, changed, expected):
    faults = paper_with(paper, lambda content: content["experiments"][experiment].update(changed))
    (fault,) = [fault for fault in faults if ": experiments." in fault]  # figures may lose their unit by it
    assert fault.startswith(f"{paper}.yaml: experiments.{experiment}")
    assert fault.endswith(expected)


def test_amounts_need_a_method_that_moves_by_them_and_says_in_what(paper_with):
    judged = {"judged": {"by": "demo-domains-judge", "amounts": [5]}}
    faults = paper_with("dualvae", lambda content: content["experiments"]["demo-cvae"].update(judged))
    place = "dualvae.yaml: experiments.demo-cvae: the method 'cvae' does not offer "
    assert faults == [f"{place}`mean_length`.", f"{place}`transfer`."]


def sized(**sizes):
    """Sets the size of the images that the demo's DualVAE makes."""
    value = {name: {"value": size, "source": "s"} for name, size in sizes.items()}

    def change(content):
        settings = content["experiments"][DUALVAE]["settings"]
        settings["image_size"] = value.get("one", value)

    return change


@pytest.mark.parametrize("sizes", [{"one": 16}, {"paper": 16, "code": 8}, {"paper": 8, "code": 16}])
def test_a_judge_is_shown_images_of_its_own_size_under_both_readings(paper_with, sizes):
    assert paper_with("dualvae", sized(**sizes)) == [
        "dualvae.yaml: experiments.demo-dualvae.judged.by: "
        "demo-domains-judge sees images of 8 pixels, demo-dualvae makes 16."
    ]


def test_one_domain_needs_a_method_that_reconstructs(paper_with):
    def change(content):
        experiments = content["experiments"]
        experiments["judge"] = experiments["demo-domains-judge"] | {"units": ["odd"]}
        experiments["one"] = experiments["demo-stargan"] | {"units": ["odd"], "judged": {"by": "judge"}}
        for name in ("judge", "one"):
            del experiments[name]["domains"]

    (fault,) = paper_with("dualvae", change)
    assert fault == "dualvae.yaml: experiments.one: the method 'stargan' does not offer `reconstruct`."


def test_a_judge_with_a_fault_of_its_own_is_blamed_for_that_alone(paper_with):
    def change(content):
        content["experiments"]["demo-judge"]["protocol"] = "held_out_fith"

    (fault,) = paper_with("ifcvaegan", change)
    assert fault.startswith("ifcvaegan.yaml: experiments.demo-judge.protocol: found 'held_out_fith'")


# --- what generates ----------------------------------------------------------------------------------

HOW = {"images": 100, "batch": 10, "splits": 10, "order_seed": 0, "source": "assumed: a test"}
REAL = "demo-real"


SHOWN = {"image_size": 16, "crop": "none", "resize": "none", "pixel_range": [0, 1]}


def generating(paper_with, real=None, **changed):
    """Faults of the demo's PIAD where it generates; real: what is otherwise of the real images beside it."""

    def change(content):
        experiments = content["experiments"]
        made = experiments["demo-piad"] | {"generated": HOW | {"reference": REAL}}
        experiments["demo-made"] = made | changed
        experiments[REAL] = {key: made[key] for key in ("title", "dataset", "protocol", "units")} | {
            "method": "real_images",
            "settings": {name: {"value": value, "source": "s"} for name, value in SHOWN.items()},
            "generated": HOW,
            **(real or {}),
        }

    place = "piad.yaml: experiments.demo-made"
    return [fault.removeprefix(place) for fault in paper_with("piad", change) if fault.startswith(place)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"generated": HOW | {"splits": 101}},
            ".splits: found 101; expected up to 100, the images there are.",
        ),
        (
            {"generated": HOW | {"reference": "demo-reel"}},
            ".reference: found 'demo-reel'; did you mean 'demo-real'?",
        ),
        (
            {"generated": HOW | {"reference": "demo-kde"}},
            ".reference: demo-kde has no statistics of real images, as the method real_images gives.",
        ),
    ],
)
def test_a_fault_of_what_generates_is_one_sentence(paper_with, changed, expected):
    assert f".generated{expected}" in generating(paper_with, **changed)


def test_what_generates_samples_or_shows(paper_with):
    """KDE does neither."""
    (fault,) = paper_with("piad", lambda content: content["experiments"]["demo-kde"].update(generated=HOW))[
        :1
    ]
    assert fault == "piad.yaml: experiments.demo-kde.generated: the method 'kde' does not offer `sample`."


@pytest.mark.parametrize("missing", HOW)
def test_how_images_are_measured_is_stated_in_full(paper_with, missing):
    how = {key: value for key, value in HOW.items() if key != missing}
    assert generating(paper_with, generated=how) == [f".generated: the key {missing!r} is missing."]


def test_real_images_are_of_the_size_that_is_made(paper_with):
    settings = {name: {"value": value, "source": "s"} for name, value in (SHOWN | {"image_size": 8}).items()}
    assert generating(paper_with, {"settings": settings, "units": ["0"]}, units=["0"]) == [
        ".generated.reference: demo-real sees images of 8 pixels, demo-made makes 16."
    ]


def test_real_images_are_of_every_unit(paper_with):
    assert generating(paper_with, {"units": ["0"]}, units=["0", "4"]) == [
        ".generated.reference: demo-real has no unit '4'."
    ]


def test_real_images_that_are_compared_themselves_are_no_reference(paper_with):
    assert generating(paper_with, {"generated": HOW | {"reference": "demo-made"}}) == [
        ".generated.reference: demo-real has no statistics of real images, as the method real_images gives."
    ]


# --- judges, all at once -----------------------------------------------------------------------------


def test_all_faults_of_a_judge_come_at_once(paper_with):
    def change(content):
        sized(one=16)(content)
        content["experiments"][DUALVAE] |= {"units": ["7", "odd"], "judged": {"by": "demo-cvae"}}

    place = "dualvae.yaml: experiments.demo-dualvae.judged.by: "
    assert paper_with("dualvae", change) == [
        place + "the method 'cvae' of demo-cvae is no classifier.",
        place + "demo-cvae has no unit 'odd' of the same attributes.",
        place + "demo-cvae sees images of 8 pixels, demo-dualvae makes 16.",
    ]


def test_a_method_without_labels_has_no_share_of_them_to_hide(piad_with):
    def change(content):
        content["experiments"]["piad-mnist"]["settings"]["missing_labels"] = {"value": 0.5, "source": "s"}

    (fault,) = piad_with(change)
    assert "settings: unknown setting 'missing_labels'" in fault


# --- legal values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("weights", "gradient_normalizing", "did you mean 'gradient_normalising'?"),
        ("resize", "bilineer", "did you mean 'bilinear'?"),
        ("iterations", "many", "found 'many', expected a whole number from 1."),
        ("iterations", 0, "found 0, expected a whole number from 1."),
        ("iterations", 5.0, "found 5.0, expected a whole number from 1."),
        ("iterations", True, "found True, expected"),
        ("batch_size", 0, "found 0, expected a whole number from 1."),
        ("learning_rate_critics", float("nan"), "found nan, expected"),
        pytest.param("learning_rate_critics", 10**400, "expected a number above 0.", id="too large a number"),
        ("learning_rate_critics", -1, "found -1, expected a number above 0."),
        ("pixel_range", [0, 0], "found [0, 0], expected [low, high] with low below high."),
        ("pixel_range", [1, 0], "found [1, 0], expected [low, high] with low below high."),
        ("pixel_range", [0], "found [0], expected [low, high] with low below high."),
        ("betas", [0.5, 1], "betas[1]: found 1, expected a number from 0, less than 1."),
        ("generator_filters", [], "generator_filters: the list is empty."),
        ("latent_side", 2, "found 2; known: 1, 4."),
        ("history_used", "all", "found 'all', expected a whole number from 1."),
        ("crop", "non", "did you mean 'none'?"),
        ("crop", "all", "expected a whole number from 1 or 'none'; known: none."),
        ("crop", 0, "found 0, expected a whole number from 1 or 'none'."),
        ("crop", 8.0, "found 8.0, expected a whole number from 1 or 'none'."),
        ("crop", True, "found True, expected a whole number from 1 or 'none'."),
        ("resize", "bicubic", "found 'bicubic'"),
    ],
)
def test_a_value_that_a_setting_may_not_have_is_refused_before_any_job(piad_with, setting, value, expected):
    def change(content):
        settings = content["experiments"]["piad-mnist"]["settings"]
        settings[setting] = {"value": value, "source": "s"}

    (fault,) = piad_with(change)
    assert fault.startswith(f"piad.yaml: experiments.piad-mnist.settings.{setting}")
    assert expected in fault


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_a_share_of_missing_labels_is_from_0_and_less_than_1(paper_with, share):
    def change(content):
        settings = content["experiments"]["demo-dualvae"]["settings"]
        settings["missing_labels"] = {"value": share, "source": "s"}

    (fault,) = paper_with("dualvae", change)
    assert fault.endswith(f"missing_labels: found {share!r}, expected a number from 0, less than 1.")


def test_both_readings_must_be_legal(piad_with):
    def change(content):
        content["settings"]["piad"]["drift_on"]["paper"]["value"] = "rael"

    faults = piad_with(change)
    assert all(".settings.drift_on.paper" in fault for fault in faults)
    assert "did you mean 'real'?" in faults[0]


# --- references of tables, figures and claims --------------------------------------------------------


def set_in(path, value):
    def change(content):
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("paper", "path", "value", "expected"),
    [
        (
            "piad",
            ("tables", "piad_table2", "metric"),
            "AUROCC",
            "piad_table2.metric: found 'AUROCC'; did you mean 'AUROC'?",
        ),
        ("piad", ("tables", "demo", "metric"), "MSE", "gives no MSE; known: AUROC, AUPRC."),
        ("piad", ("tables", "demo", "metric"), "count", "'count' belongs to a table of counts"),
        ("dualvae", ("tables", "dualvae_logits", "score"), "logits", "gives no score 'logits'"),
        (
            "piad",
            ("figures", "piad_figure5", "unit"),
            "autmobile",
            "unit: found 'autmobile'; did you mean 'automobile'?",
        ),
        (
            "piad",
            ("figures", "piad_kde_bandwidth", "method"),
            "KDEE",
            "method: found 'KDEE'; did you mean 'KDE'?",
        ),
        ("piad", ("figures", "demo_auroc", "unit"), "0", "unknown key 'unit'"),
        ("piad", ("figures", "demo_auroc", "kind"), "cels", "kind: found 'cels'; did you mean 'cells'?"),
        (
            "piad",
            ("claims", "best_on_mnist", "cell", "dataset"),
            "MNSIT",
            "piad_table2 has no dataset 'MNSIT'; did you mean 'MNIST'?",
        ),
        (
            "piad",
            ("claims", "bald_fails", "cell", "subset"),
            "Balt",
            "no subset 'Balt' of CelebA and PIAD; did you mean 'Bald'?",
        ),
        ("piad", ("claims", "bald_fails", "kind"), "at_chanse", "did you mean 'at_chance'?"),
        (
            "piad",
            ("tables", "piad_table2", "columns"),
            ["OC-SVM", "KDE", "AnoGAN", "ADGAN", "OCGAN", "ALAD", "LSA", "Deep SVD", "PIAD"],
            "the CSV prints 'Deep SVDD'; did you mean 'Deep SVD'?",
        ),
        (
            "piad",
            ("tables", "piad_table2", "cells", 5, "subsets"),
            {"automobile": "car", "truck": "car"},
            "subsets: 'car' stands for 2 units.",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused_before_any_job(paper_with, paper, path, value, expected):
    faults = paper_with(paper, set_in(path, value))
    assert any(expected in fault for fault in faults), faults


def test_a_cell_stands_once(piad_with):
    def change(content):
        cells = content["tables"]["demo"]["cells"]
        cells.append(dict(cells[0]))

    assert piad_with(change) == ["piad.yaml: tables.demo.cells[3]: 'OC-SVM' on 'digits' stands twice."]


def test_two_papers_may_not_share_the_name_of_an_experiment_or_a_table():
    piad = load_paper("piad")
    other = dataclasses.replace(load_paper("reverse_vae"), experiments=piad.experiments, tables={})
    faults = name_faults([piad, other])
    assert len(faults) == len(piad.experiments)
    assert faults[0].startswith("'piad-mnist' is the name of two things: the experiment of piad, and the ex")
    assert name_faults(load_papers().values()) == []


def test_no_result_is_called_like_a_rule():
    sources = [path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk")]
    rules = {name for text in sources for name in re.findall(r"^rule (\w+):", text, re.MULTILINE)}
    assert {"train", "all", "plan", "report"} <= rules
    piad = load_paper("piad")
    for kind in ("table", "figure", "target"):
        paper = dataclasses.replace(piad, **{f"{kind}s": dict.fromkeys(rules)})
        assert set(name_faults([paper])) == {
            f"{name!r} is a rule of the workflow and cannot be the {kind} of piad." for name in rules
        }


def test_units_that_differ_in_case_only_are_refused(paper_with):
    def change(content):
        experiment = content["experiments"][DUALVAE]
        experiment |= {"units": ["odd", "Odd"], "domains": {"odd": ["odd"], "Odd": ["odd"]}}

    assert (
        "dualvae.yaml: experiments.demo-dualvae.units: 'odd' and 'Odd' differ in case only; "
        "on some systems their folders are one."
    ) in paper_with("dualvae", change)


def test_a_number_that_ends_in_a_new_line_looks_like_none(piad_with):
    def change(content):
        content["tables"]["piad_table2"]["margins"]["cell"]["value"] = "0.02\n"

    assert not [fault for fault in piad_with(change) if "YAML reads it as text" in fault]


# --- files that are found ----------------------------------------------------------------------------


def test_hidden_files_are_neither_papers_nor_choices(monkeypatch, tmp_path):
    (tmp_path / "methods").mkdir()
    for name in ("methods/kde.py", "methods/._kde.py", "piad.yaml", "._piad.yaml"):
        (tmp_path / name).write_bytes(b"\0")
    (tmp_path / ".#piad.yaml").symlink_to("nobody@nowhere")
    monkeypatch.setattr("encore.papers.read.PAPERS_DIR", tmp_path)
    monkeypatch.setattr(registry, "PACKAGE_DIR", tmp_path)
    assert known_papers() == ["piad"]
    assert registry.names.__wrapped__(registry.METHODS) == ("kde",)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class A:\n    SETTINGS = {\n", ", line 2: not valid Python: '{' was never closed."),
        ("N = {}\nclass A:\n    SETTINGS = N\n", ", line 3: SETTINGS of A is no literal."),
        (
            "class A:\n    SETTINGS = {}\nclass B(A):\n    SETTINGS = {**A.SETTINGS}\n",
            ", line 4: SETTINGS of B is no literal.",
        ),
    ],
    ids=["syntax", "name", "of its base"],
)
def test_a_method_that_cannot_be_read_is_one_sentence_with_its_line(
    faults_of, monkeypatch, tmp_path, source, said
):
    path = tmp_path / "mine.py"
    path.write_text(source)
    monkeypatch.setattr(registry, "_path", lambda module: path)
    monkeypatch.setattr(registry, "_tree", registry._tree.__wrapped__)
    name = re.search(r"class (\w)(?!.*class)", source, re.DOTALL)[1]
    assert faults_of(lambda: registry._members("mine", name)) == [f"{path}{said}"]

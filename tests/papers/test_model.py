"""What a paper is: experiments, their readings, domains and judges."""

import dataclasses

from encore.datasets.catalogue import DATASETS
from encore.digest import settings_digest
from encore.papers.find import experiments_of, find_experiment, metric_modules
from encore.papers.kinds import METRICS
from encore.papers.read import load_paper, load_papers


def test_readings_differ_where_paper_and_code_do_and_nowhere_else():
    experiment = find_experiment("piad-mnist")
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


def test_one_training_serves_all_attributes_of_celeba_as_the_code_has_it():
    celeba = find_experiment("piad-celeba")
    assert {celeba.trained_unit(unit, "code") for unit in celeba.units} == {"Bald"}
    assert [celeba.trained_unit(unit, "paper") for unit in celeba.units] == list(celeba.units)
    assert celeba.protocols == {"paper": "one_attribute", "code": "celeba_attributes"}


def test_a_random_split_of_the_paper_is_drawn_for_each_seed():
    """So that an interval over seeds holds the spread of the split as well."""
    fmnist, mnist = find_experiment("piad-fmnist"), find_experiment("piad-mnist")
    assert [fmnist.split_seed_of(seed) for seed in (0, 7)] == [0, 7]
    assert [mnist.split_seed_of(seed) for seed in (0, 7)] == [0, 0]
    assert find_experiment("piad-coil100").split_seed_of(3) == 3


def test_a_deterministic_method_is_none_where_each_seed_has_its_split():
    kde = find_experiment("demo-kde")
    assert kde.deterministic
    assert not dataclasses.replace(kde, split_seed="each").deterministic


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


def test_where_losses_are_measured_scores_are_not_ranked():
    experiment = find_experiment("demo-adversarial-vae")
    assert metric_modules(experiment) == ("late",)
    assert metric_modules(dataclasses.replace(experiment, late={})) == ("ranking",)


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
    assert experiment.judged == {
        "by": "demo-domains-judge",
        "amounts": [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50],
    }
    silent = dataclasses.replace(experiment, judged={})
    assert silent.job("code", "float32") == experiment.job("code", "float32")


def test_what_is_measured_of_images_that_are_made_and_that_how_is_no_part_of_a_job():
    silent = find_experiment("demo-piad")
    how = {"images": 10, "batch": 5, "splits": 2, "order_seed": 0, "source": "s"}
    made = dataclasses.replace(silent, generated=how)
    compared = dataclasses.replace(silent, generated=how | {"reference": "demo-real"})
    metrics = [
        {name for name, metric in METRICS.items() if set(metric.of) & set(one.gives)}
        for one in (silent, made, compared)
    ]
    assert metrics == [{"AUROC", "AUPRC"}, {"IS"}, {"IS", "FID"}]
    assert made.job("code", "float32") == compared.job("code", "float32") == silent.job("code", "float32")


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

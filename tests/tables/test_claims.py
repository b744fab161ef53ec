import math

import numpy as np
import pandas as pd
import pytest

from encore.papers.kinds import CLAIMS
from encore.papers.model import Experiment, Paper
from encore.papers.read import PAPERS_DIR, read_published
from encore.strict import ConfigError
from encore.tables.build import build_table
from encore.tables.claim_runs import Runs, table_runs
from encore.tables.claims import conditions, printed_cells, published_holds
from encore.tables.decide import BORNE_OUT, NOT_BORNE_OUT, RESAMPLES, UNDECIDED, decide, resampled_means
from encore.tables.verdicts import INSUFFICIENT, MISSING, NOT_COMPARABLE

UNITS = tuple("abcdefghij")
MARGIN = {"value": 0.01, "source": "a test"}


def place(method, subset="avg", dataset="D"):
    return {"dataset": dataset, "method": method, "subset": subset}


def key(method, subset="avg", dataset="D"):
    return dataset, method, subset


def best(method="A", **changed):
    return {"says": "A is best", "source": "s", "table": "t", "kind": "best", "cell": place(method)} | changed


def ordered(*groups):
    places = [[place(method) for method in group] for group in groups]
    return {"says": "in order", "source": "s", "table": "t", "kind": "ordered", "groups": places}


def equal(left="A", right="B", margin=MARGIN):
    cells = [place(left), place(right)]
    return {
        "says": "the same",
        "source": "s",
        "table": "t",
        "kind": "equal",
        "cells": cells,
        "margin": margin,
    }


def no_worse(left="A", right="B", margin=MARGIN):
    return equal(left, right, margin) | {"kind": "no_worse"}


def below_chance(method="A"):
    return {"says": "fails", "source": "s", "table": "t", "kind": "below_chance", "cell": place(method),
            "chance": {"value": 0.5, "source": "a random ranking"}}  # fmt: skip


def at_chance(method="A"):
    return {"says": "fails", "source": "s", "table": "t", "kind": "at_chance", "cell": place(method),
            "chance": {"value": 0.5, "source": "a random ranking"}, "margin": MARGIN}  # fmt: skip


def at_least(method="A", **changed):
    return {"says": "mostly", "source": "s", "table": "t", "kind": "at_least", "cell": place(method),
            "threshold": {"value": 0.5, "source": "mostly"}} | changed  # fmt: skip


def at_most(method="A", **changed):
    return at_least(method, kind="at_most", **changed)


def runs(values, units=UNITS, seeds=None, **changed):
    """Runs from (units, seeds) values."""
    values = np.broadcast_to(values, (len(units), np.shape(values)[-1] if np.ndim(values) else 3))
    seeds = range(values.shape[1]) if seeds is None else seeds
    rows = [
        (unit, seed, values[i, j]) for i, unit in enumerate(units) for j, seed in enumerate(seeds)
    ]  # fmt: skip
    return Runs(pd.DataFrame(rows, columns=["unit", "seed", "value"]), tuple(units), **changed)


def noise(seed, sd=0.01, shape=(10, 3)):
    return np.random.default_rng(seed).normal(0, sd, shape)


def unit_effects(size=0.3):
    return np.linspace(-size, size, 10)[:, None]


def decided(claim, printed=None, better="higher", **cells):
    return decide(claim, {key(name): one for name, one in cells.items()}, printed or {}, better=better)


# --- closed forms ------------------------------------------------------------------------------------


def test_a_constant_advantage_is_certain():
    base = 0.7 + unit_effects() + noise(0)
    found = decided(best(), A=runs(base + 0.001), B=runs(base))
    assert (found.verdict, found.probability) == (BORNE_OUT, 1.0)
    assert (found.n_units, found.n_seeds) == (10, 3)
    turned = decided(best("B"), A=runs(base + 0.001), B=runs(base))
    assert (turned.verdict, turned.probability) == (NOT_BORNE_OUT, 0.0)


def test_symmetric_differences_give_one_half():
    # For each difference its negative stands beside it, so that the bootstrap distribution is symmetric.
    half = noise(1, shape=(5, 3))
    differences = np.concatenate([half, -half])
    found = decided(best(), A=runs(0.7 + differences), B=runs(0.7))
    assert found.probability == pytest.approx(0.5, abs=0.02)
    assert found.verdict == UNDECIDED


def test_exchangeable_methods_give_one_half_on_average():
    def probability(seed):
        a, b = 0.7 + unit_effects() + noise(seed, shape=(2, 10, 3))
        return decided(best(), A=runs(a), B=runs(b)).probability

    found = [probability(seed) for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.12)  # the standard error is about 0.04
    assert np.mean([p >= 0.95 for p in found]) < 0.2


def test_a_unit_effect_does_not_blur_a_paired_difference():
    effects = unit_effects(size=0.3)
    a, b = 0.7 + effects + 0.01 + noise(2, 0.005), 0.7 + effects + noise(3, 0.005)
    assert decided(best(), A=runs(a), B=runs(b)).verdict == BORNE_OUT
    # The same numbers on other units have nothing in common: the difference drowns in what the units do.
    elsewhere = runs(b, units=[f"other {unit}" for unit in UNITS])
    assert decided(best(), A=runs(a), B=elsewhere).verdict == UNDECIDED


def test_a_seed_effect_does_not_blur_a_paired_difference():
    effects = noise(4, sd=0.1, shape=(10, 5))
    assert decided(best(), A=runs(0.71 + effects), B=runs(0.70 + effects)).probability == 1.0
    other = runs(0.70 + effects[:, ::-1])
    assert decided(best(), A=runs(0.71 + effects), B=other).probability < 1.0


def test_units_of_different_cells_share_their_seeds():
    # One model a seed, scored on two attributes: what the seed does to both of them cancels.
    effect = np.array([[-0.2, 0.0, 0.2]])
    claim = ordered(["A"], ["A"]) | {"groups": [[place("A", "bald")], [place("A", "hat")]]}
    values = {
        key("A", "bald"): runs(0.5 + effect, units=["bald"]),
        key("A", "hat"): runs(0.51 + effect, units=["hat"]),
    }
    assert decide(claim, values, {}).probability == 1.0


def test_the_bootstrap_mean_by_enumeration():
    # One unit with the seeds 0, 0, 1: the number of ones among three draws is binomial with p = 1/3.
    drawn = resampled_means({key("A"): np.array([[0.0, 0.0, 1.0]])}, {key("A"): "a"}, draw_units=True)[
        key("A")
    ]
    shares = [np.mean(np.isclose(drawn, ones / 3)) for ones in range(4)]
    assert shares == pytest.approx([8 / 27, 12 / 27, 6 / 27, 1 / 27], abs=0.015)


def test_the_bootstrap_spread_has_both_levels():
    # Units draw with variance s_u^2 / U, seeds within them with s_e^2 / (U S), both with divisor n.
    values = 0.7 + unit_effects(0.1) + noise(5, 0.05)
    both = resampled_means({key("A"): values}, {key("A"): UNITS}, draw_units=True)[key("A")]
    seeds = resampled_means({key("A"): values}, {key("A"): UNITS}, draw_units=False)[key("A")]
    within = values.var(axis=1).mean() / 30
    assert seeds.var() == pytest.approx(within, rel=0.06)
    assert both.var() == pytest.approx(values.mean(axis=1).var() / 10 + within, rel=0.06)
    assert both.shape == (RESAMPLES,)


def test_a_tie_is_not_better():
    same = runs(0.7 + unit_effects() + noise(17))
    assert decided(best(), A=same, B=same).probability == 0.0
    assert decided(best(), {key("B"): "0.7"}, A=runs(0.7)).probability == 0.0


# --- the kinds ---------------------------------------------------------------------------------------


def test_best_is_better_than_all_together():
    half = noise(6, shape=(5, 3))
    differences = np.concatenate([half, -half])
    found = decided(best(), A=runs(0.7), B=runs(0.7 + differences), C=runs(0.7 - differences))
    assert found.probability < 0.05  # as a rule one of both is ahead
    assert found.sentence.startswith("All 2 comparisons hold in ")


def test_best_takes_every_method_of_its_dataset_and_subset():
    cells = [key("A"), key("B"), key("B"), key("C", "x"), key("D", dataset="E"), key("F")]
    assert [one.right for one in conditions(best(), cells)] == [key("B"), key("F")]
    with pytest.raises(ConfigError, match=r"'A is best': no other method stands on D, avg\."):
        conditions(best(), [key("A"), key("C", "x")])


def test_ordered_compares_each_group_with_the_one_before():
    found = conditions(ordered(["A", "B"], ["C", "D"], ["E"]), ())
    assert [(one.left[1], one.right[1]) for one in found] == [
        ("C", "A"), ("C", "B"), ("D", "A"), ("D", "B"), ("E", "C"), ("E", "D"),
    ]  # fmt: skip
    base = 0.6 + noise(7)
    steps = {name: runs(base + 0.01 * place) for place, name in enumerate("ABC")}
    assert decided(ordered("A", "B", "C"), **steps).verdict == BORNE_OUT
    assert decided(ordered("A", "C", "B"), **steps).verdict == NOT_BORNE_OUT


def test_equal_within_a_margin():
    base = 0.7 + unit_effects() + noise(8)
    for gap, expected in ((0.009, BORNE_OUT), (-0.009, BORNE_OUT), (0.01, BORNE_OUT), (0.011, NOT_BORNE_OUT)):
        assert decided(equal(), A=runs(base + gap), B=runs(base)).verdict == expected, gap
    # What cannot be told apart is not yet the same.
    assert decided(equal(), A=runs(0.7 + noise(9, 0.1)), B=runs(0.7 + noise(10, 0.1))).verdict == UNDECIDED


def test_no_worse_has_one_side():
    base = 0.7 + unit_effects() + noise(8)
    for gap, expected in ((0.3, BORNE_OUT), (-0.009, BORNE_OUT), (-0.01, BORNE_OUT), (-0.011, NOT_BORNE_OUT)):
        assert decided(no_worse(), A=runs(base + gap), B=runs(base)).verdict == expected, gap
        lower = decided(no_worse(), better="lower", A=runs(base - gap), B=runs(base))
        assert lower.verdict == expected, gap
    found = published_holds(no_worse(), {key("A"): "0.10", key("B"): "0.14"})
    assert (
        found.sentence == "As printed, A on D, avg (0.10) is not at most 0.01 worse than B on D, avg (0.14)."
    )


@pytest.mark.parametrize(
    ("level", "expected"), [(0.4, BORNE_OUT), (0.5, NOT_BORNE_OUT), (0.501, NOT_BORNE_OUT)]
)
def test_below_chance_is_worse_and_no_tie(level, expected):
    assert decided(below_chance(), A=runs(level)).verdict == expected
    mirrored = decided(below_chance(), better="lower", A=runs(1 - level))
    assert mirrored.verdict == expected


def test_at_chance():
    for level, expected in ((0.3, BORNE_OUT), (0.5, BORNE_OUT), (0.51, BORNE_OUT), (0.52, NOT_BORNE_OUT)):
        assert decided(at_chance(), A=runs(level)).verdict == expected, level


@pytest.mark.parametrize(
    ("level", "expected"), [(0.4, NOT_BORNE_OUT), (0.499, NOT_BORNE_OUT), (0.5, BORNE_OUT), (0.7, BORNE_OUT)]
)
def test_at_least_counts_the_threshold_itself(level, expected):
    assert decided(at_least(), A=runs(level)).verdict == expected
    # It is about the number, not about what is better.
    assert decided(at_least(), better="lower", A=runs(level)).verdict == expected


@pytest.mark.parametrize(("level", "expected"), [(0.4, BORNE_OUT), (0.5, BORNE_OUT), (0.501, NOT_BORNE_OUT)])
def test_at_most_counts_the_threshold_itself(level, expected):
    assert decided(at_most(), A=runs(level)).verdict == expected
    assert decided(at_most(), better="lower", A=runs(level)).verdict == expected
    found = published_holds(at_most(), {key("A"): "0.7"})
    assert found.sentence == "As printed, A on D, avg (0.7) is not at most 0.5."


def test_at_least_around_the_threshold_is_undecided():
    half = noise(18, shape=(5, 3))
    found = decided(at_least(), A=runs(0.5 + np.concatenate([half, -half])))
    assert found.probability == pytest.approx(0.5, abs=0.02)
    assert found.verdict == UNDECIDED


def test_lower_can_be_better():
    base = 30 + noise(11)
    found = decided(best(), better="lower", A=runs(base - 1), B=runs(base))
    assert found.verdict == BORNE_OUT
    assert published_holds(best(), {key("A"): "29.0", key("B"): "30.1"}, better="lower").holds
    assert decided(at_chance(), better="lower", A=runs(0.8)).verdict == BORNE_OUT


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ConfigError, match=r"found the kind 'bset'; did you mean 'best'\?"):
        conditions(best(kind="bset"), ())
    assert len(CLAIMS) == 8


# --- cited numbers -----------------------------------------------------------------------------------


def test_beside_a_printed_number_only_our_seeds_are_drawn():
    values = 0.7 + unit_effects(0.3) + noise(12, 0.001)
    found = decided(best(), {key("B"): "0.695"}, A=runs(values))
    assert (found.verdict, found.probability) == (BORNE_OUT, 1.0)
    spread = 0.7 + noise(13, 0.01, (1, 3))
    mean = f"{spread.mean():.6f}"
    found = decided(best(), {key("B"): mean}, A=runs(spread, units=["a"]))
    assert found.verdict == UNDECIDED


def test_own_runs_stand_before_the_printed_number():
    printed = {key("B"): "0.9", key("A"): "0.1"}
    assert decided(best(), printed, A=runs(0.8), B=runs(0.7)).verdict == BORNE_OUT
    assert decided(best(), printed, A=runs(0.8)).verdict == NOT_BORNE_OUT


def test_a_cell_that_the_table_does_not_have_is_an_error():
    with pytest.raises(ConfigError, match=r"the table has no 'Bb on D, avg'; did you mean 'B on D, avg'\?"):
        decided(equal(right="Bb"), A=runs(0.7), B=runs(0.7))


# --- every verdict -----------------------------------------------------------------------------------


def test_what_was_not_run_is_missing():
    nothing = Runs(pd.DataFrame(columns=["unit", "seed", "value"]), UNITS)
    found = decided(best(), {key("B"): "0.5"}, A=runs(0.7), B=nothing)
    assert (found.verdict, found.sentence) == (MISSING, "Not run: B on D, avg.")
    assert math.isnan(found.probability)
    both_cited = decided(best(), {key("A"): "0.9", key("B"): "0.5"}, C=runs(0.7))
    assert both_cited.sentence == "Not run: A on D, avg."
    undefined = decided(best(), A=runs([0.7, math.nan, 0.7]), B=runs(0.6))
    assert (undefined.verdict, undefined.sentence) == (MISSING, "Undefined for some run: A on D, avg.")


def test_a_deviation_forbids_to_decide():
    found = decided(best(), A=runs(0.7), B=runs(0.6, deviations=("stand-in weights",)))
    assert found.verdict == NOT_COMPARABLE
    assert found.sentence == "Declared deviations: stand-in weights."


def test_too_few_seeds_or_units_are_insufficient():
    two = decided(best(), A=runs([0.7, 0.7]), B=runs(0.6))
    assert (two.verdict, two.n_seeds) == (INSUFFICIENT, 2)
    assert two.sentence == "All units and methods share 2 of 3 seeds needed."
    apart = decided(best(), A=runs(0.7, seeds=[0, 1, 2]), B=runs(0.6, seeds=[2, 3, 4]))
    assert (apart.verdict, apart.n_seeds) == (INSUFFICIENT, 1)
    whole = runs(0.7)
    short = Runs(whole.values[whole.values["unit"] != "c"], UNITS)
    units = decided(best(), A=short, B=runs(0.6))
    assert (units.verdict, units.sentence) == (INSUFFICIENT, "Units not run for A on D, avg: c.")
    ragged = Runs(whole.values.drop(index=0), UNITS)  # the first unit lacks seed 0
    assert decided(best(), A=ragged, B=runs(0.6)).n_seeds == 2


def test_seeds_that_not_all_have_are_left_out():
    more = runs(np.array([[0.7, 0.7, 0.7, 0.1]]), seeds=[0, 1, 2, 9])
    found = decided(best(), A=more, B=runs(0.6))
    assert (found.probability, found.n_seeds) == (1.0, 3)


def test_a_deterministic_method_needs_one_run_a_unit():
    fixed = runs(np.full((10, 1), 0.6) + unit_effects(), deterministic=True)
    random = runs(0.7 + unit_effects() + noise(14, 0.001))
    assert decided(best(), A=random, B=fixed).probability == 1.0  # paired by unit with every seed
    alone = decided(best(), A=runs(0.7 + np.zeros((10, 1)), deterministic=True), B=fixed)
    assert (alone.n_seeds, alone.verdict) == (1, UNDECIDED)  # what the units do differs between both
    lacking = decided(best(), A=random, B=Runs(fixed.values[:9], UNITS, deterministic=True))
    assert lacking.verdict == INSUFFICIENT


def test_the_sentence_names_the_hardest_comparison():
    found = decided(best(), {key("B"): "0.69", key("C"): "0.5"}, A=runs(0.7))
    assert found.sentence == (
        "All 2 comparisons hold in 100.0 % of 10,000 resamples of 10 units and 3 seeds; the hardest: "
        "A on D, avg (0.700) better than B on D, avg (0.690 as printed) in 100.0 %."
    )
    found = decided(at_chance(), A=runs(0.5, units=["x"]))
    assert found.sentence == (
        "A on D, avg (0.500) at most 0.01 better than chance, 0.5 in 100.0 % of 10,000 resamples of "
        "1 unit and 3 seeds."
    )


def test_the_same_runs_give_the_same_decision_in_any_order():
    a, b = runs(0.7 + noise(15)), runs(0.7 + noise(16))
    shuffled = Runs(a.values.sample(frac=1, random_state=0), UNITS)
    found = decided(best(), A=a, B=b)
    assert 0 < found.probability < 1
    assert decided(best(), A=shuffled, B=b) == found
    assert decide(best(), {key("B"): b, key("A"): a}, {}) == found


# --- the printed numbers -----------------------------------------------------------------------------


def printed_by(table):
    return {
        (row["dataset"], row["method"], row["subset"]): row["value"]
        for row in read_published(PAPERS_DIR / "piad.csv")
        if row["table"] == table
    }


def test_published_averages_bear_that_piad_is_best():
    table2 = printed_by("Table 2")
    for dataset, second in (("MNIST", "OCGAN on MNIST, avg (0.975)"), ("CIFAR-10", "(0.657)")):
        found = published_holds(best(cell=place("PIAD", dataset=dataset)), table2)
        assert found.holds
        assert second in found.sentence
    cat = published_holds(best(cell=place("PIAD", "cat", "CIFAR-10")), table2)
    assert (cat.holds, cat.sentence) == (
        False,
        "As printed, PIAD on CIFAR-10, cat (0.602) is not better than OCGAN on CIFAR-10, cat (0.620).",
    )


def test_published_ablation_bears_all_steps_but_the_first():
    table3 = printed_by("Table 3 (right)")
    baseline, *steps = (method for _, method, _ in table3)
    groups = [[place(method, dataset="CIFAR-10")] for method in (baseline, *steps)]
    found = published_holds(ordered() | {"groups": groups}, table3)
    assert found.holds is False
    assert found.sentence == (
        "As printed, + gr-norm w on CIFAR-10, avg (0.608) is not better than "
        "baseline on CIFAR-10, avg (0.609)."
    )
    assert published_holds(ordered() | {"groups": groups[1:]}, table3).holds
    same = equal() | {"cells": [groups[0][0], groups[1][0]]}
    # 0.609 - 0.608 as floats is a little more than 0.001
    assert published_holds(same | {"margin": {"value": 0.001, "source": "s"}}, table3).holds
    assert not published_holds(same | {"margin": {"value": 0.0009, "source": "s"}}, table3).holds


def test_published_below_chance():
    claim = below_chance() | {"cell": place("PIAD", "Bald", "CelebA")}
    found = published_holds(claim, printed_by("Table 3 (center)"))
    assert found.holds is False
    assert found.sentence == "As printed, PIAD on CelebA, Bald (0.506) is not worse than chance, 0.5."


def test_published_at_chance():
    claim = at_chance() | {"cell": place("PIAD", "Bald", "CelebA")}
    found = published_holds(claim, printed_by("Table 3 (center)"))
    assert found.holds
    assert (
        found.sentence == "As printed, PIAD on CelebA, Bald (0.506) is at most 0.01 better than chance, 0.5."
    )


def test_published_at_least():
    claim = at_least(cell=place("PIAD", "Bald", "CelebA"))
    found = published_holds(claim, printed_by("Table 3 (center)"))
    assert found.holds
    assert found.sentence == "As printed, PIAD on CelebA, Bald (0.506) is at least 0.5."
    higher = published_holds(
        claim | {"threshold": {"value": 0.51, "source": "s"}}, printed_by("Table 3 (center)")
    )
    assert higher.sentence == "As printed, PIAD on CelebA, Bald (0.506) is not at least 0.51."


def test_a_number_that_is_not_printed():
    found = published_holds(equal(), {key("A"): "0.5"})
    assert (found.holds, found.sentence) == (None, "Not printed: B on D, avg.")


@pytest.mark.parametrize("claim", [best(), equal(), below_chance(), at_least()])
def test_a_table_without_printed_numbers(claim):
    assert published_holds(claim, {}).holds is None


# --- from a table ------------------------------------------------------------------------------------


def measures(experiment, values, deviations=""):
    row = {"experiment": experiment, "score": "score", "metric": "AUROC", "device": "cpu", "code": "c",
           "settings": "s", "iterations": 1, "deviations": deviations, "diverged": "",
           "scored_by": "k", "flags": "", "stale": ""}  # fmt: skip
    return pd.DataFrame([row | {"unit": u, "seed": s, "value": v} for (u, s), v in values.items()])


def small_paper():
    """A table with a method of the paper's own, a baseline run beside it and a cited method."""
    numbers = {("A", "zero"): "0.9", ("A", "avg"): "0.80", ("B", "avg"): "0.7", ("Cited", "avg"): "0.75"}
    published = tuple(
        {"paper": "p", "table": "Table 2", "dataset": "D", "method": method, "subset": subset,
         "metric": "ROC_AUC", "value": value, "std": "", "note": ""}
        for (method, subset), value in numbers.items()
    )  # fmt: skip
    cells = [{"dataset": "D", "method": name, "experiment": name, "subsets": {"0": "zero"}} for name in "AB"]
    table = {"title": "T", "source": "Table 2", "metric": "AUROC", "published_metric": "ROC_AUC",
             "score": "score",
             "rows": ["subset"], "columns": ["A", "B", "Cited"], "cells": cells,
             "margins": {"cell": MARGIN, "average": MARGIN}}  # fmt: skip
    experiments = {
        name: Experiment(name, "p", name, name, "mnist", "one_vs_all", 0, ("0", "1"), {}, name)
        for name in "AB"
    }
    return Paper("p", {"title": "P"}, experiments, {"t": table}, {}, {}, {}, published)


def decided_table(found, facts):
    paper = small_paper()
    printed = printed_cells(build_table(paper, "t", found, "code", facts, {}))
    return decide(best(), table_runs(paper, "t", found, facts), printed)


def test_runs_and_printed_numbers_of_a_table():
    paper, facts = small_paper(), {"A": False, "B": True}
    a = measures("A", {(unit, seed): 0.8 for unit in "01" for seed in range(3)})
    b = measures("B", {(unit, 0): 0.7 for unit in "01"}, "files of unknown origin | TF32")
    own = table_runs(paper, "t", {"A": a, "B": b}, facts)
    assert set(own) == {key(method, subset) for method in "AB" for subset in ("zero", "1", "avg")}
    zero, average = own[key("A", "zero")], own[key("A")]
    assert (zero.units, len(zero.values), zero.deterministic) == (("0",), 3, False)
    assert (average.units, len(average.values), average.deviations) == (("0", "1"), 6, ())
    assert own[key("B")].deviations == ("files of unknown origin", "TF32")
    assert own[key("B")].deterministic
    assert table_runs(paper, "t", {"A": a}, facts)[key("B")].values.empty
    printed = printed_cells(build_table(paper, "t", {}, "code", facts, {}))
    assert printed[key("A")] == "0.80"
    assert set(printed) == {key("A", "zero"), key("A"), key("B"), key("Cited")}


def test_runs_of_a_cell_that_stands_for_some_units():
    paper = small_paper()
    paper.tables["t"]["cells"][0]["units"] = ["0"]
    a = measures("A", {(unit, seed): 0.8 for unit in "01" for seed in range(3)}, "TF32")
    a.loc[a["unit"] == "1", "deviations"] = "an old file"
    own = table_runs(paper, "t", {"A": a}, {})
    assert {subset for _, method, subset in own if method == "A"} == {"zero", "avg"}
    average = own[key("A")]
    assert (average.units, set(average.values["unit"])) == (("0",), {"0"})
    assert average.deviations == ("TF32",)


def test_a_claim_of_a_table_from_its_measures():
    facts = {"A": False, "B": True}
    a = measures("A", {(unit, seed): 0.8 for unit in "01" for seed in range(3)})
    b = {(unit, 0): 0.7 for unit in "01"}
    assert decided_table({"A": a}, facts).verdict == MISSING
    assert decided_table({"A": a, "B": measures("B", b, "TF32")}, facts).verdict == NOT_COMPARABLE
    found = decided_table({"A": a, "B": measures("B", b)}, facts)
    assert (found.verdict, found.n_units, found.n_seeds) == (BORNE_OUT, 2, 3)
    assert "All 2 comparisons hold" in found.sentence

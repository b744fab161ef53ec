import math

import numpy as np
import pandas as pd
import pytest

from encore.papers.model import Experiment, Paper
from encore.papers.read import load_paper
from encore.tables.build import build_table
from encore.tables.entry import published_by_unit
from encore.tables.files import COLUMNS, read_measures, read_table, write_csv
from encore.tables.foot import foot

MARGINS = {
    "cell": {"value": 0.01, "source": "two implementations differ by that."},
    "average": {"value": 0.004, "source": "half of it"},
}
FACTS = {"gan": False, "kde": True, "alone": False}


def printed(method, subset, value, note="", dataset="D", std=""):
    return {"paper": "p", "table": "Table 2", "dataset": dataset, "method": method, "subset": subset,
            "metric": "ROC_AUC", "value": value, "std": std, "note": note}  # fmt: skip


PUBLISHED = (
    printed("KDE", "zero", "0.80"),
    printed("Cited", "zero", "0.85", "copied from LSA"),
    printed("GAN", "zero", "0.970", std="0.002"),
    printed("GAN", "one", "0.90"),
    printed("Cited", "one", "0.86"),
    printed("GAN", "avg", "0.935"),
    printed("Cited", "avg", "0.855"),
    printed("KDE", "avg", "0.70"),
    printed("GAN", "zero", "0.5", dataset="E"),
    {**printed("GAN", "zero", "0.1"), "metric": "AUPRC"},
    {**printed("GAN", "zero", "0.2"), "table": "Table 9"},
)


def experiment(name, units=("0", "1")):
    return Experiment(name, "p", name, name, "mnist", "one_vs_all", 0, units, {}, name)


def table(**changed):
    cells = [
        {"dataset": "D", "method": "GAN", "experiment": "gan", "subsets": {"0": "zero", "1": "one"}},
        {"dataset": "D", "method": "KDE", "experiment": "kde", "subsets": {"0": "zero"}, "note": "assumed"},
    ]
    return {"title": "T", "source": "Table 2", "metric": "AUROC", "published_metric": "ROC_AUC", "digits": 3,
             "score": "score",
            "margins": MARGINS, "rows": ["dataset", "subset"], "columns": ["KDE", "Cited", "GAN"],
            "cells": cells, "figures": [], "demo": False} | changed  # fmt: skip


def paper(published=PUBLISHED, **changed):
    experiments = {name: experiment(name) for name in ("gan", "kde")}
    experiments["alone"] = experiment("alone", ("0",))
    return Paper(
        "p", {"title": "A paper"}, experiments, {"p_table2": table(**changed)}, {}, {}, {}, published
    )


def runs(name, values, **changed):
    """Measures from {(unit, seed): value}."""
    row = {"experiment": name, "score": "score", "metric": "AUROC", "device": "cpu", "code": "c0dec0dec0de",
           "settings": "5e77", "iterations": 10, "deviations": "", "diverged": "",
           "scored_by": "5c0e", "flags": "", "stale": ""} | changed  # fmt: skip
    return pd.DataFrame([row | {"unit": u, "seed": s, "value": v} for (u, s), v in values.items()])


def full(sd=0.001):
    return {
        (unit, seed): mean + sd * (seed - 1) for unit, mean in (("0", 0.97), ("1", 0.9)) for seed in range(3)
    }


def build(measures, **changed):
    return build_table(paper(**changed), "p_table2", measures, "paper", FACTS, {})


def cell(frame, method, subset, dataset="D"):
    found = frame[(frame.dataset == dataset) & (frame.method == method) & (frame.subset == subset)]
    assert len(found) == 1
    return found.iloc[0]


def test_columns_and_order():
    frame = build({})
    assert tuple(frame.columns) == COLUMNS
    assert list(zip(frame.dataset, frame.subset, frame.method, strict=True)) == [
        ("D", "zero", "KDE"),
        ("D", "zero", "Cited"),
        ("D", "zero", "GAN"),
        ("D", "one", "Cited"),
        ("D", "one", "GAN"),
        ("D", "1", "KDE"),  # a unit that nothing is printed for, under its own name
        ("D", "avg", "KDE"),
        ("D", "avg", "Cited"),
        ("D", "avg", "GAN"),
        ("E", "zero", "GAN"),
    ]
    assert set(frame.paper) == {"p"}
    assert set(frame.table) == {"p_table2"}
    assert set(frame.metric) == {"AUROC"}
    assert set(frame.reading) == {"paper"}


def test_numbers_of_a_unit():
    row = cell(build({"gan": runs("gan", full(sd=0.002))}), "GAN", "zero")
    assert (row.published, row.published_sd, row.n, row.margin) == ("0.970", "0.002", 3, 0.01)
    assert row.reproduced == pytest.approx(0.97)
    assert row.sd == pytest.approx(0.002)
    half = 4.302653 * 0.002 / math.sqrt(3)
    assert (row.ci_low, row.ci_high) == pytest.approx((0.97 - half, 0.97 + half), abs=1e-8)
    assert row.verdict == "reproduced"
    assert row.note == ""


def test_average_is_over_units_then_over_seeds():
    values = {("0", 0): 0.9, ("1", 0): 0.8, ("0", 1): 0.94, ("1", 1): 0.8, ("0", 2): 0.9, ("1", 2): 0.88}
    row = cell(build({"gan": runs("gan", values)}), "GAN", "avg")
    by_seed = [0.85, 0.87, 0.89]
    assert row.reproduced == pytest.approx(np.mean(by_seed))
    assert row.sd == pytest.approx(0.02)  # of whole repetitions, not of the six runs
    assert row.n == 3
    assert row.margin == 0.004


def test_a_seed_without_all_units_does_not_count_for_the_average():
    values = full()
    del values[("1", 2)]
    frame = build({"gan": runs("gan", values)})
    average, short, whole = (cell(frame, "GAN", subset) for subset in ("avg", "one", "zero"))
    assert average.reproduced == pytest.approx((0.934 + 0.935) / 2)  # seeds 0 and 1
    assert (average.n, average.verdict) == (2, "insufficient")
    assert average.note == "2 of 3 seeds have all units"
    assert (short.n, short.verdict, short.note) == (2, "insufficient", "2 of 3 seeds run")
    assert (whole.n, whole.verdict, whole.note) == (3, "reproduced", "")


def test_average_without_a_complete_seed():
    half = cell(build({"gan": runs("gan", {("0", 0): 0.9, ("0", 1): 0.9})}), "GAN", "avg")
    assert (half.verdict, half.n, half.note) == ("missing", 0, "1 of 2 units run")
    assert math.isnan(half.reproduced)
    crossed = cell(build({"gan": runs("gan", {("0", 0): 0.9, ("1", 1): 0.9})}), "GAN", "avg")
    assert (crossed.verdict, crossed.note) == ("missing", "no seed has all 2 units")


def test_what_may_lack_inceptions_weights_says_so():
    for metric in ("IS", "FID"):
        frame = build({"gan": runs("gan", full())}, metric=metric)  # its other numbers are there
        one = cell(frame, "GAN", "one")
        assert (one.verdict, math.isnan(one.reproduced)) == ("missing", True)
        assert one.note.startswith("not run, or Inception's weights, which it needs, are not there")
        assert cell(frame, "GAN", "avg").note == one.note
        there = build({"gan": runs("gan", full(), metric=metric)}, metric=metric)
        assert "Inception" not in cell(there, "GAN", "one").note


def test_what_was_not_run():
    frame = build({"gan": runs("gan", {("0", 0): 0.97, ("0", 1): 0.97, ("0", 2): 0.971})})
    assert cell(frame, "GAN", "one").verdict == "missing"
    assert cell(frame, "GAN", "one").note == "not run"
    assert cell(frame, "KDE", "zero").note == "assumed; not run"
    assert cell(frame, "GAN", "zero").verdict == "reproduced"


def test_an_undefined_value_makes_a_cell_missing():
    values = full() | {("0", 1): math.nan}
    frame = build({"gan": runs("gan", values)})
    row = cell(frame, "GAN", "zero")
    assert (row.verdict, row.n, row.note) == ("missing", 2, "undefined for seed 1")
    assert math.isnan(row.reproduced)
    assert cell(frame, "GAN", "avg").verdict == "missing"


def test_cited_rows_keep_their_source():
    row = cell(build({}), "Cited", "zero")
    assert (row.verdict, row.published, row.n, row.note) == ("cited", "0.85", 0, "copied from LSA")
    assert math.isnan(row.margin)
    assert cell(build({}), "GAN", "zero", dataset="E").verdict == "cited"


def test_a_deterministic_method():
    frame = build({"kde": runs("kde", {("0", 0): 0.81, ("1", 0): 0.59})})
    row = cell(frame, "KDE", "zero")
    assert (row.n, row.ci_low, row.ci_high, row.verdict) == (1, 0.81, 0.81, "reproduced")
    assert math.isnan(row.sd)
    assert row.note == "assumed; deterministic: one run"
    assert cell(frame, "KDE", "avg").verdict == "reproduced"
    unprinted = cell(frame, "KDE", "1")
    assert (unprinted.published, unprinted.verdict, unprinted.reproduced) == ("", "", 0.59)


def test_a_cell_with_one_stale_run_is_stale_and_says_how():
    gan = runs("gan", full())
    gan.loc[(gan["unit"] == "0") & (gan["seed"] == 1), "stale"] = "by other code than the present"
    frame = build({"gan": gan})
    for subset in ("zero", "avg"):
        assert cell(frame, "GAN", subset)["verdict"] == "stale"
        assert "stale: made by other code than the present" in cell(frame, "GAN", subset)["note"]
    assert cell(frame, "GAN", "one")["verdict"] not in ("stale", "")
    said = foot(paper(), "p_table2", frame, {"gan": gan})
    assert "Stale: runs of gan were made by other code than the present." in said


def test_flags_stand_in_the_note_and_name_the_units_of_an_average():
    gan = runs("gan", full())
    gan.loc[gan["unit"] == "0", "flags"] = "AUROC is below 0.5 | 3 of 9 test images are training images"
    frame = build({"gan": gan})
    note = cell(frame, "GAN", "zero")["note"]
    assert "flag: AUROC is below 0.5; flag: 3 of 9 test images are training images" in note
    assert "flag: AUROC is below 0.5 (0)" in cell(frame, "GAN", "avg")["note"]
    assert "flag" not in cell(frame, "GAN", "one")["note"]


def test_a_diverged_training_makes_its_cell_missing_and_says_where():
    gan = runs("gan", full())
    hit = (gan["unit"] == "0") & (gan["seed"] == 1)
    gan.loc[hit, "value"] = math.nan
    gan.loc[hit, "diverged"] = "gan 0/1 diverged: critic not finite at iteration 70."
    frame = build({"gan": gan})
    for subset in ("zero", "avg"):
        row = cell(frame, "GAN", subset)
        assert row["verdict"] == "missing"
        assert "gan 0/1 diverged: critic not finite at iteration 70" in row["note"]
    assert cell(frame, "GAN", "one")["verdict"] != "missing"
    said = foot(paper(), "p_table2", frame, {"gan": gan})
    assert any("no number: gan 0/1 diverged: critic not finite at iteration 70." in line for line in said)


def test_deviations_are_noted_and_bar_comparison():
    frame = build({"gan": runs("gan", full(), deviations="stand-in weights | TF32")})
    row = cell(frame, "GAN", "zero")
    assert row.verdict == "not comparable"
    assert row.note == "deviation: stand-in weights; deviation: TF32"
    assert cell(frame, "GAN", "avg").verdict == "not comparable"


def test_a_seed_that_changes_nothing_is_said():
    assert (
        cell(build({"gan": runs("gan", full(sd=0))}), "GAN", "zero").note == "the same value for every seed"
    )


def test_other_scores_and_metrics_stay_out():
    own = runs("gan", full())
    sweep = runs("gan", dict.fromkeys(full(), 0.1), score="bandwidth_0.5_leaf_40")
    other = runs("gan", dict.fromkeys(full(), 0.2), metric="AUPRC")
    row = cell(build({"gan": pd.concat([sweep, own, other])}), "GAN", "zero")
    assert row.reproduced == pytest.approx(0.97)


def test_a_run_twice_is_an_error():
    twice = pd.concat([runs("gan", full()), runs("gan", {("1", 2): 0.9})])
    with pytest.raises(ValueError, match="gan hold unit '1', seed 2 more than once"):
        build({"gan": twice})


def test_two_cells_for_one_place_are_an_error():
    cells = [{"dataset": "D", "method": "GAN", "experiment": name} for name in ("gan", "alone")]
    with pytest.raises(ValueError, match="two cells for 'GAN' on 'D'"):
        build({}, cells=cells)


def test_a_printed_subset_that_the_experiment_lacks():
    row = cell(build({}, published=(*PUBLISHED, printed("GAN", "two", "0.5"))), "GAN", "two")
    assert (row.verdict, row.note) == ("missing", "its experiment has no such unit")


def demo():
    cells = [{"dataset": "digits", "method": "GAN", "experiment": "gan"}]
    entry = table(cells=cells, demo=True, columns=["GAN"])
    for key in ("source", "published_metric", "margins"):
        del entry[key]
    of_demo = paper()
    of_demo.tables["demo"] = entry
    return of_demo


def test_a_table_that_nothing_is_printed_for():
    measures = {"gan": runs("gan", full())}
    frame = build_table(demo(), "demo", measures, "code", FACTS, {})
    assert list(frame.subset) == ["0", "1", "avg"]
    assert set(frame.published) == set(frame.verdict) == {""}
    assert frame.reproduced.tolist() == pytest.approx([0.97, 0.9, 0.935])
    said = " ".join(foot(demo(), "demo", frame, measures))
    assert "not a result of the paper" in said
    assert "Verdicts" not in said
    assert "compared" not in said
    assert "3 of 3 cells were run." in said


def of_transfers(metrics):
    """Measures of CIS, and rows of other metrics: {metric: {(unit, seed): value}}."""
    return pd.concat([runs("gan", values, metric=metric) for metric, values in metrics.items()])


def test_the_foot_says_what_a_model_that_changes_nothing_has_and_what_was_chosen():
    of_it, values = demo(), {("0", 0): 0.1, ("0", 1): 0.2, ("1", 0): 0.3}
    of_it.tables["demo"]["metric"] = "CIS"
    plain = {"gan": of_transfers({"CIS": values})}
    said = foot(of_it, "demo", build_table(of_it, "demo", plain, "code", FACTS, {}), plain)
    assert "A model that changes no image has a CIS of 0, a ts of 0 and an rs of 0." in said
    assert not [text for text in said if "λ" in text]
    chosen = {("1", 0): 0.5, ("0", 1): 10.0, ("0", 0): 5.0}
    lengths = {("0", 0): 1.234, ("1", 0): 3.0, ("0", 1): 2.0}
    swept = {"gan": of_transfers({"CIS": values, "lambda": chosen, "length": lengths})}
    said = foot(of_it, "demo", build_table(of_it, "demo", swept, "code", FACTS, {}), swept)
    assert (
        "λ of the highest CIS on validation images (and the mean length of u): gan 0/0: 5 (1.23); "
        "gan 0/1: 10 (2.00); gan 1/0: 0.5 (3.00)."
    ) in said
    assert "changes no image" not in " ".join(foot(demo(), "demo", build({}), {}))


def test_the_average_of_one_unit_is_left_out():
    cells = [{"dataset": "F", "method": "GAN", "experiment": "alone"}]
    frame = build({"alone": runs("alone", {("0", 0): 0.9})}, cells=cells)
    assert list(frame[frame.dataset == "F"].subset) == ["0"]


def some_units(*units, **more):
    return [{"dataset": "F", "method": "GAN", "experiment": "gan", "units": list(units), **more}]


def three():
    """Measures of three units, the third with a device, deviation and divergence of its own."""
    values = {(unit, seed): 0.8 + 0.05 * int(unit) for unit in "012" for seed in range(3)}
    gan = runs("gan", values)
    own = {"device": "NVIDIA X", "deviations": "TF32", "diverged": "gan 2 diverged."}
    gan.loc[gan["unit"] == "2", list(own)] = list(own.values())
    return {"gan": gan}


def of_three(**changed):
    of_it = paper(**changed)
    of_it.experiments["gan"] = experiment("gan", ("0", "1", "2"))
    return of_it


def test_a_cell_stands_for_the_units_that_it_names():
    of_it = of_three(cells=some_units("0", "1", subsets={"0": "zero"}))
    frame = build_table(of_it, "p_table2", three(), "paper", FACTS, {})
    assert list(frame[frame.dataset == "F"].subset) == ["zero", "1", "avg"]
    average = cell(frame, "GAN", "avg", dataset="F")
    assert average.reproduced == pytest.approx(0.825)  # and not 0.85, of all three
    assert average.note == "the same value for every seed"


def test_the_average_of_one_named_unit_is_left_out():
    frame = build_table(of_three(cells=some_units("1")), "p_table2", three(), "paper", FACTS, {})
    assert list(frame[frame.dataset == "F"].subset) == ["1"]


def test_foot_speaks_of_the_named_units_alone():
    for units, devices in ((["0", "1"], "cpu (gan)"), (["0", "2"], "NVIDIA X, cpu (gan)")):
        of_it = of_three(cells=some_units(*units), source="Table 8")
        said = foot(of_it, "p_table2", build_table(of_it, "p_table2", three(), "paper", FACTS, {}), three())
        assert f"Devices: {devices}." in said
        assert ("No deviation was declared." in said) == ("2" not in units)
        assert any("gan 2 diverged" in sentence for sentence in said) == ("2" in units)


def test_foot_counts_and_names_what_stands_behind():
    gan = runs("gan", full(), device="NVIDIA H100", deviations="")
    measures = {"gan": gan, "kde": runs("kde", {("0", 0): 0.822}, code="ffffffff0000")}
    frame = build(measures)
    said = foot(paper(), "p_table2", frame, measures)
    assert said[0] == "4 of 5 cells were run; 4 are cited."
    # KDE on zero: 0.822 against 0.80 lies outside ±0.015, but within ±0.025.
    assert said[1] == "Verdicts at ε: 3 reproduced, 1 above, 1 missing."
    assert said[2] == "Verdicts at ε/2: 3 reproduced, 1 above, 1 missing."
    assert said[3] == "Verdicts at 2ε: 4 reproduced, 1 missing."
    assert said[5] == "The margin ε for a cell is 0.01: two implementations differ by that."
    assert said[6] == "The margin ε for an average is 0.004: half of it."
    assert "Devices: NVIDIA H100 (gan); cpu (kde)." in said
    assert "Code: c0dec0de (gan); ffffffff (kde)." in said
    assert "Seeds: 0, 1, 2 (gan); 0 (kde)." in said
    assert said[-1] == "No deviation was declared."


def test_foot_names_deviations_and_works_without_runs():
    measures = {"gan": runs("gan", full(), deviations="stand-in weights")}
    assert (
        foot(paper(), "p_table2", build(measures), measures)[-1] == "Declared deviations: stand-in weights."
    )
    said = foot(paper(), "p_table2", build({}), {})
    assert said[0] == "0 of 5 cells were run; 4 are cited."
    assert said[1] == "Verdicts at ε: 5 missing."
    assert not any(sentence.startswith("Devices") for sentence in said)


def test_csv_round_trips_with_the_same_bytes(tmp_path):
    values = {key: value + 1 / 3e4 for key, value in full().items()}
    frame = build({"gan": runs("gan", values)})
    write_csv(frame, tmp_path / "a.csv")
    write_csv(build({"gan": runs("gan", values).sample(frac=1, random_state=0)}), tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv"), frame, check_exact=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]  # nothing half-written left


def test_measures_keep_units_as_text_and_undefined_as_nan(tmp_path):
    runs("gan", {("0", 0): 0.1 + 0.2, ("1", 0): math.nan}).to_csv(tmp_path / "gan.csv", index=False)
    measures = read_measures(tmp_path / "gan.csv")
    assert measures["unit"].tolist() == ["0", "1"]
    assert measures["value"].iloc[0] == 0.1 + 0.2
    assert math.isnan(measures["value"].iloc[1])
    assert measures["deviations"].tolist() == ["", ""]
    assert cell(build({"gan": measures}), "GAN", "one").verdict == "missing"


def test_measures_without_a_run(tmp_path):
    runs("gan", full()).head(0).to_csv(tmp_path / "gan.csv", index=False)
    measures = {"gan": read_measures(tmp_path / "gan.csv")}
    assert set(build(measures).verdict) == {"missing", "cited", ""}


def test_published_by_unit_speaks_the_units_language():
    paper = load_paper("piad")
    printed = published_by_unit(paper, "piad_table2", "KDE", "cifar10")
    assert printed["automobile"] == "0.520"
    assert len(printed) == 10
    assert published_by_unit(paper, "piad_table2", "KDE", "mnist")["3"] == "0.693"
    assert published_by_unit(paper, "demo", "KDE", "digits") == {}


# --- a score of its own, and shares of few printed images --------------------------------------------


def test_a_table_of_another_score_takes_that_one_alone():
    own = runs("gan", dict.fromkeys(full(), 0.1), device="cpu")
    logit = runs("gan", full(), score="logit", device="NVIDIA X")
    measures = {"gan": pd.concat([own, logit])}
    frame = build(measures, score="logit")
    assert cell(frame, "GAN", "zero").reproduced == pytest.approx(0.97)
    assert cell(frame, "GAN", "avg").reproduced == pytest.approx(0.935)
    assert cell(build(measures), "GAN", "zero").reproduced == pytest.approx(0.1)
    said = foot(paper(score="logit"), "p_table2", frame, measures)
    assert "Devices: NVIDIA X (gan)." in said
    assert cell(build({"gan": own}, score="logit"), "GAN", "zero").note == "not run"


IMAGES = {"value": 16, "source": "all printed shares are sixteenths."}
SHARES = (
    printed("GAN", "zero", "0.813"),
    printed("GAN", "one", "0.000"),
    printed("Cited", "zero", "0.5", "from elsewhere"),
)


def test_what_the_printed_images_allow_stands_in_the_note_of_a_printed_share():
    gan = {"gan": runs("gan", full(), deviations="TF32")}
    frame = build(gan, published=SHARES, printed_images=IMAGES)
    assert cell(frame, "GAN", "zero").note == "deviation: TF32; 16 images allow 0.57 to 0.93"
    assert cell(frame, "GAN", "one").note == "deviation: TF32; 16 images allow 0.00 to 0.19"
    assert cell(frame, "GAN", "avg").note == "deviation: TF32"  # nothing is printed for it
    assert cell(frame, "Cited", "zero").note == "from elsewhere"
    silent = build(gan, published=SHARES)
    assert not silent["note"].str.contains("images allow").any()
    pd.testing.assert_frame_equal(silent.drop(columns="note"), frame.drop(columns="note"))


def test_a_share_that_was_not_run_has_its_printed_images_too():
    frame = build({}, published=SHARES, printed_images={**IMAGES, "value": 160})
    assert cell(frame, "GAN", "zero").note == "not run; 160 images allow 0.75 to 0.87"


def test_foot_explains_the_brackets_where_there_are_some():
    sentence = (
        "Beside a printed share stands the 95 % Wilson interval that 16 images allow: "
        "all printed shares are sixteenths."
    )
    measures = {"gan": runs("gan", full())}
    of_it = paper(published=SHARES, printed_images=IMAGES)
    assert (
        foot(of_it, "p_table2", build_table(of_it, "p_table2", measures, "paper", FACTS, {}), measures).count(
            sentence
        )
        == 1
    )
    silent = foot(paper(), "p_table2", build(measures), measures)
    assert not any("Wilson" in line for line in silent)

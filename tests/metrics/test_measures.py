"""Measures of runs from their scores and records."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from encore.metrics.measures import COLUMNS, ScoredRun, measure

SCORED = {
    "experiment": "x",
    "unit": "3",
    "seed": 1,
    "code_digest": "k",
    "deviations": ["stand-in", "unverified"],
}
TRAINED = {
    "device": {"device": "NVIDIA X"},
    "job": {"precision": "tf32"},
    "code_digest": "c",
    "settings_digest": "s",
    "iterations": 9,
}


def scores():
    return pd.DataFrame(
        {"index": [4, 5, 7], "anomalous": [0, 1, 1], "score": [0.1, 0.9, 0.2], "b": [1.0, 0.0, 0.5]}
    )


def run_of(scores, scored=SCORED, trained_on=(), model="m", **tables):
    images = scores["index"].to_numpy()
    return ScoredRun({"scores": scores, **tables}, scored, TRAINED, model, np.array(trained_on, int), images)


def measured(module, *runs, **about):
    """The rows of runs, of an experiment that these modules measure."""
    return measure(SimpleNamespace(**about), runs, module.split()).to_dict("records")


def test_a_row_for_each_score_column_and_metric():
    rows = measured("ranking", run_of(scores()))
    assert all(set(row) == set(COLUMNS) for row in rows)
    found = {(row["score"], row["metric"]): row["value"] for row in rows}
    assert found[("score", "AUROC")] == 1.0
    assert found[("b", "AUROC")] == 0.0
    assert len(found) == 4
    assert {row["deviations"] for row in rows} == {"stand-in | unverified"}
    assert {row["device"] for row in rows} == {"NVIDIA X, TF32"}


def test_an_image_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="x 3/1: an image stands twice"):
        measured("ranking", run_of(scores().assign(index=[4, 4, 7])))


def test_what_a_run_resembles_stands_beside_its_scores():
    columns = {"class": ["3", "4", "9", "0", "unlike any"], "share": [0.25, 0.5, 0.125, 0, 0.125]}
    shares = pd.DataFrame(columns | {"images": [4, 1, 1, 2, 0], "itself": [0.25, 1, 0, 0.5, np.nan]})
    run = run_of(scores(), resemblance=shares)
    both = measured("ranking resemblance", run, resemblance={"3": ("4", "9")})
    rows = both[4:]
    assert both[:4] == measured("ranking", run)
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert {row["metric"]: row["value"] for row in rows} == {
        "resembles_normal": 0.625,
        "resembles_itself": 0.5,
        "resembles_named": 0.625,
    }
    ranked = measured("ranking", run_of(scores()))[0]
    own = ("score", "metric", "value")
    for row in rows:
        assert row["score"] == "score"
        assert {k: v for k, v in row.items() if k not in own} == {
            k: v for k, v in ranked.items() if k not in own
        }


def edited(**changed):
    """Two images that have the attribute and one that has not."""
    columns = {"index": [4, 5, 7], "label": [1, 1, 0], "squared_error": [0.1, 0.2, 0.3]}
    columns |= {"original": [0.9, 0.8, 0.1], "edited_0": [0.1, 0.9, 0.1], "edited_1": [0.8, 0.7, 0.1]}
    return pd.DataFrame(columns | changed)


def test_edits_have_a_row_for_each_score_and_metric():
    twins = (run_of(edited(), SCORED | {"unit": "2"}, model="n"), run_of(edited(), trained_on=[5, 6]))
    rows = measured("editing", *twins)[6:]
    assert all(set(row) == set(COLUMNS) for row in rows)
    found = {(row["score"], row["metric"]): row["value"] for row in rows}
    values = {
        "MSE": 0.2,
        "Class0": 0.5,
        "Class1": 1.0,
        "Class0+Class1": 1.5,
        "success": 0.75,
        "accuracy": 1.0,
    }
    assert found == pytest.approx({("score", metric): value for metric, value in values.items()})
    leak, twin = "1 of 3 test images are training images", "its scores are those of unit 2, seed 1"
    assert {row["flags"] for row in rows} == {f"{leak} | {twin}, of another model"}


def test_a_judge_that_knows_no_more_than_the_commoner_answer_is_flagged_beside_the_rest():
    rows = measured("editing", run_of(edited(original=[0.9] * 3), trained_on=[4]))
    (flags,) = {row["flags"] for row in rows}
    given, found = flags.split(" | ")
    assert given == "1 of 3 test images are training images"
    assert "judge" in found


def test_every_variant_of_a_transfer_is_a_score():
    columns = {"index": [1, 2], "accuracy": [1.0, 0.5], "ts": [0.5, 0.1], "rs": [-0.1, -0.1]}
    columns |= {"ts:lambda=5": [1.0, 0.0], "rs:lambda=5": [0.0, -1.0]}
    rows = measured("transfer", run_of(pd.DataFrame(columns)))
    found = {(row["score"], row["metric"]): row["value"] for row in rows}
    assert found == pytest.approx(
        {
            **{("score", "CIS"): 0.2, ("score", "ts"): 0.3, ("score", "rs"): -0.1},
            **{("score", "accuracy"): 0.75},
            **{("lambda=5", "CIS"): 0.0, ("lambda=5", "ts"): 0.5, ("lambda=5", "rs"): -0.5},
        }
    )


def test_edits_say_of_their_run_what_rankings_say_of_theirs():
    ranked, of_edits = measured("ranking", run_of(scores()))[0], measured("editing", run_of(edited()))
    own = ("score", "metric", "value")
    for row in of_edits:
        assert {k: v for k, v in row.items() if k not in own} == {
            k: v for k, v in ranked.items() if k not in own
        }


def test_edits_of_a_run_that_diverged_have_their_rows_without_a_number():
    nothing = dict.fromkeys(("squared_error", "original", "edited_0", "edited_1"), math.nan)
    rows = measured("editing", run_of(edited(**nothing), SCORED | {"diverged": "x 3/1 diverged."}))
    names = ["MSE", "Class0", "Class1", "Class0+Class1", "success", "accuracy"]
    assert [row["metric"] for row in rows] == names
    assert all(math.isnan(row["value"]) for row in rows)
    assert {row["diverged"] for row in rows} == {"x 3/1 diverged."}


def test_an_edited_image_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="x 3/1: an image stands twice"):
        measured("editing", run_of(edited(index=[4, 7, 7])))


def test_a_ranking_at_chance_is_flagged_and_no_other():
    rows = measured("ranking", run_of(scores()))
    flagged = [(row["score"], row["metric"]) for row in rows if row["flags"]]
    assert flagged == [("b", "AUROC")]


def test_without_runs_there_are_columns_and_no_rows():
    found = measure(SimpleNamespace(), [], ["ranking"])
    assert tuple(found.columns) == COLUMNS
    assert found.empty

"""Measures of one run from its scores and records."""

import math

import pandas as pd
import pytest

from encore.metrics.measures import COLUMNS, edits_of_run, measures_of_run, resemblance_of_run

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


def test_a_row_for_each_score_column_and_metric():
    rows = measures_of_run(scores(), SCORED, TRAINED)
    assert all(set(row) == set(COLUMNS) for row in rows)
    found = {(row["score"], row["metric"]): row["value"] for row in rows}
    assert found[("score", "AUROC")] == 1.0
    assert found[("b", "AUROC")] == 0.0
    assert len(found) == 4
    assert {row["deviations"] for row in rows} == {"stand-in | unverified"}
    assert {row["device"] for row in rows} == {"NVIDIA X, TF32"}


def test_an_image_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="x 3/1: an image stands twice"):
        measures_of_run(scores().assign(index=[4, 4, 7]), SCORED, TRAINED)


def test_what_a_run_resembles_stands_beside_its_scores():
    shares = {"3": 0.25, "4": 0.5, "9": 0.125, "0": 0.125}
    rows = resemblance_of_run(shares, {"3": ("4", "9")}, SCORED, TRAINED)
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert {row["metric"]: row["value"] for row in rows} == {
        "resembles_normal": 0.75,
        "resembles_named": 0.625,
    }
    ranked = measures_of_run(scores(), SCORED, TRAINED)[0]
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
    rows = edits_of_run(edited(), SCORED, TRAINED, ["a twin", "a leak"])
    assert all(set(row) == set(COLUMNS) for row in rows)
    found = {(row["score"], row["metric"]): row["value"] for row in rows}
    values = {"MSE": 0.2, "Class0": 0.5, "Class1": 1.0, "success": 0.75, "accuracy": 1.0}
    assert found == pytest.approx({("score", metric): value for metric, value in values.items()})
    assert {row["flags"] for row in rows} == {"a twin | a leak"}


def test_a_judge_that_knows_no_more_than_the_commoner_answer_is_flagged_beside_the_rest():
    (flags,) = {row["flags"] for row in edits_of_run(edited(original=[0.9] * 3), SCORED, TRAINED, ["a leak"])}
    given, found = flags.split(" | ")
    assert given == "a leak"
    assert "judge" in found


def test_every_variant_of_a_transfer_is_a_score():
    columns = {"index": [1, 2], "accuracy": [1.0, 0.5], "ts": [0.5, 0.1], "rs": [-0.1, -0.1]}
    columns |= {"ts:lambda=5": [1.0, 0.0], "rs:lambda=5": [0.0, -1.0]}
    rows = edits_of_run(pd.DataFrame(columns), SCORED, TRAINED)
    found = {(row["score"], row["metric"]): row["value"] for row in rows}
    assert found == pytest.approx(
        {
            **{("score", "CIS"): 0.2, ("score", "ts"): 0.3, ("score", "rs"): -0.1},
            **{("score", "accuracy"): 0.75},
            **{("lambda=5", "CIS"): 0.0, ("lambda=5", "ts"): 0.5, ("lambda=5", "rs"): -0.5},
        }
    )


def test_edits_say_of_their_run_what_rankings_say_of_theirs():
    ranked, of_edits = measures_of_run(scores(), SCORED, TRAINED)[0], edits_of_run(edited(), SCORED, TRAINED)
    own = ("score", "metric", "value")
    for row in of_edits:
        assert {k: v for k, v in row.items() if k not in own} == {
            k: v for k, v in ranked.items() if k not in own
        }


def test_edits_of_a_run_that_diverged_have_their_rows_without_a_number():
    nothing = dict.fromkeys(("squared_error", "original", "edited_0", "edited_1"), math.nan)
    rows = edits_of_run(edited(**nothing), SCORED | {"diverged": "x 3/1 diverged."}, TRAINED)
    assert [row["metric"] for row in rows] == ["MSE", "Class0", "Class1", "success", "accuracy"]
    assert all(math.isnan(row["value"]) for row in rows)
    assert {row["diverged"] for row in rows} == {"x 3/1 diverged."}


def test_an_edited_image_that_stands_twice_is_refused():
    with pytest.raises(ValueError, match="x 3/1: an image stands twice"):
        edits_of_run(edited(index=[4, 7, 7]), SCORED, TRAINED)

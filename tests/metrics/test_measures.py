"""Measures of one run from its scores and records."""

import pandas as pd
import pytest

from encore.metrics.measures import COLUMNS, measures_of_run, resemblance_of_run

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

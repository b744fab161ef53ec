"""Ranking metrics against counts made by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from encore.metrics.ranking import auprc, auroc, flags, measure, ranking_metrics


def test_auroc_counts_pairs_and_half_of_ties():
    anomalous, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.4, 0.8])
    # Pairs (anomalous, normal): 0.4 > 0.1, 0.4 = 0.4, 0.8 > 0.1, 0.8 > 0.4.
    assert auroc(anomalous, score) == pytest.approx(3.5 / 4)


def test_auprc_is_the_mean_precision_at_each_anomaly():
    anomalous, score = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1])
    assert auprc(anomalous, score) == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_a_score_that_is_not_finite_gives_no_number():
    found = ranking_metrics(np.array([0, 1]), np.array([0.0, np.inf]))
    assert all(math.isnan(value) for value in found.values())
    assert set(found) == {"AUROC", "AUPRC"}


def test_labels_of_one_kind_are_refused():
    with pytest.raises(ValueError, match="all normal or all anomalous"):
        ranking_metrics(np.array([1, 1]), np.array([0.0, 1.0]))


def test_every_column_that_is_a_score_is_measured():
    columns = {"index": [4, 5, 7], "anomalous": [0, 1, 1], "score": [0.1, 0.9, 0.2], "b": [1.0, 0.0, 0.5]}
    found = measure(pd.DataFrame(columns), None, "3")
    assert list(found) == ["score", "b"]
    assert found["score"] == ranking_metrics(np.array([0, 1, 1]), np.array([0.1, 0.9, 0.2]))
    assert found["b"]["AUROC"] == 0.0


@pytest.mark.parametrize(
    ("metric", "value", "flag"),
    [
        ("AUROC", 0.5, "AUROC is exactly 0.5: all scores may be the same"),
        ("AUROC", 0.4999, "AUROC is below 0.5"),
        ("AUROC", 0.5001, None),
        ("AUROC", math.nan, None),
        ("AUPRC", 0.1, None),
    ],
)
def test_auroc_at_or_below_chance(metric, value, flag):
    assert flags(pd.DataFrame(), metric, value) == ([flag] if flag else [])

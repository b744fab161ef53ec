"""Ranking metrics against counts made by hand."""

import math

import numpy as np
import pytest

from encore.metrics.ranking import auprc, auroc, ranking_metrics


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

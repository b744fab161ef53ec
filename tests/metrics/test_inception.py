"""Inception Score and FID: what is known in closed form, pytorch-fid's numbers, and streams."""

import itertools

import numpy as np
import pytest
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from scipy.special import softmax

from encore.metrics.inception import ClassSums, FeatureSums, Statistics, frechet_distance

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(3, 2, (60, 5)) @ RANDOM.normal(0, 1, (5, 5))
PROBABILITIES = softmax(RANDOM.normal(0, 2, (60, 7)), axis=1)


def statistics(features, batch=1000):
    sums = FeatureSums(features.shape[1], "cpu")
    for part in torch.from_numpy(features).split(batch):
        sums.add(part)
    return sums.statistics()


def scores(probabilities, splits=1, order_seed=0, batch=1000):
    sums = ClassSums(len(probabilities), splits, order_seed, probabilities.shape[1], "cpu")
    for part in torch.from_numpy(probabilities).split(batch):
        sums.add(part)
    return sums.scores()


def score_of(p):
    """The definition, with all images at hand."""
    return np.exp((p * np.log(p / p.mean(axis=0))).sum(axis=1).mean())


# --- FID ---------------------------------------------------------------------------------------------


def test_with_equal_covariances_fid_is_the_squared_distance_of_the_means():
    one, moved = statistics(FEATURES), statistics(FEATURES + np.array([3, 0, -4, 0, 0]))
    assert frechet_distance(one, moved) == pytest.approx(25, rel=1e-6)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_fid_of_uncorrelated_features_adds_up_squared_differences_of_their_deviations():
    one = Statistics(np.zeros(2), np.diag([4.0, 9.0]), 9)
    other = Statistics(np.zeros(2), np.diag([1.0, 25.0]), 9)
    assert frechet_distance(one, other) == pytest.approx((2 - 1) ** 2 + (3 - 5) ** 2)


@pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")
def test_fid_is_pytorch_fids_of_the_same_features():
    other = FEATURES**2 / 5
    moments = [part for one in (FEATURES, other) for part in (one.mean(axis=0), np.cov(one, rowvar=False))]
    expected = calculate_frechet_distance(*moments)
    assert frechet_distance(statistics(FEATURES), statistics(other)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("batch", [1, 7, 60])
def test_a_stream_has_the_mean_and_covariance_of_all_at_once(batch):
    found = statistics(FEATURES, batch)
    np.testing.assert_allclose(found.mean, FEATURES.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(FEATURES, rowvar=False), rtol=1e-10, atol=1e-10)
    assert found.images == 60


def test_sums_are_exact_where_float32_would_lose_them():
    """Features of a network are float32; their sums over many images are not."""
    features = np.full((3, 1), 2.0**24)
    features[1:] += [[2], [4]]
    found = statistics(features.astype(np.float32))
    assert found.mean == 2.0**24 + 2
    assert found.covariance == 4


# --- Inception Score ---------------------------------------------------------------------------------


def test_sure_and_balanced_predictions_score_the_number_of_classes():
    assert scores(np.tile(np.eye(6), (5, 1))) == pytest.approx(6)


def test_predictions_that_are_all_the_same_score_one():
    assert scores(np.tile(PROBABILITIES[0], (20, 1)), splits=4) == pytest.approx(1)


def test_a_score_is_the_exponential_of_the_mean_divergence_from_the_mean_prediction():
    assert scores(PROBABILITIES) == pytest.approx(score_of(PROBABILITIES))


@pytest.mark.parametrize("splits", [1, 4, 7, 60])
def test_each_split_has_a_score_of_its_own_images(splits):
    """60 images in 7 splits: of 8 and 9 images each, cut as torch-fidelity cuts them."""
    order = np.random.RandomState(2020).permutation(60)
    shuffled = PROBABILITIES[order]
    cuts = [i * 60 // splits for i in range(splits + 1)]
    expected = [score_of(shuffled[a:b]) for a, b in itertools.pairwise(cuts)]
    np.testing.assert_allclose(scores(PROBABILITIES, splits, 2020), expected, rtol=1e-12)


@pytest.mark.parametrize("batch", [1, 11, 60])
def test_a_stream_has_the_scores_of_all_at_once(batch):
    np.testing.assert_allclose(scores(PROBABILITIES, 5, 3, batch), scores(PROBABILITIES, 5, 3), rtol=1e-12)


def test_the_seed_draws_the_order():
    assert not np.allclose(scores(PROBABILITIES, 5, 1), scores(PROBABILITIES, 5, 2))
    assert scores(PROBABILITIES, 1, 1) == pytest.approx(scores(PROBABILITIES, 1, 2))
    # One class after the other, as a dataset may lie: without an order each split would score 1.
    classes = np.repeat(np.eye(5), 40, axis=0)
    assert (scores(classes, 5) > 4).all()

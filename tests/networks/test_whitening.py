"""The PCA whitening against scikit-learn's, and against what a whitening is."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from encore.networks.whitening import AXES, MEAN, fit_whitening, whitened
from encore.strict import ConfigError


@pytest.fixture(scope="module")
def points():
    """Training and test points, (100, 16) each: twelve axes that vary ever less, and four sums of them."""
    generator = np.random.default_rng(0)
    varying = generator.normal(size=(2, 100, 12)) * np.linspace(4, 0.1, 12) + 3
    return np.concatenate([varying, varying[..., :4] @ generator.normal(size=(4, 4))], axis=-1)


@pytest.mark.parametrize("variance", [0.5, 0.9, 0.99])
def test_whitened_features_are_scikit_learns(points, variance):
    train, test = points
    fit = fit_whitening(train, "pca", variance)
    pca = PCA(variance, whiten=True, svd_solver="full").fit(train)
    assert fit[AXES].shape == (16, pca.n_components_)
    for some in (train, test):
        np.testing.assert_allclose(whitened(some, fit), pca.transform(some), rtol=1e-9, atol=1e-12)


def test_training_points_have_mean_0_and_unit_covariance(points):
    train, _ = points
    features = whitened(train, fit_whitening(train, "pca", 0.9))
    np.testing.assert_allclose(features.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(np.cov(features.T), np.eye(features.shape[1]), atol=1e-12)


def test_the_fewest_axes_that_keep_the_share_are_kept(points):
    train, _ = points
    total = np.sort(np.linalg.eigvalsh(np.cov(train.T)))[::-1]
    share = total.cumsum() / total.sum()
    for variance in (0.3, 0.6, 0.9, 0.99):
        kept = fit_whitening(train, "pca", variance)[AXES].shape[1]
        assert share[kept - 1] >= variance
        assert kept == 1 or share[kept - 2] < variance


def test_a_share_of_1_keeps_what_varies_and_no_rounding(points):
    """Four of sixteen axes are sums of others; whitened, their rounding would count as much as the rest."""
    train, test = points
    for one in (1, 1.0):
        fit = fit_whitening(train, "pca", one)
        assert fit[AXES].shape == (16, 12)
        assert np.abs(whitened(test, fit)).max() < 10
    few = fit_whitening(train[:5], "pca", 1)
    assert few[AXES].shape == (16, 4)  # n points span n - 1 axes


def test_all_of_it_is_float64(points):
    fit = fit_whitening(points[0], "pca", 0.9)
    assert {tensor.numpy().dtype for tensor in fit.values()} == {np.dtype("float64")}
    assert set(fit) == {MEAN, AXES}
    assert whitened(points[1], fit).dtype == np.float64


def test_without_a_whitening_points_stay_as_they_are(points):
    assert fit_whitening(points[0], "none", 0.9) == {}
    np.testing.assert_array_equal(whitened(points[1], {}), points[1])


@pytest.mark.parametrize("count", [1, 3])
def test_images_that_do_not_differ_are_refused_in_a_sentence(points, count):
    same = np.repeat(points[0][:1], count, axis=0)
    with pytest.raises(ConfigError) as refused:
        fit_whitening(same, "pca", 0.95)
    assert str(refused.value) == (
        "whitening = pca: expected at least 2 training images that differ, "
        f"found {count} that do not; take other images, or none for raw pixels."
    )

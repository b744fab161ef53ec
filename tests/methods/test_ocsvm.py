"""The one-class SVM against scikit-learn's own predictions, on pixels and on whitened features."""

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import OneClassSVM

from encore.methods.ocsvm import OCSVM
from encore.networks.whitening import AXES, MEAN
from encore.papers.find import find_experiment
from encore.strict import ConfigError


@pytest.fixture(scope="module")
def images():
    generator = np.random.default_rng(0)
    return torch.from_numpy(generator.random((2, 60, 1, 4, 4), dtype=np.float32))


def ocsvm(**changed):
    settings = find_experiment("ocsvm-mnist").values("code") | changed
    return OCSVM(settings, (1, 4, 4), 0, "cpu")


def loaded(method):
    """Another method with what `method` learned, and nothing else of it."""
    again = OCSVM(method.settings, (1, 4, 4), 1, "cpu")
    again.load_model(load(save({name: tensor.clone() for name, tensor in method.model().items()})))
    return again


def rows(images):
    return images.flatten(1).double().numpy()


@pytest.mark.parametrize("gamma", ["scale", 0.3])
@pytest.mark.parametrize("nu", [0.1, 0.5])
def test_ocsvm_scores_are_scikit_learns(images, gamma, nu):
    train, test = images
    fitted = ocsvm(whitening="none", gamma=gamma, nu=nu)
    fitted.step(train)
    expected = OneClassSVM(gamma=gamma, nu=nu).fit(rows(train))
    decision = expected.decision_function(rows(test))
    np.testing.assert_allclose(loaded(fitted).score(test)["score"], -decision, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("gamma", ["scale", 0.3])
@pytest.mark.parametrize("variance", [0.7, 0.95, 1])
def test_whitened_ocsvm_scores_are_scikit_learns_on_its_own_whitening(images, gamma, variance):
    train, test = images
    fitted = ocsvm(whitened_variance=variance, gamma=gamma)
    fitted.step(train)
    share = variance if variance < 1 else None
    line = make_pipeline(PCA(share, whiten=True, svd_solver="full"), OneClassSVM(gamma=gamma, nu=0.5))
    decision = line.fit(rows(train)).decision_function(rows(test))
    np.testing.assert_allclose(loaded(fitted).score(test)["score"], -decision, rtol=1e-6, atol=1e-8)


def test_gamma_is_one_over_the_components_once_whitened(images):
    method = ocsvm()
    method.step(images[0])
    tensors = method.model()
    components = tensors[AXES].shape[1]
    assert 1 < components < 16
    assert tensors["support_vectors"].shape[1] == components
    assert float(tensors["gamma"]) == pytest.approx(1 / components * 60 / 59, rel=1e-9)


def test_whitened_scores_are_the_same_bytes_after_saving_and_loading(images):
    train, test = images
    method, again = ocsvm(), ocsvm()
    for one in (method, again):
        one.step(train)
    before = method.score(test)["score"]
    assert torch.equal(loaded(method).score(test)["score"], before)
    assert save(again.model()) == save(method.model())  # nothing in the fit is random


def test_the_whitening_sees_training_images_alone(images):
    train, test = images
    method = ocsvm()
    method.step(train)
    mean = method.model()[MEAN].clone()
    np.testing.assert_allclose(mean, rows(train).mean(0), rtol=1e-12)
    alone = torch.cat([method.score(image[None])["score"] for image in test])
    torch.testing.assert_close(method.score(test)["score"], alone, rtol=1e-12, atol=1e-12)
    assert torch.equal(method.model()[MEAN], mean)


def test_without_whitening_the_model_holds_what_it_always_held(images):
    method = ocsvm(whitening="none", whitened_variance=0.5)
    method.step(images[0])
    assert list(method.model()) == ["support_vectors", "dual_coefficients", "intercept", "gamma"]
    assert method.model()["support_vectors"].shape[1] == 16


def test_the_share_of_support_vectors_is_given(images):
    method = ocsvm(nu=0.3)
    share = float(method.step(images[0])["support_share"])
    assert share == pytest.approx(len(method.model()["support_vectors"]) / 60)
    assert 0.3 <= share < 1


def test_images_that_do_not_differ_cannot_be_whitened():
    with pytest.raises(ConfigError, match="found 4 that do not"):
        ocsvm().step(torch.full((4, 1, 4, 4), 0.5))

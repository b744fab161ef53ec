"""The one-class SVM against scikit-learn's own predictions."""

import numpy as np
import pytest
import torch
from sklearn.svm import OneClassSVM

from encore.methods.ocsvm import OCSVM


@pytest.fixture(scope="module")
def images():
    generator = np.random.default_rng(0)
    return torch.from_numpy(generator.random((2, 60, 1, 4, 4), dtype=np.float32))


@pytest.mark.parametrize("gamma", ["scale", 0.3])
def test_ocsvm_scores_are_scikit_learns(images, gamma):
    train, test = images
    fitted, svm = (OCSVM({"gamma": gamma, "nu": 0.5}, (1, 4, 4), seed, "cpu") for seed in (0, 1))
    fitted.step(train)
    svm.load_model({name: tensor.clone() for name, tensor in fitted.model().items()})
    expected = OneClassSVM(gamma=gamma, nu=0.5).fit(train.flatten(1).double().numpy())
    decision = expected.decision_function(test.flatten(1).double().numpy())
    np.testing.assert_allclose(svm.score(test)["score"], -decision, rtol=1e-10, atol=1e-12)

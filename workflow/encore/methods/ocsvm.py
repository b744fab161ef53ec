"""The one-class SVM of PIAD's Table 2, scikit-learn's.

The paper quotes the column from Abati et al. 2019, who learn from features of a PCA whitening (Section 4.1)
and print no further setting. The others here are chosen by rules that never look at an anomaly, and stand in
the paper's YAML as assumed.
"""

import torch
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import OneClassSVM
from torch import Tensor

from encore.methods.base import ScikitFit, flat
from encore.networks.whitening import fit_whitening, whitened


class OCSVM(ScikitFit):
    """One-class SVM with an RBF kernel on whitened images or on pixels; scores are minus its decision."""

    SETTINGS = {
        "whitening": (
            ["pca", "none"],
            "what it learns from: features of a PCA whitening, or none: raw pixels",
        ),
        "whitened_variance": (
            "part",
            "share of the training images' variance that the whitening keeps, 1 for all components that vary",
        ),
        "gamma": (
            ["positive", "scale"],
            "width of the RBF kernel exp(-gamma d^2): a number, or scikit-learn's rule scale",
        ),
        "nu": ("part", "bound on the share of training images outside"),
    }
    SCORES = ("score",)

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """Fit on all training images at once; gives the share of them that became support vectors."""
        points = flat(images)
        whitening = fit_whitening(points, self.settings["whitening"], self.settings["whitened_variance"])
        svm = OneClassSVM(gamma=self.settings["gamma"], nu=self.settings["nu"])
        svm.fit(whitened(points, whitening))
        self.tensors = whitening | {
            "support_vectors": torch.from_numpy(svm.support_vectors_),
            "dual_coefficients": torch.from_numpy(svm.dual_coef_[0].copy()),
            "intercept": torch.from_numpy(svm.intercept_.copy()),
            "gamma": torch.tensor(
                svm._gamma if isinstance(svm.gamma, str) else svm.gamma, dtype=torch.float64
            ),
        }
        return {"support_share": torch.tensor(len(svm.support_) / len(images))}

    def score(self, images: Tensor) -> dict[str, Tensor]:
        """Minus the decision function: sum_i alpha_i k(x, x_i) + b of Schoelkopf et al., sign turned."""
        features = whitened(flat(images), self.tensors)
        kernel = rbf_kernel(features, self.tensors["support_vectors"].numpy(), float(self.tensors["gamma"]))
        inside = kernel @ self.tensors["dual_coefficients"].numpy() + self.tensors["intercept"].numpy()
        return {"score": torch.from_numpy(-inside)}

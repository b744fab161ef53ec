"""PCA whitening, whose features both shallow methods learn from.

It stands here and not beside them, since every module in methods/ except base.py is a method.
"""

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from encore.strict import ConfigError

MEAN, AXES = "whitening.mean", "whitening.axes"


def fit_whitening(points: np.ndarray, whitening: str, variance: float) -> dict[str, Tensor]:
    """What `whitened` needs, float64: the mean (D,), and each axis over its standard deviation (D, K).

    points: training images, (N, D) float64.
    whitening: pca, or none, which needs nothing.
    variance: the share of their variance that the K axes keep, 1 for all that vary.
    A ConfigError for images that do not differ.
    """
    if whitening == "none":
        return {}
    if not np.ptp(points, axis=0).any():
        fault = (
            f"whitening = {whitening}: expected at least 2 training images that differ, found {len(points)} "
            "that do not; take other images, or none for raw pixels."
        )
        raise ConfigError([fault])
    # scikit-learn takes a share below 1; all components are None.
    pca = PCA(variance if variance < 1 else None, whiten=True, svd_solver="full").fit(points)
    rounding = pca.singular_values_[0] * max(points.shape) * np.finfo(np.float64).eps
    varying = pca.singular_values_ > rounding
    axes = (pca.components_[varying] / np.sqrt(pca.explained_variance_[varying, None])).T
    return {MEAN: torch.from_numpy(pca.mean_), AXES: torch.from_numpy(np.ascontiguousarray(axes))}


def whitened(points: np.ndarray, tensors: Mapping[str, Tensor]) -> np.ndarray:
    """(N, D) -> (N, K), of unit variance along each axis on the training images; unchanged without a fit."""
    if AXES not in tensors:
        return points
    return (points - tensors[MEAN].numpy()) @ tensors[AXES].numpy()

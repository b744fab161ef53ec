"""Inception Score and FID from a stream of images: sums are kept, and no image.

All sums are float64. Summed in batches or at once, they differ by rounding alone.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from torch import Tensor


@dataclass(frozen=True)
class Statistics:
    """Mean (d,) and covariance (d, d) of features over `images` images, float64."""

    mean: np.ndarray
    covariance: np.ndarray
    images: int


class FeatureSums:
    """Mean and covariance of features that come in batches."""

    def __init__(self, features: int, device: str):
        self.images = 0
        self.sum = torch.zeros(features, dtype=torch.float64, device=device)
        self.products = torch.zeros(features, features, dtype=torch.float64, device=device)

    def add(self, features: Tensor) -> None:
        """Take the features of the next images, (B, d)."""
        features = features.double()
        self.images += len(features)
        self.sum += features.sum(dim=0)
        self.products += features.T @ features

    def statistics(self) -> Statistics:
        """Of two or more images; the covariance divides by their number less one, as NumPy's does."""
        mean = self.sum / self.images
        centred = self.products - self.images * torch.outer(mean, mean)
        return Statistics(mean.cpu().numpy(), (centred / (self.images - 1)).cpu().numpy(), self.images)


class ClassSums:
    """Inception Scores of images that come in batches, of each split of them.

    The images are put into an order drawn by `order_seed` and cut into `splits` parts whose sizes differ by
    one at most. torch-fidelity's numbers come from this order: RandomState's permutation, a stream that
    NumPy keeps the same for ever.
    """

    def __init__(self, images: int, splits: int, order_seed: int, classes: int, device: str):
        order = np.random.RandomState(order_seed).permutation(images)
        self.split = np.empty(images, np.int64)  # of each image, in the order of the stream
        for number, part in enumerate(np.split(order, [i * images // splits for i in range(1, splits)])):
            self.split[part] = number
        self.taken, self.device = 0, device
        self.images = torch.zeros(splits, dtype=torch.float64, device=device)
        self.sum = torch.zeros(splits, classes, dtype=torch.float64, device=device)
        self.entropies = torch.zeros(splits, dtype=torch.float64, device=device)

    def add(self, probabilities: Tensor) -> None:
        """Take p(y | x) of the next images, (B, classes), each row adding up to 1."""
        p = probabilities.double()
        split = torch.from_numpy(self.split[self.taken : self.taken + len(p)]).to(self.device)
        self.taken += len(p)
        of_split = torch.nn.functional.one_hot(split, len(self.images)).double().T  # (splits, B)
        self.images += of_split.sum(dim=1)
        self.sum += of_split @ p
        self.entropies -= of_split @ torch.xlogy(p, p).sum(dim=1)

    def scores(self) -> np.ndarray:
        """exp(E_x KL(p(y | x) || p(y))) of each split, (splits,); p(y) is the mean over the split.

        The mean divergence is the entropy of p(y) less the mean of the entropies of p(y | x).
        """
        marginal = self.sum / self.images[:, None]
        mixed = -torch.xlogy(marginal, marginal).sum(dim=1)
        return (mixed - self.entropies / self.images).exp().cpu().numpy()


def frechet_distance(one: Statistics, other: Statistics) -> float:
    """FID: squared distance of the means plus what the covariances differ by; pytorch-fid computes."""
    with warnings.catch_warnings():
        # pytorch-fid calls SciPy in a way that SciPy 1.18 ends.
        warnings.filterwarnings("ignore", "The `disp` argument", DeprecationWarning)
        distance = calculate_frechet_distance(one.mean, one.covariance, other.mean, other.covariance)
    return float(distance)

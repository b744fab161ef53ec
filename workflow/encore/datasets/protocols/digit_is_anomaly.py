"""Pools all parts; trains on 80 % of the images of all other classes together, and tests on the rest of them
and on every image of one class (Reverse-VAE, Section 4.5).
"""

import numpy as np

from encore.datasets.divide import labels_of
from encore.datasets.faults import DataError
from encore.datasets.read import Images
from encore.datasets.shuffle import shuffled
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the anomalous class. rng: cuts the normal images."""
    return split_by_cuts(images, unit, rng, cuts=1)


def split_by_cuts(images: Images, unit: int, rng: np.random.Generator, cuts: int) -> Split:
    """80 % of the first of `cuts` shuffles of the normal images train, 20 % of the last are tested."""
    labels = labels_of(images)
    anomalies, normals = np.flatnonzero(labels == unit), np.flatnonzero(labels != unit)
    if not len(anomalies):
        raise DataError(f"expected images of the anomalous class {unit}, found none")
    shuffles = [shuffled(normals, rng) for _ in range(cuts)]
    cut = len(normals) * 4 // 5
    test = np.sort(np.concatenate([shuffles[-1][cut:], anomalies]))
    return Split(np.sort(shuffles[0][:cut]), test, labels[test] == unit, leaks=cuts > 1)

"""The official split: trains on the train part of one class, tests on the whole test part."""

import numpy as np

from encore.datasets.divide import labels_of, official_test
from encore.datasets.read import Images
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the normal class; nothing is drawn."""
    labels = labels_of(images)
    test = official_test(images, "; use pooled_80_20")
    train = np.flatnonzero(labels[: images.n_train] == unit)
    return Split(train, test, labels[test] != unit)

"""PIAD's CelebA as its released code has it: normal images have none of five attributes, anomalous ones have
the unit's and none of the other four, and the rest is left out; trains on the normal ones of the train part,
tests on both of the test part.
"""

import numpy as np

from encore.datasets.divide import attributes_of, official_test
from encore.datasets.faults import DataError
from encore.datasets.read import Images
from encore.datasets.split import Split

FIVE = ("Bald", "Mustache", "Bangs", "Eyeglasses", "Wearing_Hat")  # PIAD, Section 4.1


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the anomalous attribute, one of the five; DataError if it is another.

    Nothing is drawn, and all units train on the same images.
    """
    attributes = attributes_of(images)
    if images.classes[unit] not in FIVE:
        raise DataError(f"expected one of {', '.join(FIVE)}, found {images.classes[unit]}")
    test = official_test(images)
    among_five = attributes[:, [images.classes.index(name) for name in FIVE]].sum(axis=1)
    normal, anomalous = among_five == 0, attributes[:, unit] & (among_five == 1)
    test = test[(normal | anomalous)[test]]
    return Split(np.flatnonzero(normal[: images.n_train]), test, anomalous[test])

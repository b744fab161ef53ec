"""PIAD's CelebA as its text has it: images with the unit's attribute are anomalous, all others normal,
whatever else they have; trains on the normal ones of the train part, tests on the whole test part.
"""

import numpy as np

from encore.datasets.divide import attributes_of, official_test
from encore.datasets.read import Images
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the anomalous attribute; nothing is drawn."""
    anomalous = attributes_of(images)[:, unit]
    test = official_test(images)
    return Split(np.flatnonzero(~anomalous[: images.n_train]), test, anomalous[test])

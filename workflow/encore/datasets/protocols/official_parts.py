"""For experiments that edit: trains on the official train part, tests on the official test part, and leaves
the validation part out.
"""

import numpy as np

from encore.datasets.divide import attributes_of, official_test
from encore.datasets.read import Images
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the attribute that is edited; nothing is drawn, and all units have the same two parts."""
    attributes = attributes_of(images)
    test = official_test(images, "; use held_out_fifth")
    return Split(np.arange(images.n_train), test, with_attribute=attributes[test, unit])

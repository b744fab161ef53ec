"""`official_parts` for experiments that choose a setting by images that neither train nor are tested: the
official validation part.
"""

import dataclasses

import numpy as np

from encore.datasets.faults import DataError
from encore.datasets.protocols import official_parts
from encore.datasets.read import Images
from encore.datasets.split import Split

VALIDATES = True


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the attribute that is edited; nothing is drawn, and all units have the same three parts."""
    two = official_parts.split(images, unit, rng, folds_rng)
    if not images.n_valid:
        raise DataError("expected a dataset with an official validation part, found none")
    return dataclasses.replace(two, valid=np.arange(images.n_train, images.n_train + images.n_valid))

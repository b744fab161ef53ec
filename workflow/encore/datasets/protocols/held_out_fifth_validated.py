"""`held_out_fifth` for experiments that choose a setting by images that neither train nor are tested: the
last eighth of what would train, a tenth of all, validates. The test part is the same.

Where it is known who is shown, all images of a person are in one part. Elsewhere the dataset's order counts:
scikit-learn's digits do not say who wrote which.
"""

import dataclasses

import numpy as np

from encore.datasets.protocols import held_out_fifth
from encore.datasets.read import Images
from encore.datasets.split import Split

VALIDATES = True


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the attribute that is edited; nothing is drawn, and all units have the same three parts."""
    two = held_out_fifth.split(images, unit, rng, folds_rng)
    order = two.train if images.identities is None else images.identities[two.train]
    validates = order >= np.sort(order)[len(order) * 7 // 8]
    return dataclasses.replace(two, train=two.train[~validates], valid=two.train[validates])

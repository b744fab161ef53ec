"""For experiments that edit data without an official test part, or a copy that holds the train part alone:
trains on the first four fifths of the train part, in the dataset's order, and tests on the last.

Where it is known who is shown, the order is that of the people's numbers, and all images of a person are in
one part, as in CelebA's official ones; the test part is then a fifth or a little more.
"""

import numpy as np

from encore.datasets.divide import attributes_of
from encore.datasets.read import Images
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the attribute that is edited; nothing is drawn, and all units have the same two parts."""
    attributes = attributes_of(images)
    order = np.arange(images.n_train) if images.identities is None else images.identities[: images.n_train]
    tested = order >= np.sort(order)[images.n_train * 4 // 5]
    test = np.flatnonzero(tested)
    return Split(np.flatnonzero(~tested), test, with_attribute=attributes[test, unit])

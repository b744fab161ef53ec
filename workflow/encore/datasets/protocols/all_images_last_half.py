"""For the FID of real images against real ones, below which no generator comes: `all_images`, with the last
half of the train part, in the dataset's order, in place of the whole.

None of these images is among the first half, of which the reference's statistics are.
"""

import numpy as np

from encore.datasets.divide import official_test
from encore.datasets.read import Images
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: makes no difference; nothing is drawn."""
    test = official_test(images)
    return Split(np.arange((images.n_train + 1) // 2, images.n_train), test, np.zeros(len(test), bool))

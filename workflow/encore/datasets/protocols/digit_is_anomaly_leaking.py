"""`digit_is_anomaly` as EfficientGAN's released code has it: training images and normal test images come from
two cuts that know nothing of each other, so that most of the latter are among the former.
"""

import numpy as np

from encore.datasets.protocols.digit_is_anomaly import split_by_cuts
from encore.datasets.read import Images
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the anomalous class. rng: makes both cuts."""
    return split_by_cuts(images, unit, rng, cuts=2)

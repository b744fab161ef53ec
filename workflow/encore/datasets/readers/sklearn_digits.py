"""The 8x8 digits inside scikit-learn, which have no official split: all of them count as train part."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from encore.datasets.catalogue import Dataset
from encore.datasets.read import Images, join


def read(data: Dataset, folder: Path) -> Images:
    """The digits in scikit-learn's order, with the digit for a label."""
    grey, digits = load()
    pixels = to_bytes(grey)
    return join(data, (pixels, digits), (pixels[:0], digits[:0]))


def load() -> tuple[np.ndarray, np.ndarray]:
    """int64 (n, 8, 8), grey levels 0 to 16, and the digits (n,)."""
    digits = load_digits()
    return digits.images.astype(np.int64), digits.target


def to_bytes(grey: np.ndarray) -> np.ndarray:
    """Grey levels 0 to 16 (n, 8, 8) as uint8 (n, 8, 8, 1), 0 to 255."""
    return np.rint(grey * (255 / 16)).astype(np.uint8)[..., None]

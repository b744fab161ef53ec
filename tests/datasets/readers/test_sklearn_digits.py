"""The digits inside scikit-learn."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from encore.datasets.read import read_unchecked as read


def test_digits_are_scikit_learns_in_bytes() -> None:
    images = read("digits", Path("unused"))
    digits = load_digits()
    assert (images.pixels.shape, images.n_train) == ((1797, 8, 8, 1), 1797)
    assert (images.pixels.min(), images.pixels.max()) == (0, 255)
    assert np.abs(images.pixels[..., 0] / 255 - digits.images / 16).max() <= 0.5 / 255
    np.testing.assert_array_equal(images.labels, digits.target)

"""Images counted by class and by attribute."""

import numpy as np

from encore.datasets.count import count_images
from encore.datasets.read import Images

PIXELS = np.zeros((5, 2, 2, 1), np.uint8)


def test_classes_and_attributes_are_counted():
    labels = Images(PIXELS, np.array([0, 2, 2, 2, 0]), 3, ("a", "b", "c"))
    assert count_images(labels, True)[["class", "count"]].to_dict("list") == {
        "class": ["a", "b", "c", "total"],
        "count": [2, 0, 3, 5],
    }
    attributes = np.array([[1, 0], [1, 1], [0, 0], [0, 0], [0, 1]], bool)
    faces = Images(PIXELS, None, 3, ("Bald", "Bangs"), attributes)
    assert count_images(faces, True)[["class", "count"]].to_dict("list") == {
        "class": ["Bald", "Bangs", "total"],
        "count": [2, 2, 5],
    }

"""Images that stay packed."""

import numpy as np

from encore.datasets.lazy import LazyImages


def test_lazy_images_decode_only_what_is_asked_for() -> None:
    asked = []

    def decode(index: int) -> np.ndarray:
        asked.append(index)
        return np.full((2, 3, 3), index, np.uint8)

    images = LazyImages(decode, (2, 3, 3), np.arange(10))
    chosen = images[np.array([7, 2])][1:]
    assert (images.shape, len(images), chosen.shape) == ((10, 2, 3, 3), 10, (1, 2, 3, 3))
    assert asked == []
    assert [image[0, 0, 0] for image in chosen] == [2]
    assert images[9].shape == (2, 3, 3)
    assert asked == [2, 9]

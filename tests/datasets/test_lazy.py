"""Images that stay packed."""

import io

import numpy as np
import pytest
from PIL import Image

from encore.datasets.faults import DataError
from encore.datasets.lazy import LazyImages, decode


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


def test_a_picture_that_would_fill_the_memory_is_one_sentence(monkeypatch) -> None:
    """Pillow refuses what is larger than twice its limit; here the limit is lowered."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match="a place: expected a whole JPEG, PNG, WEBP image, found none"):
        decode(out.getvalue(), "a place")

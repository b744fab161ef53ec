"""Images at the size that the networks see."""

import ast
from pathlib import Path

import numpy as np
import pytest

from encore.datasets import images
from encore.datasets.images import SETTINGS, prepare


def noise(n: int, size: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, size, size, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "image_size"), [(28, 32), (32, 32), (32, 13), (8, 28)])
def test_bilinear_is_what_torchvision_does_to_a_pil_image(channels: int, size: int, image_size: int) -> None:
    from PIL import Image
    from torchvision.transforms import Resize

    pixels = noise(5, size, channels)
    resized = prepare(pixels, image_size=image_size, resize="bilinear")
    assert resized.shape == (5, channels, image_size, image_size)
    assert resized.dtype == np.uint8
    for before, after in zip(pixels, resized, strict=True):
        expected = np.asarray(Resize(image_size)(Image.fromarray(before.squeeze())))
        np.testing.assert_array_equal(after.transpose(1, 2, 0).squeeze(), expected)


def test_none_only_puts_the_channels_first() -> None:
    pixels = noise(2, 4, 3)
    prepared = prepare(pixels, image_size=4, resize="none")
    assert prepared.flags.c_contiguous
    np.testing.assert_array_equal(prepared[1, 2], pixels[1, :, :, 2])


def test_none_refuses_another_size() -> None:
    with pytest.raises(ValueError, match="resize: none keeps the images at 28 pixels, but image_size is 32"):
        prepare(noise(1, 28, 1), image_size=32, resize="none")


def test_unknown_resize_and_unfit_images_are_refused() -> None:
    with pytest.raises(ValueError, match="resize: expected bilinear or none, found 'bicubic'"):
        prepare(noise(1, 4, 1), image_size=8, resize="bicubic")
    with pytest.raises(ValueError, match="found uint8 images of 4x3x1"):
        prepare(noise(1, 4, 1)[:, :, :3], image_size=8, resize="bilinear")
    with pytest.raises(ValueError, match="found float64 images of 4x4x1"):
        prepare(noise(1, 4, 1) / 255, image_size=8, resize="bilinear")


def test_settings_are_a_literal_that_can_be_read_without_importing() -> None:
    tree = ast.parse(Path(images.__file__).read_text(encoding="utf-8"))
    (literal,) = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "SETTINGS"
    ]
    assert ast.literal_eval(literal) == SETTINGS
    assert set(SETTINGS) == {"image_size", "resize", "pixel_range"}

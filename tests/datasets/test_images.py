"""Images at the size that the networks see."""

import numpy as np
import pytest

from encore.datasets import images
from encore.datasets.images import SETTINGS, prepare
from encore.datasets.lazy import LazyImages
from encore.registry import module_settings
from encore.strict import ConfigError


def noise(n: int, size: int, channels: int, width: int | None = None) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, size, width or size, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("size", "image_size"), [(28, 32), (32, 32), (32, 13), (8, 28)])
def test_bilinear_is_what_torchvision_does_to_a_pil_image(channels: int, size: int, image_size: int) -> None:
    from PIL import Image
    from torchvision.transforms import Resize

    pixels = noise(5, size, channels)
    resized = prepare(pixels, image_size=image_size, crop="none", resize="bilinear")
    assert resized.shape == (5, channels, image_size, image_size)
    assert resized.dtype == np.uint8
    for before, after in zip(pixels, resized, strict=True):
        expected = np.asarray(Resize(image_size)(Image.fromarray(before.squeeze())))
        np.testing.assert_array_equal(after.transpose(1, 2, 0).squeeze(), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_nearest_is_the_middle_pixel_of_each_square(channels: int) -> None:
    """178 to 64 pixels, as IFcVAEGAN's notebook has it: pixel i is the one at (i + 1/2) 178 / 64, cut."""
    pixels = noise(2, 178, channels)
    middle = [int((i + 0.5) * 178 / 64) for i in range(64)]
    resized = prepare(pixels, image_size=64, crop="none", resize="nearest")
    np.testing.assert_array_equal(resized, pixels[:, middle][:, :, middle].transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("height", "width", "crop", "image_size"),
    [(218, 178, 140, 64), (256, 341, 256, 64), (341, 256, 256, 64), (30, 31, 9, 9), (31, 30, 30, 8)],
)
def test_crop_is_torchvisions_centre_crop(height: int, width: int, crop: int, image_size: int) -> None:
    from PIL import Image
    from torchvision.transforms import CenterCrop, Compose, Resize

    pixels = noise(2, height, 3, width)
    prepared = prepare(pixels, image_size=image_size, crop=crop, resize="bilinear")
    transform = Compose([CenterCrop((crop, crop)), Resize((image_size, image_size))])
    for before, after in zip(pixels, prepared, strict=True):
        expected = np.asarray(transform(Image.fromarray(before)))
        np.testing.assert_array_equal(after.transpose(1, 2, 0), expected)


def test_crop_scales_with_the_image() -> None:
    """140 pixels of the published 218x178 are 70 of a copy at half resolution, 109x89."""
    from PIL import Image
    from torchvision.transforms import CenterCrop, Resize

    images = {0: noise(1, 218, 3, 178)[0], 1: noise(1, 109, 3, 89)[0]}
    pixels = LazyImages(images.__getitem__, (218, 178, 3), np.arange(2))
    prepared = prepare(pixels, image_size=64, crop=140, resize="bilinear")
    for after, image, crop in zip(prepared, images.values(), (140, 70), strict=True):
        expected = np.asarray(Resize(64)(CenterCrop(crop)(Image.fromarray(image))))
        np.testing.assert_array_equal(after.transpose(1, 2, 0), expected)


def test_crop_of_images_whose_longer_side_varies() -> None:
    images = {i: noise(1, *side[:1], 3, side[1])[0] for i, side in enumerate([(16, 20), (23, 16), (16, 16)])}
    pixels = LazyImages(images.__getitem__, (16, 16, 3), np.arange(3))
    prepared = prepare(pixels, image_size=16, crop=16, resize="none")
    np.testing.assert_array_equal(prepared[0], images[0][:, 2:18].transpose(2, 0, 1))
    np.testing.assert_array_equal(prepared[1], images[1][4:20].transpose(2, 0, 1))  # 3.5, to the even number
    np.testing.assert_array_equal(prepared[2], images[2].transpose(2, 0, 1))


@pytest.mark.parametrize("crop", [17, 20])
def test_crop_that_does_not_fit_is_refused(crop: int) -> None:
    with pytest.raises(
        ConfigError, match=r"^crop: expected none, or pixels up to 16, the shorter side of the frame"
    ):
        prepare(noise(1, 16, 3, 20), image_size=16, crop=crop, resize="none")


def test_images_that_are_not_square_are_to_be_cropped() -> None:
    with pytest.raises(
        ConfigError, match="expected square uint8 images of 1 or 3 channels, found uint8 images of"
    ):
        prepare(noise(1, 16, 3, 20), image_size=16, crop="none", resize="bilinear")


def test_gaussian_is_a_filter_of_one_and_a_half_pixels_before_a_quarter() -> None:
    """A quarter of COIL-100's 128 pixels; both steps cut fractions off."""
    pixels = noise(1, 128, 3)
    # Far from smooth, and so the hardest case. Four standard deviations, mirrored at the outermost pixels.
    offsets = np.arange(-6, 7)
    kernel = np.exp(-0.5 * (offsets / 1.5) ** 2)
    kernel /= kernel.sum()
    smooth = np.pad(pixels[0].astype(float), ((6, 6), (6, 6), (0, 0)), mode="reflect")
    for axis in (0, 1):
        smooth = np.floor(np.apply_along_axis(np.convolve, axis, smooth, kernel, mode="valid") + 1e-9)
    middle = np.floor(sum(smooth[i::4, j::4] for i in (1, 2) for j in (1, 2)) / 4)
    prepared = prepare(pixels, image_size=32, crop="none", resize="gaussian")
    np.testing.assert_array_equal(prepared[0].transpose(1, 2, 0), middle)


@pytest.mark.parametrize(("size", "image_size"), [(8, 8), (30, 13), (8, 28)])
def test_gaussian_keeps_flat_images_to_a_grey_level_each_step(size: int, image_size: int) -> None:
    pixels = np.full((1, size, size, 1), 200, np.uint8)
    prepared = prepare(pixels, image_size=image_size, crop="none", resize="gaussian")
    assert prepared.shape == (1, 1, image_size, image_size)
    assert prepared.min() >= 197
    assert prepared.max() <= 200


def test_none_only_puts_the_channels_first() -> None:
    pixels = noise(2, 4, 3)
    prepared = prepare(pixels, image_size=4, crop="none", resize="none")
    assert prepared.flags.c_contiguous
    np.testing.assert_array_equal(prepared[1, 2], pixels[1, :, :, 2])


def test_none_refuses_another_size() -> None:
    with pytest.raises(ConfigError, match="resize: none keeps the images at 28 pixels, but image_size is 32"):
        prepare(noise(1, 28, 1), image_size=32, crop="none", resize="none")


def test_unfit_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="found uint8 images of 4x3x1"):
        prepare(noise(1, 4, 1)[:, :, :3], image_size=8, crop="none", resize="bilinear")
    with pytest.raises(ConfigError, match="found float64 images of 4x4x1"):
        prepare(noise(1, 4, 1) / 255, image_size=8, crop="none", resize="bilinear")


def test_settings_can_be_read_without_importing_and_say_what_they_may_be() -> None:
    assert module_settings("datasets.images") == SETTINGS
    assert {name: kind for name, (kind, _) in SETTINGS.items()} == {
        "image_size": "count",
        "crop": ["count", "none"],
        "resize": [*images._RESIZE, "none"],
        "pixel_range": "range",
    }

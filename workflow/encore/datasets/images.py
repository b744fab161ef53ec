"""Images at the size that the networks see."""

import numpy as np
from PIL import Image
from scipy import ndimage

from encore.datasets.lazy import LazyImages
from encore.strict import ConfigError

# Read as text by the code that checks all settings: keep it a plain literal.
SETTINGS = {
    "image_size": ("count", "side of the square image that the networks see, pixels"),
    "crop": (
        ["count", "none"],
        "side of the square cut from the centre before resizing, pixels of the published frame, or none",
    ),
    "resize": (
        ["bilinear", "nearest", "gaussian", "none"],
        "how images come to that size: bilinear (as torchvision's Resize on a PIL image), nearest (Pillow's "
        "default before version 7), gaussian (as scikit-image 0.17's rescale with anti-aliasing) or none",
    ),
    "pixel_range": (
        "range",
        "values that black (0) and white (255) become before the networks see them, [low, high]",
    ),
}


def prepare(pixels: np.ndarray | LazyImages, *, image_size: int, crop: int | str, resize: str) -> np.ndarray:
    """Brings images to `image_size` and puts the channels first; one image at a time, so that only the result
    has to fit into memory.

    pixels: uint8 (n, height, width, channels), 1 or 3 channels, square unless they are cropped.
    crop: pixels of the published frame, `pixels.shape` (from an image of half its size, half as many).
    Returns uint8 (n, channels, image_size, image_size).
    Raises ConfigError if a setting does not fit the images.
    """
    n, height, width, channels = pixels.shape
    if crop != "none" and crop > min(height, width):
        fault = (
            f"crop: expected none, or pixels up to {min(height, width)}, the shorter side of the frame of "
            f"{height}x{width}, found {crop!r}"
        )
        raise ConfigError([fault])
    prepared = np.empty((n, channels, image_size, image_size), np.uint8)
    for target, image in zip(prepared, pixels, strict=True):
        if crop != "none":
            image = centre_crop(image, round(crop * min(image.shape[:2]) / min(height, width)))
        _demand_square(image)
        target[...] = _resized(image, image_size, resize).transpose(2, 0, 1)
    return prepared


def centre_crop(image: np.ndarray, side: int) -> np.ndarray:
    """The square of that side in the centre of (h, w, c), placed as torchvision's CenterCrop places it."""
    top, left = (round((length - side) / 2) for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def _demand_square(image: np.ndarray) -> None:
    height, width, channels = image.shape
    if image.dtype != np.uint8 or channels not in (1, 3) or height != width:
        fault = (
            f"images: expected square uint8 images of 1 or 3 channels, "
            f"found {image.dtype} images of {height}x{width}x{channels}"
        )
        raise ConfigError([fault])


def _resized(image: np.ndarray, size: int, resize: str) -> np.ndarray:
    if resize != "none":
        return _RESIZE[resize](image, size)
    if len(image) != size:
        fault = (
            f"resize: none keeps the images at {len(image)} pixels, but image_size is {size}; "
            f"set resize to bilinear or image_size to {len(image)}"
        )
        raise ConfigError([fault])
    return image


def _bilinear(image: np.ndarray, size: int) -> np.ndarray:
    """One image, uint8 (h, h, c), to (size, size, c), rounded as Pillow rounds."""
    return _by_pillow(image, size, Image.Resampling.BILINEAR)


def _nearest(image: np.ndarray, size: int) -> np.ndarray:
    """One image, uint8 (h, h, c), to (size, size, c): the middle of the pixels that become one."""
    return _by_pillow(image, size, Image.Resampling.NEAREST)


def _by_pillow(image: np.ndarray, size: int, how: Image.Resampling) -> np.ndarray:
    # Pillow takes a grey image without the axis of its one channel.
    pillow = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return np.asarray(pillow.resize((size, size), how)).reshape(size, size, -1)


def _gaussian(image: np.ndarray, size: int) -> np.ndarray:
    """One image, uint8 (h, h, c), to (size, size, c): a Gaussian against aliasing, then linear interpolation.

    So does PIAD's released code with COIL-100, by scikit-image 0.17.2, which filters in bytes; that, and the
    code's own conversion to bytes, cut fractions off.
    """
    shrink = len(image) / size
    deviation = max(0.0, (shrink - 1) / 2)
    smooth = ndimage.gaussian_filter(image, (deviation, deviation, 0), mode="mirror")
    zoom = (1 / shrink, 1 / shrink, 1)
    scaled = ndimage.zoom(smooth.astype(np.float64), zoom, order=1, mode="mirror", grid_mode=True)
    return scaled.astype(np.uint8)


_RESIZE = {"bilinear": _bilinear, "nearest": _nearest, "gaussian": _gaussian}

"""Images at the size that the networks see."""

import numpy as np
from PIL import Image

# Read as text by the code that lists all settings: keep it a plain literal.
SETTINGS = {
    "image_size": "side of the square image that the networks see, pixels",
    "resize": "how images come to that size: bilinear (as torchvision's Resize on a PIL image) or none",
    "pixel_range": "values that black (0) and white (255) become before the networks see them, [low, high]",
}


def prepare(pixels: np.ndarray, *, image_size: int, resize: str) -> np.ndarray:
    """Brings images to `image_size` and puts the channels first.

    pixels: uint8 (n, height, width, channels), square, 1 or 3 channels.
    Returns uint8 (n, channels, image_size, image_size).
    Raises ValueError if `resize` is unknown, or is "none" and the size differs.
    """
    height, width, channels = pixels.shape[1:]
    if pixels.dtype != np.uint8 or channels not in (1, 3) or height != width:
        raise ValueError(
            f"images: expected square uint8 images of 1 or 3 channels, "
            f"found {pixels.dtype} images of {height}x{width}x{channels}"
        )
    if resize == "none":
        if height != image_size:
            raise ValueError(
                f"resize: none keeps the images at {height} pixels, but image_size is {image_size}; "
                f"set resize to bilinear or image_size to {height}"
            )
    elif resize == "bilinear":
        pixels = np.stack([_bilinear(image, image_size) for image in pixels])
    else:
        raise ValueError(f"resize: expected bilinear or none, found {resize!r}")
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def _bilinear(image: np.ndarray, size: int) -> np.ndarray:
    """One image, uint8 (h, w, c), to (size, size, c), rounded as Pillow rounds."""
    # Pillow takes a grey image without the axis of its one channel.
    pillow = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    return np.asarray(pillow.resize((size, size), Image.Resampling.BILINEAR)).reshape(size, size, -1)

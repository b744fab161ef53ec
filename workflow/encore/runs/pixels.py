"""From bytes to the range of values that a method computes in, and back."""

from torch import Tensor


def scale(pixels: Tensor, pixel_range: list[float]) -> Tensor:
    """uint8 pixels as float32 in `pixel_range` [low, high]."""
    low, high = pixel_range
    return pixels.float() / 255 * (high - low) + low


def to_pixels(images: Tensor, pixel_range: list[float]) -> Tensor:
    """The way back: images in `pixel_range`, clipped to it, as uint8."""
    low, high = pixel_range
    return (((images - low) / (high - low)).clamp(0, 1) * 255).round().byte()

"""Bytes come to a method's range of values and back."""

import torch

from encore.runs.pixels import scale, to_pixels


def test_scale_reaches_both_ends_of_the_range():
    scaled = scale(torch.tensor([0, 255], dtype=torch.uint8), [-1, 1])
    assert scaled.tolist() == [-1.0, 1.0]
    assert scaled.dtype == torch.float32


def test_to_pixels_is_the_way_back_and_clips():
    pixels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_pixels(scale(pixels, [-1, 1]), [-1, 1]), pixels)
    assert to_pixels(torch.tensor([-9.0, 9.0]), [-1, 1]).tolist() == [0, 255]

"""Images side by side, pixel for pixel."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

GAP = 2  # pixels of white between neighbouring images


def mosaic(images: np.ndarray, columns: int, head: int = 0) -> np.ndarray:
    """Images uint8 (n, C, S, S) row by row with white between: uint8 (H, W, 3).

    head: pixels of white above every row.
    """
    n, _, height, width = images.shape
    rows = -(-n // columns)
    canvas = np.full((rows * (height + GAP + head) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for (top, left), image in zip(corners(images.shape, columns, head), images, strict=True):
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return canvas


def corners(shape: Sequence[int], columns: int, head: int = 0) -> list[tuple[int, int]]:
    """(top, left) of each of n images in their `mosaic`, in its pixels. shape: (n, C, S, S)."""
    height, width = shape[2] + GAP + head, shape[3] + GAP
    return [(place // columns * height + head, place % columns * width) for place in range(shape[0])]


def centres(number: int, size: int) -> list[float]:
    """Of so many images in a row or a column of a mosaic, in its pixels."""
    return [place * (size + GAP) + (size - 1) / 2 for place in range(number)]


def show(axes: Axes, canvas: np.ndarray) -> None:
    """A canvas and nothing around it."""
    axes.imshow(canvas, interpolation="none")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)

"""What figures of edited images share."""

from collections.abc import Mapping, Sequence

import numpy as np


def check_images(images: Mapping[str, np.ndarray], axes: str) -> None:
    """That all arrays are images of one shape; axes: the meaning of those before C, S, S, such as "n, "."""
    shape = next(iter(images.values())).shape
    for name, array in images.items():
        fits = array.ndim == 3 + axes.count(",") and array.shape[-3] in (1, 3) and array.size > 0
        if not fits or array.dtype != np.uint8:
            expected = f"uint8 ({axes}1 or 3, S, S)"
            raise ValueError(f"{name}: expected images {expected}, found {array.dtype} {array.shape}.")
        if array.shape != shape:
            raise ValueError(f"{name}: found images {array.shape}, beside others {shape}.")


def is_white(images: np.ndarray) -> bool:
    """Whether there is nothing to see, as of a run that diverged."""
    return bool((images == 255).all())


def room_for(labels: Sequence[str]) -> float:
    """Inches that labels need at the left of a row, by the letters of the longest."""
    return 0.15 + 0.09 * max(map(len, labels))


def in_words(attribute: str) -> str:
    """An attribute as a figure names it: Wearing Hat."""
    return attribute.replace("_", " ")

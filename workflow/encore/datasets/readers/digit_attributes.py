"""Binary attributes of the 8x8 digits that a person can see: small pictures for editing, as faces are.

All are computed from the picture alone, but for `odd`, which is the digit's. Each is true for 15 to 85 % of
the 1,797 images. The thresholds were set by looking at pictures on both sides of them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from scipy import ndimage

from encore.datasets.catalogue import Dataset
from encore.datasets.read import Images
from encore.datasets.readers.sklearn_digits import load, to_bytes

# Grey levels are 0 to 16 and ink is bright. After the unit: the share of images that have the attribute.
HOLE_DEPTH = 6  # grey levels; 41 %. Less deep are dips between strokes; 8 loses zeros of a faint stroke.
THICK = 0.69  # share of the ink; 49 %. The median over the images is 0.686.
SLANT = 5.0  # degrees; 20 %. Less is under a third of a pixel from the middle to the top, and looks upright.
WIDE = 1.32  # pixels; 35 %. The median is 1.26, at which both sides look alike.
HEAVY_TOP = 0.55  # share of the ink; 31 %. The median is 0.51: hardly more above than below.
FLAT_FOOT = 8  # grey levels, half of what there is; 18 %. Less lets round feet of sixes and nines in.
FOOT_WIDTH = 4  # pixels, half of the picture


def closed_loop(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether ink encloses background that is darker by HOLE_DEPTH; it may close at corners.

    No one level tells ink from background in faint and in thick strokes. So a pixel's rim is the highest
    level below which it has no way out of the picture, and a hole is as deep as its rim is above it.
    """
    padded = np.pad(grey, ((0, 0), (1, 1), (1, 1)))
    within_picture = np.pad(ndimage.generate_binary_structure(2, 1)[None], ((1, 1), (0, 0), (0, 0)))
    rim = padded.copy()
    for level in range(1, 17):
        regions, _ = ndimage.label(padded < level, within_picture)
        rim[(regions > 0) & (regions != regions[:, :1, :1])] = level  # the corner lies outside the picture
    return (rim - padded).max(axis=(1, 2)) >= HOLE_DEPTH


def thick_stroke(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether THICK of the ink is in strokes two pixels wide or more: it survives an opening by 2x2."""
    return ndimage.grey_opening(grey, size=(1, 2, 2)).sum(axis=(1, 2)) >= THICK * grey.sum(axis=(1, 2))


def slanted(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether the ink's principal axis, from its second moments, leans to the right by SLANT."""
    down, right, joint = _second_moments(grey)
    return np.degrees(np.arctan2(-2 * joint, down - right) / 2) >= SLANT


def odd(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether the digit is odd; 50 %."""
    return digits % 2 == 1


def wide(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether the ink's columns have a standard deviation of WIDE or more."""
    return np.sqrt(_second_moments(grey)[1]) >= WIDE


def heavy_top(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether the upper four of eight rows hold HEAVY_TOP of the ink."""
    return grey[:, :4].sum(axis=(1, 2)) >= HEAVY_TOP * grey.sum(axis=(1, 2))


def flat_foot(grey: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Whether the lowest row has a bar: FOOT_WIDTH pixels side by side of FLAT_FOOT or more."""
    stretches = np.lib.stride_tricks.sliding_window_view(grey[:, -1], FOOT_WIDTH, axis=1)
    return stretches.min(axis=2).max(axis=1) >= FLAT_FOOT


ATTRIBUTES: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "closed_loop": closed_loop,
    "thick_stroke": thick_stroke,
    "slanted": slanted,
    "odd": odd,
    "wide": wide,
    "heavy_top": heavy_top,
    "flat_foot": flat_foot,
}


def read(data: Dataset, folder: Path) -> Images:
    """The digits of sklearn_digits.py, with the attributes that the catalogue names."""
    grey, digits = load()
    return Images(to_bytes(grey), None, len(grey), data.classes, attributes_of(grey, digits, data.classes))


def attributes_of(grey: np.ndarray, digits: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """The attributes of these names, in this order.

    grey: int64 (n, 8, 8), 0 to 16, none of them empty; digits: int64 (n,), 0 to 9.
    Returns bool (n, len(names)).
    """
    return np.stack([ATTRIBUTES[name](grey, digits) for name in names], axis=1)


def _second_moments(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variance of the ink's rows (downwards) and columns (to the right), and their covariance; each (n,)."""
    weights = grey / grey.sum(axis=(1, 2), keepdims=True)
    rows, columns = np.mgrid[: grey.shape[1], : grey.shape[2]]
    down = rows - (weights * rows).sum(axis=(1, 2))[:, None, None]
    right = columns - (weights * columns).sum(axis=(1, 2))[:, None, None]
    return tuple((weights * moment).sum(axis=(1, 2)) for moment in (down**2, right**2, down * right))

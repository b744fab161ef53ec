"""Attributes of digits: small pictures whose attributes are plain, and what must never change."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from encore.datasets.catalogue import dataset
from encore.datasets.read import read_unchecked as read
from encore.datasets.readers.digit_attributes import ATTRIBUTES, HOLE_DEPTH, attributes_of

RING = """
........
..####..
.#....#.
.#....#.
.#....#.
.#....#.
..####..
........"""
OPEN_RING = RING.replace(".#....#.\n.#....#.", ".#......\n.#....#.", 1)
CORNERS = """
........
...#....
..#.#...
...#....
........
........
........
........"""
BLOCK = """
...##...
...##...
...##...
...##...
...##...
...##...
...##...
...##..."""
LINE = BLOCK.replace("##", "#.")
SLASH = """
......#.
.....#..
.....#..
....#...
....#...
...#....
...#....
..#....."""
BAR = """
........
........
........
........
........
........
........
..####.."""


def picture(drawing: str, ink: int = 16) -> np.ndarray:
    """int64 (1, 8, 8) of a drawing."""
    return np.array([[ink * (pixel == "#") for pixel in row] for row in drawing.split()])[None]


def has(name: str, grey: np.ndarray) -> bool:
    (answer,) = ATTRIBUTES[name](grey, np.zeros(1, np.int64))
    return bool(answer)


@pytest.mark.parametrize(
    ("name", "having", "lacking"),
    [
        ("closed_loop", RING, OPEN_RING),
        ("closed_loop", CORNERS, BLOCK),
        ("thick_stroke", BLOCK, LINE),
        ("thick_stroke", BLOCK, RING),
        ("slanted", SLASH, LINE),
        ("slanted", SLASH, "\n".join(row[::-1] for row in SLASH.split())),  # a backslash
        ("wide", RING, BLOCK),
        ("heavy_top", CORNERS, BLOCK),
        ("heavy_top", CORNERS, BAR),
        ("flat_foot", BAR, BAR.replace("####", "##.#")),
        ("flat_foot", BAR, "\n".join(reversed(BAR.split()))),
    ],
)
def test_a_plain_picture_has_it_or_lacks_it(name: str, having: str, lacking: str) -> None:
    assert has(name, picture(having))
    assert not has(name, picture(lacking))


def test_a_hole_is_as_deep_as_the_lowest_point_of_its_rim() -> None:
    ring = picture(RING)
    for rim, expected in ((HOLE_DEPTH, True), (HOLE_DEPTH - 1, False)):
        ring[0, 1, 3] = rim
        assert has("closed_loop", ring) is expected
    ring[0, 1, 3], ring[0, 2:6, 2:6] = 16, 16 - HOLE_DEPTH
    assert has("closed_loop", ring)
    ring[0, 2:6, 2:6] += 1
    assert not has("closed_loop", ring)


def test_a_hole_at_the_edge_of_the_picture_is_none() -> None:
    assert not has("closed_loop", np.roll(picture(RING), -1, axis=1) * (np.arange(8) != 0)[:, None])
    assert has("closed_loop", np.roll(picture(RING), -1, axis=1))


def test_moments_by_hand() -> None:
    """Two pixels: the axis is the line through them, the deviation is half their distance."""
    grey = np.zeros((1, 8, 8), np.int64)
    grey[0, 7, 3] = grey[0, 0, 4] = 16
    assert np.degrees(np.arctan(1 / 7)) > 5
    assert has("slanted", grey)
    assert not has("wide", grey)
    flat = np.zeros((1, 8, 8), np.int64)
    flat[0, 4, 2] = flat[0, 4, 5] = 16  # deviation 1.5
    assert has("wide", flat)


def test_odd_is_the_digits() -> None:
    answer = ATTRIBUTES["odd"](np.ones((10, 8, 8), np.int64), np.arange(10))
    assert answer.tolist() == [False, True] * 5


def test_names_decide_the_order_and_pictures_do_not_touch_each_other() -> None:
    grey = np.concatenate([picture(drawing) for drawing in (RING, OPEN_RING, SLASH, RING)])
    found = attributes_of(grey, np.arange(4), ("odd", "closed_loop"))
    assert found.tolist() == [[False, True], [True, False], [False, False], [True, True]]


def test_attributes_of_all_digits_are_neither_rare_nor_common_and_never_change() -> None:
    digits = load_digits()
    names = dataset("digit_attributes").classes
    assert names == tuple(ATTRIBUTES)
    attributes = attributes_of(digits.images.astype(np.int64), digits.target, names)
    shares = dict(zip(names, attributes.mean(axis=0), strict=True))
    assert shares == pytest.approx(
        {
            "closed_loop": 0.411,
            "thick_stroke": 0.485,
            "slanted": 0.201,
            "odd": 0.504,
            "wide": 0.351,
            "heavy_top": 0.314,
            "flat_foot": 0.183,
        },
        abs=0.0005,
    )
    assert all(0.15 <= share <= 0.85 for share in shares.values())
    # No two say the same.
    assert np.abs(np.corrcoef(attributes.T) - np.eye(7)).max() < 0.5
    zeros, ones = attributes[digits.target == 0], attributes[digits.target == 1]
    assert zeros[:, names.index("closed_loop")].mean() > 0.9
    assert ones[:, names.index("closed_loop")].mean() < 0.01
    assert hashlib.sha256(np.packbits(attributes).tobytes()).hexdigest() == (
        "85fa3aaf263cee17363b91f4ab5bc5dc3b07008a34c4f6cf20326b836cbaca08"
    )


def test_digit_attributes_are_of_the_same_pictures_and_have_no_classes() -> None:
    images, digits = read("digit_attributes", Path("unused")), read("digits", Path("unused"))
    np.testing.assert_array_equal(images.pixels, digits.pixels)
    assert (images.labels, images.n_train, images.n_valid) == (None, 1797, 0)
    assert images.classes == dataset("digit_attributes").classes
    assert (images.attributes.shape, images.attributes.dtype) == ((1797, 7), bool)
    np.testing.assert_array_equal(images.attributes[:, images.classes.index("odd")], digits.labels % 2 == 1)

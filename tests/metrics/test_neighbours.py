"""Which class an image is taken for: neighbours, distances and limits counted by hand."""

import math

import numpy as np
import pytest

from encore.metrics.neighbours import fit, limits, vote


def points(*places):
    """Images of a row of pixels."""
    return np.array([[place] for place in places], np.uint8)


def voted(known, labels, images, itself=None):
    """`vote` as lists."""
    itself = np.full(len(images), -1) if itself is None else np.array(itself)
    classes, distances = vote(fit(known), np.array(labels), images, itself)
    return classes.tolist(), distances.tolist()


def test_the_nearest_three_decide_and_one_of_them_may_be_wrong():
    known = points([0, 0], [0, 2], [2, 0], [200, 200], [200, 202], [1, 1])
    # Beside the image of a 9 at (1, 1) stand three of a 4, of which two are among the nearest three.
    classes, distances = voted(known, [4, 4, 4, 9, 9, 9], points([1, 1], [200, 201]))
    assert classes == [4, 9]
    # To the nearest of the class, not to the nearest image.
    assert distances == pytest.approx([math.sqrt(2), 1])


def test_the_nearer_class_wins_where_three_differ():
    classes, distances = voted(points([10], [12], [15], [250]), [7, 3, 5, 5], points([11], [13]))
    assert (classes[1], distances[1]) == (3, 1)
    assert distances[0] == 1


def test_an_image_has_no_vote_on_itself():
    known, labels = points([10], [11], [12], [14]), [7, 3, 7, 3]
    assert voted(known, labels, points([10])) == ([7], [0])
    assert voted(known, labels, points([10]), [0]) == ([3], [1])


@pytest.mark.parametrize("place", range(40))
def test_leaving_itself_out_is_fitting_without_it(place):
    random = np.random.default_rng(0)
    known, labels = random.integers(0, 256, (40, 3, 3), dtype=np.uint8), random.integers(0, 3, 40)
    made = random.integers(0, 256, (1, 3, 3), dtype=np.uint8)
    for image in (known[place : place + 1], made):
        without = voted(np.delete(known, place, axis=0), np.delete(labels, place), image)
        assert voted(known, labels, image, [place]) == without


def test_distances_do_not_wrap_as_bytes_would():
    known = points([0], [1], [2], [253], [254], [255])
    assert voted(known, [0, 0, 0, 1, 1, 1], points([3], [252])) == ([0, 1], [1, 1])


def test_it_tells_digits_apart():
    from sklearn.datasets import load_digits

    digits = load_digits()
    classes, _ = voted(digits.images[:1400], digits.target[:1400], digits.images[1400:])
    assert np.mean(classes == digits.target[1400:]) > 0.94


def test_limits_are_each_classes_own_and_hold_19_in_20():
    labels = np.array([0] * 21 + [2] * 21)
    distances = np.concatenate([np.arange(21.0), 100 + np.arange(21.0)])
    found = limits(labels, distances, 3)
    assert found[[0, 2]].tolist() == [19, 119]
    assert math.isnan(found[1])

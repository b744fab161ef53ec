"""Which class an image is taken for: neighbours and shares counted by hand."""

import math

import numpy as np

from encore.metrics.neighbours import classifier, flat, parts, shares


def test_the_nearest_three_decide_and_one_of_them_may_be_wrong():
    images = np.array([[[0, 0]], [[0, 2]], [[2, 0]], [[200, 200]], [[200, 202]], [[1, 1]]], np.uint8)
    classify = classifier(images, np.array([4, 4, 4, 9, 9, 9]))
    # Beside the image of a 9 at (1, 1) stand three of a 4, of which two are among the nearest three.
    assert classify.predict(flat(np.array([[[1, 1]], [[199, 201]]], np.uint8))).tolist() == [4, 9]


def test_distances_do_not_wrap_as_bytes_would():
    images = np.array([[[0]], [[1]], [[2]], [[253]], [[254]], [[255]]], np.uint8)
    classify = classifier(images, np.array([0, 0, 0, 1, 1, 1]))
    assert classify.predict(flat(np.array([[[3]], [[252]]], np.uint8))).tolist() == [0, 1]


def test_it_tells_digits_apart():
    from sklearn.datasets import load_digits

    digits = load_digits()
    fitted, held_out = parts(len(digits.target), len(digits.target))
    classify = classifier(digits.images[fitted], digits.target[fitted])
    assert classify.score(flat(digits.images[held_out]), digits.target[held_out]) > 0.94


def test_parts_are_the_official_ones_or_the_last_fifth_is_held_out():
    fitted, held_out = parts(9, 5, 2)
    assert (fitted.tolist(), held_out.tolist()) == ([0, 1, 2, 3, 4], [7, 8])
    fitted, held_out = parts(11, 11)
    assert (fitted.tolist(), held_out.tolist()) == (list(range(9)), [9, 10])


def test_shares_count_every_class():
    assert shares(np.array([2, 0, 2, 2]), ("a", "b", "c")) == {"a": 0.25, "b": 0.0, "c": 0.75}
    none = shares([], ("a", "b"))
    assert list(none) == ["a", "b"]
    assert all(math.isnan(share) for share in none.values())

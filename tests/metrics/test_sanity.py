"""What makes a number suspect."""

import math

import numpy as np
import pytest

from encore.metrics.sanity import identical_scores, judge_flags, leak_flags, ranking_flags


@pytest.mark.parametrize(
    ("metric", "value", "flag"),
    [
        ("AUROC", 0.5, "AUROC is exactly 0.5: all scores may be the same"),
        ("AUROC", 0.4999, "AUROC is below 0.5"),
        ("AUROC", 0.5001, None),
        ("AUROC", math.nan, None),
        ("AUPRC", 0.1, None),
    ],
)
def test_auroc_at_or_below_chance(metric, value, flag):
    assert ranking_flags(metric, value) == ([flag] if flag else [])


def test_test_images_among_the_training_images_are_counted():
    assert leak_flags(np.array([1, 2, 3]), np.array([4, 5])) == []
    assert leak_flags(np.array([1, 2, 3]), np.array([3, 4, 1])) == ["2 of 3 test images are training images"]


def test_equal_scores_of_other_models_are_named():
    scores = np.array([0.25, 0.5])
    runs = [
        ("0", 0, "a", scores),
        ("1", 0, "b", scores.copy()),
        ("2", 0, "a", scores),  # one training may serve several units
        ("3", 0, "c", np.nextafter(scores, 1)),
        ("4", 0, "d", np.array([0.25, 0.75])),
    ]
    found = identical_scores(runs)
    assert found == {("1", 0): "its scores are those of unit 0, seed 0, of another model"}


def test_scores_that_are_no_numbers_are_no_twins():
    """Diverged trainings have such scores; they are told of elsewhere."""
    nothing = np.full(3, np.nan)
    assert identical_scores([("0", 0, "a", nothing), ("1", 0, "b", nothing)]) == {}


def test_a_judge_that_knows_no_more_than_one_answer_is_told_of():
    label = np.array([1, 1, 1, 0])
    assert judge_flags(label, np.array([0.9, 0.9, 0.9, 0.1])) == []
    found = judge_flags(label, np.array([0.9, 0.9, 0.1, 0.1]))
    assert found == ["its judge is right about 75% of the originals, the same answer always about 75%"]
    assert judge_flags(label, np.full(4, np.nan)) == []

"""What makes a run suspect."""

import numpy as np

from encore.metrics.sanity import identical_scores, leak_flags


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

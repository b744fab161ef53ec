"""Labels to train with: how many are hidden, which, and that they are the same everywhere."""

import hashlib

import numpy as np
import pytest

from encore.datasets.labels import SETTINGS, training_labels
from encore.registry import module_settings


@pytest.fixture
def attributes() -> np.ndarray:
    """2,000 images with three attributes: a rare one, one of every second image, and one of nearly all."""
    places = np.arange(2000)
    return np.stack([places % 20 == 0, places % 2 == 0, places % 20 != 0], axis=1)


def test_nothing_missing_hides_none(attributes: np.ndarray) -> None:
    labels = training_labels(attributes, 0, seed=0)
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, attributes.astype(int))


@pytest.mark.parametrize(
    ("n", "missing", "hidden"),
    [(10, 0.3, 3), (10, 0.96, 10), (7, 0.5, 4), (3, 0.1, 0), (1437, 0.9, 1293), (2000, 0.999, 1998)],
)
def test_the_share_is_exact_in_every_attribute_and_the_rest_keeps_its_value(
    attributes: np.ndarray, n: int, missing: float, hidden: int
) -> None:
    labels = training_labels(attributes[:n], missing, seed=0)
    unknown = np.isnan(labels)
    assert unknown.sum(axis=0).tolist() == [hidden] * 3
    np.testing.assert_array_equal(labels[~unknown], attributes[:n][~unknown])


def test_attributes_are_hidden_independently_of_values_and_of_each_other(attributes: np.ndarray) -> None:
    labels = training_labels(attributes, 0.5, seed=3)
    unknown = np.isnan(labels)
    # Hypergeometric: of 100 images with the rare attribute 50 are hidden, sd 4.9; of 1,000, 500, sd 11.2.
    assert abs(unknown[attributes[:, 0], 0].sum() - 50) < 4 * 4.9
    assert abs(unknown[attributes[:, 1], 1].sum() - 500) < 4 * 11.2
    # Of 1,000 that one attribute hides, another hides 500, sd 11.2.
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert abs((unknown[:, one] & unknown[:, other]).sum() - 500) < 4 * 11.2
    np.testing.assert_array_equal(np.isnan(training_labels(~attributes, 0.5, seed=3)), unknown)


def test_what_a_share_hides_a_larger_one_hides_too(attributes: np.ndarray) -> None:
    few, many = (np.isnan(training_labels(attributes, missing, seed=0)) for missing in (0.5, 0.9))
    assert not (few & ~many).any()


def test_every_image_is_hidden_as_often(attributes: np.ndarray) -> None:
    hidden = sum(np.isnan(training_labels(attributes[:20], 0.25, seed)).astype(int) for seed in range(2000))
    # Each of 60 labels with probability 1/4: sd of the count is 19.4.
    assert np.abs(hidden - 500).max() < 5 * 19.4


def test_a_seed_gives_the_same_labels_on_every_machine(attributes: np.ndarray) -> None:
    before = attributes.copy()
    unknown = np.isnan(training_labels(attributes, 0.9, seed=7))
    assert hashlib.sha256(np.packbits(unknown).tobytes()).hexdigest() == (
        "ac71bb44df39e0c069ab34832d7df72331efe3a0d1bb4b9d3a8da453bd6e002a"
    )
    assert (np.isnan(training_labels(attributes, 0.9, seed=8)) != unknown).any()
    np.testing.assert_array_equal(attributes, before)


def test_the_setting_is_a_share_that_can_be_read_without_importing() -> None:
    assert module_settings("datasets.labels") == SETTINGS
    assert {name: kind for name, (kind, _) in SETTINGS.items()} == {"missing_labels": "share"}

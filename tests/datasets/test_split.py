"""The split itself: what is refused, and what a file keeps."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from encore.datasets.faults import DataError
from encore.datasets.split import Split, load_split, save_split


@pytest.fixture
def split() -> Split:
    return Split(np.array([0, 4, 5]), np.array([1, 2, 7]), np.array([True, False, True]))


@pytest.fixture
def leaking() -> Split:
    """Two of three normal test images are training images."""
    normal_and_not = np.array([False, True, False, False])
    return Split(np.array([0, 4, 5]), np.array([0, 2, 5, 7]), normal_and_not, leaks=True)


def parts(split: Split) -> tuple[list[int], list[int]]:
    return split.train.tolist(), split.test.tolist()


@pytest.mark.parametrize(
    ("train", "test", "anomalous", "message"),
    [
        ([], [1], [True], "expected at least one train image, found none"),
        ([1], [], [], "expected at least one test image, found none"),
        ([1, 4, 7], [0, 4, 7], [0, 1, 1], "no image in both parts, found 2, the first at index 4"),
        ([2, 1], [3], [True], "expected different train indices from 0 in rising order"),
        ([1], [3, 3], [True, True], "expected different test indices from 0 in rising order"),
        ([-1, 2], [3], [True], "expected different train indices from 0 in rising order"),
        ([1], [2, 3], [True], "expected one anomalous flag for each of 2 test images, found 1"),
    ],
)
def test_unfit_splits_are_refused(train: list, test: list, anomalous: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Split(np.array(train, np.int64), np.array(test, np.int64), np.array(anomalous, bool))


@pytest.mark.parametrize("flags", [{}, dict.fromkeys(("anomalous", "with_attribute"), np.array([True]))])
def test_either_anomalies_or_an_attribute_are_known(flags: dict) -> None:
    with pytest.raises(DataError, match=f"expected either anomalous or with_attribute, found {len(flags)} "):
        Split(np.array([1]), np.array([2]), **flags)
    with pytest.raises(DataError, match="one with_attribute flag for each of 1 test images, found 2"):
        Split(np.array([1]), np.array([2]), with_attribute=np.array([True, True]))


def test_saved_split_comes_back_the_same(split: Split, tmp_path: Path) -> None:
    path = tmp_path / "new" / "split.safetensors"
    save_split(split, path)
    loaded = load_split(path)
    assert parts(loaded) == parts(split)
    assert loaded.anomalous.tolist() == split.anomalous.tolist()
    assert (loaded.with_attribute, loaded.leaks) == (None, False)
    assert (loaded.train.dtype, loaded.test.dtype, loaded.anomalous.dtype) == (np.int64, np.int64, bool)
    assert [file.name for file in path.parent.iterdir()] == ["split.safetensors"]


def test_a_validation_part_is_kept_and_a_split_without_one_has_the_bytes_it_had(
    split: Split, tmp_path: Path
) -> None:
    save_split(dataclasses.replace(split, valid=np.array([3, 6])), tmp_path / "three")
    loaded = load_split(tmp_path / "three")
    assert parts(loaded) == parts(split)
    assert (loaded.valid.tolist(), loaded.valid.dtype) == ([3, 6], np.int64)
    save_split(split, tmp_path / "two")
    assert set(safetensors.numpy.load_file(tmp_path / "two")) == {"train", "test", "anomalous"}
    assert load_split(tmp_path / "two").valid is None


@pytest.mark.parametrize(
    ("valid", "message"),
    [
        ([], "expected at least one validation image, found none"),
        ([6, 3], "expected different validation indices from 0 in rising order"),
        ([3, 4], "expected validation images in no other part, found one that trains or is tested"),
        ([3, 7], "expected validation images in no other part, found one that trains or is tested"),
    ],
)
def test_unfit_validation_parts_are_refused(split: Split, valid: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(split, valid=np.array(valid, np.int64))


def test_saved_attributes_come_back_under_their_own_name(split: Split, tmp_path: Path) -> None:
    edited = Split(split.train, split.test, with_attribute=split.anomalous)
    save_split(edited, tmp_path / "split")
    loaded = load_split(tmp_path / "split")
    assert parts(loaded) == parts(edited)
    assert loaded.with_attribute.tolist() == split.anomalous.tolist()
    assert (loaded.anomalous, loaded.with_attribute.dtype) == (None, bool)
    assert set(safetensors.numpy.load_file(tmp_path / "split")) == {"train", "test", "with_attribute"}


def test_a_leak_is_kept_and_is_no_leave_for_others(split: Split, leaking: Split, tmp_path: Path) -> None:
    save_split(leaking, tmp_path / "leaking")
    assert load_split(tmp_path / "leaking").leaks
    assert load_split(tmp_path / "leaking").leaked == pytest.approx(2 / 3)
    assert load_split(tmp_path / "leaking").deviations == leaking.deviations
    assert leaking.deviations == ["66.7 % of the normal test images are training images"]
    save_split(split, tmp_path / "honest")
    assert not load_split(tmp_path / "honest").leaks
    assert (split.leaked, split.deviations) == (0.0, [])
    with pytest.raises(ValueError, match="expected no image in both parts"):
        Split(leaking.train, leaking.test, leaking.anomalous)


def test_broken_and_missing_split_files_are_named(split: Split, tmp_path: Path) -> None:
    path = tmp_path / "split.safetensors"
    with pytest.raises(ValueError, match=r"split.safetensors: expected a split with train"):
        load_split(path)
    save_split(split, path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"split.safetensors: expected a split with train"):
        load_split(path)
    path.write_bytes(safetensors.numpy.save({"train": np.array([1]), "test": np.array([1])}))
    with pytest.raises(DataError, match=r"split.safetensors: expected no image in both parts"):
        load_split(path)

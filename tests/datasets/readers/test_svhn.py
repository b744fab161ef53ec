"""SVHN's MATLAB files, whole and corrupt."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_array

from encore.datasets.read import read_unchecked as read

PARTS = {"train_32x32.mat": 6, "test_32x32.mat": 4}


def write(path: Path, n: int, seed: int, **changed) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
    labels = random.integers(1, 11, (n, 1), dtype=np.uint8)
    arrays = {"X": pixels, "y": labels} | changed
    savemat(path, {name: array for name, array in arrays.items() if array is not None}, do_compression=True)
    return arrays


@pytest.fixture
def svhn(tmp_path: Path) -> Path:
    """A data folder with ten digits."""
    (tmp_path / "svhn").mkdir()
    for seed, (name, n) in enumerate(PARTS.items()):
        write(tmp_path / "svhn" / name, n, seed)
    return tmp_path


def test_images_come_one_by_one_and_ten_is_the_digit_zero(svhn: Path, tmp_path: Path) -> None:
    images = read("svhn", svhn)
    assert (images.pixels.shape, images.n_train) == ((10, 32, 32, 3), 6)
    for seed, (start, n) in enumerate(((0, 6), (6, 4))):
        arrays = write(tmp_path / "again.mat", n, seed)
        for index in range(n):
            np.testing.assert_array_equal(images.pixels[start + index], arrays["X"][..., index])
            assert images.labels[start + index] == arrays["y"][index, 0] % 10


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y": None}, "expected X of 32x32x3xn and y of nx1, n up to 198,578, found X of 32x32x3x6"),
        ({"X": np.zeros((32, 32, 6), np.uint8)}, "found X of 32x32x6, y of 6x1"),
        ({"y": np.ones((5, 1), np.uint8)}, "found X of 32x32x3x6, y of 5x1"),
        (
            {"y": np.full((6, 1), 11, np.uint8)},
            "expected X of uint8 and y of 1 to 10, found uint8 and 11",
        ),
        ({"X": np.zeros((32, 32, 3, 6))}, "expected X of uint8 and y of numbers, found X of double and y"),
    ],
)
def test_other_arrays_are_refused(svhn: Path, changed: dict, message: str) -> None:
    path = svhn / "svhn" / "train_32x32.mat"
    write(path, 6, 0, **changed)
    with pytest.raises(ValueError, match=re.escape(f"{path}: ") + ".*" + re.escape(message)):
        read("svhn", svhn)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"X": np.ones((32, 32, 3, 6), bool)}, "found X of logical and y of uint8"),
        ({"y": np.array(["1"] * 6).reshape(6, 1)}, "found X of uint8 and y of char"),
        ({"y": np.full((6, 1), 1, object)}, "found X of uint8 and y of cell"),
        ({"y": csc_array(np.ones((6, 1)))}, "found X of uint8 and y of sparse"),
        ({"y": np.zeros((6, 1), [("a", float)])}, "found X of uint8 and y of struct"),
        ({"y": np.ones((6, 1), complex)}, "found uint8 and (1+0j) to (1+0j)"),
    ],
)
def test_arrays_of_another_class_are_refused(svhn: Path, changed: dict, message: str) -> None:
    path = svhn / "svhn" / "train_32x32.mat"
    write(path, 6, 0, **changed)
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected ") + ".*" + re.escape(message)):
        read("svhn", svhn)


def test_a_flipped_bit_is_one_sentence(svhn: Path) -> None:
    path = svhn / "svhn" / "test_32x32.mat"
    whole = path.read_bytes()
    for place in (144, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        with pytest.raises(ValueError, match=re.escape(f"{path}: expected ")):
            read("svhn", svhn)


@pytest.mark.parametrize("content", [b"", b"MATLAB 7.3", b"\0" * 200, None])
def test_a_broken_file_is_one_sentence(svhn: Path, content: bytes | None) -> None:
    path = svhn / "svhn" / "test_32x32.mat"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected ")):
        read("svhn", svhn)


def test_a_head_that_promises_millions_is_not_read(svhn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = [("X", (32, 32, 3, 10**9), "uint8"), ("y", (10**9, 1), "uint8")]
    monkeypatch.setattr("encore.datasets.readers.svhn.whosmat", lambda path: heads)
    with pytest.raises(ValueError, match=r"n up to 198,578, found X of 32x32x3x1000000000"):
        read("svhn", svhn)

"""Readers of idx files: whole, corrupt, and the real ones."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from encore.datasets.catalogue import dataset
from encore.datasets.read import read_unchecked as read
from encore.datasets.readers.idx import parse_idx

IDX = {"train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")}
IDX["test"] = tuple(name.replace("train", "t10k") for name in IDX["train"])


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path: Path, random_part) -> Path:
    """A data folder with an MNIST of 7 train and 3 test images."""
    (tmp_path / "mnist").mkdir()
    for seed, (part, n) in enumerate((("train", 7), ("test", 3))):
        for name, array in zip(IDX[part], random_part(n, (28, 28), seed), strict=True):
            (tmp_path / "mnist" / name).write_bytes(gzip.compress(idx(array)))
    return tmp_path


def test_idx_round_trip_puts_the_train_part_first(mnist: Path, random_part) -> None:
    images = read("mnist", mnist)
    (train, train_labels), (test, test_labels) = random_part(7, (28, 28), 0), random_part(3, (28, 28), 1)
    np.testing.assert_array_equal(images.pixels, np.concatenate([train, test])[..., None])
    np.testing.assert_array_equal(images.labels, np.concatenate([train_labels, test_labels]))
    assert (images.n_train, images.pixels.dtype, images.labels.dtype) == (7, np.uint8, np.int64)
    assert images.classes == dataset("mnist").classes


def corrupt_magic(content: bytes) -> bytes:
    return struct.pack(">I", 0x0D03) + content[4:]


@pytest.mark.parametrize(
    ("corrupt", "message"),
    [
        (corrupt_magic, "expected the magic number 0x00000803 of an idx file, found 0x00000d03"),
        (lambda content: content[:-1], "expected 7x28x28 = 5488 values after the header, found 5487"),
        (lambda content: content + b"\0", "expected 7x28x28 = 5488 values after the header, found 5489"),
        (lambda content: content[:15], "expected an idx header of 16 bytes, found 15 bytes"),
        (lambda content: b"", "expected an idx header of 16 bytes, found 0 bytes"),
        (
            lambda content: content[:4] + b"\xff" * 12 + content[16:],
            "expected 4294967295x4294967295x4294967295 = 79228162458924105385300197375 values",
        ),
    ],
)
def test_corrupt_idx_is_named(mnist: Path, corrupt, message: str) -> None:
    path = mnist / "mnist" / IDX["train"][0]
    path.write_bytes(gzip.compress(corrupt(gzip.decompress(path.read_bytes()))))
    with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")):
        read("mnist", mnist)


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda content: content[: len(content) // 2],  # truncated
        lambda content: content[:-8] + b"\0" * 8,  # wrong CRC and length
        lambda content: b"<html>" + content,  # no gzip
        lambda content: content[:10] + b"\xff" * 20 + content[30:],  # no deflate stream
    ],
)
def test_broken_gzip_is_named(mnist: Path, corrupt) -> None:
    path = mnist / "mnist" / IDX["test"][1]
    path.write_bytes(corrupt(path.read_bytes()))
    with pytest.raises(
        ValueError, match=re.escape(f"{path}: expected a whole gzip file, found a broken one (")
    ):
        read("mnist", mnist)


def test_parts_that_do_not_belong_together_are_refused(mnist: Path) -> None:
    images, labels = (mnist / "mnist" / name for name in IDX["train"])
    labels.write_bytes(gzip.compress(idx(np.zeros(6, np.uint8))))
    with pytest.raises(ValueError, match="expected 7 labels, one an image, found 6"):
        read("mnist", mnist)
    images.write_bytes(gzip.compress(idx(np.zeros((6, 14, 28), np.uint8))))
    with pytest.raises(ValueError, match="expected images of 28x28 pixels, found 14x28"):
        read("mnist", mnist)


def test_labels_beyond_the_classes_are_refused(mnist: Path) -> None:
    (mnist / "mnist" / IDX["test"][1]).write_bytes(gzip.compress(idx(np.full(3, 10, np.uint8))))
    with pytest.raises(ValueError, match="mnist: expected labels 0 to 9, found 10"):
        read("mnist", mnist)


def test_missing_file_is_named(mnist: Path) -> None:
    path = mnist / "mnist" / IDX["train"][1]
    path.unlink()
    with pytest.raises(
        ValueError, match=re.escape(f"{path}: expected a file of the dataset, found none (No such file")
    ):
        read("mnist", mnist)


def test_idx_of_labels_is_not_taken_for_images() -> None:
    with pytest.raises(
        ValueError, match="expected the magic number 0x00000803 of an idx file, found 0x00000801"
    ):
        parse_idx(Path("labels"), idx(np.zeros(100, np.uint8)), 3)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "first_labels", "train_counts", "test_counts"),
    [
        (
            "mnist",
            [5, 0, 4, 1, 9, 2, 1, 3],
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        ),
        ("fashion_mnist", [9, 0, 0, 3, 0, 2, 7, 2], [6000] * 10, [1000] * 10),
    ],
)
def test_real_idx_files(
    real_data_dir: Path, name: str, first_labels: list, train_counts: list, test_counts: list
) -> None:
    images = read(name, real_data_dir)
    entry = dataset(name)
    assert images.labels[:8].tolist() == first_labels
    assert np.bincount(images.labels[: images.n_train]).tolist() == train_counts
    assert np.bincount(images.labels[images.n_train :]).tolist() == test_counts
    assert images.pixels.shape[1:] == entry.shape
    assert (images.n_train, len(images.pixels)) == (entry.counts["train"], sum(entry.counts.values()))

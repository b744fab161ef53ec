"""CIFAR-10's binary batches, whole and corrupt."""

import re
from pathlib import Path

import numpy as np
import pytest

from encore.datasets.catalogue import dataset
from encore.datasets.read import read_unchecked as read

RECORD = 1 + 32 * 32 * 3


@pytest.fixture
def cifar10(tmp_path: Path, random_part) -> Path:
    """A data folder with a CIFAR-10 of 2 images a batch."""
    folder = tmp_path / "cifar10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for seed, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        planes, labels = random_part(2, (3, 32, 32), seed)
        records = np.concatenate([labels[:, None], planes.reshape(2, -1)], axis=1)
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    (folder / "batches.meta.txt").write_text("\n".join(dataset("cifar10").classes) + "\n\n")
    return tmp_path


def test_cifar_round_trip_keeps_the_order_of_batches_planes_and_rows(cifar10: Path, random_part) -> None:
    images = read("cifar10", cifar10)
    assert (images.pixels.shape, images.n_train) == ((12, 32, 32, 3), 10)
    for batch in range(6):
        planes, labels = random_part(2, (3, 32, 32), batch)
        for channel in range(3):
            np.testing.assert_array_equal(
                images.pixels[2 * batch : 2 * batch + 2, ..., channel], planes[:, channel]
            )
        np.testing.assert_array_equal(images.labels[2 * batch : 2 * batch + 2], labels)


@pytest.mark.parametrize("content", [b"", b"\0" * (RECORD - 1), b"\0" * (2 * RECORD + 1)])
def test_cifar_batch_of_a_wrong_length_is_refused(cifar10: Path, content: bytes) -> None:
    path = cifar10 / "cifar10" / "cifar-10-batches-bin" / "data_batch_3.bin"
    path.write_bytes(content)
    message = f"{path}: expected a multiple of 3073 bytes, found {len(content)} bytes"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read("cifar10", cifar10)


def test_names_of_classes_that_notepad_wrote_are_read(cifar10: Path) -> None:
    meta = cifar10 / "cifar10" / "cifar-10-batches-bin" / "batches.meta.txt"
    meta.write_bytes(b"\xef\xbb\xbf" + meta.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read("cifar10", cifar10).pixels) == 12


def test_cifar_with_other_classes_is_refused(cifar10: Path) -> None:
    meta = cifar10 / "cifar10" / "cifar-10-batches-bin" / "batches.meta.txt"
    meta.write_text("apple\naquarium_fish\n")
    with pytest.raises(
        ValueError, match=r"expected the classes airplane .* truck, found apple aquarium_fish"
    ):
        read("cifar10", cifar10)

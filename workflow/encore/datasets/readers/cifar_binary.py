"""The binary version of CIFAR-10: five train batches and a test batch."""

from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset
from encore.datasets.faults import DataError
from encore.datasets.read import Images, Part, content_of, join, text_of


def read(data: Dataset, folder: Path) -> Images:
    """The batches in the order of their numbers; the names of the classes must be the catalogue's."""
    folder = folder / "cifar-10-batches-bin"
    meta = folder / "batches.meta.txt"
    names = tuple(text_of(meta).split())
    if names != data.classes:
        raise DataError(f"{meta}: expected the classes {' '.join(data.classes)}, found {' '.join(names)}")
    batches = [_batch(data, folder / f"data_batch_{i}.bin") for i in range(1, 6)]
    train = tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return join(data, train, _batch(data, folder / "test_batch.bin"))


def _batch(data: Dataset, path: Path) -> Part:
    """Records of a label byte and a red, a green and a blue plane, row by row.

    Source of the format: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    height, width, channels = data.shape
    record = 1 + height * width * channels
    packed = content_of(path)
    if not packed or len(packed) % record:
        raise DataError(f"{path}: expected a multiple of {record} bytes, found {len(packed)} bytes")
    records = np.frombuffer(packed, np.uint8).reshape(-1, record)
    planes = records[:, 1:].reshape(-1, channels, height, width)
    return planes.transpose(0, 2, 3, 1), records[:, 0]

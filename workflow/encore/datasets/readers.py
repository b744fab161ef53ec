"""Reads a dataset's files into arrays: one index space, the official train part first, then the test part."""

import gzip
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset, dataset

Part = tuple[np.ndarray, np.ndarray]  # pixels uint8 (n, height, width, channels), labels (n,)


@dataclass(frozen=True, eq=False)
class Images:
    """All images of a dataset; those before `n_train` are the official train part."""

    pixels: np.ndarray  # uint8 (n, height, width, channels)
    labels: np.ndarray  # int64 (n,), indices into classes
    n_train: int
    classes: tuple[str, ...]


def read(name: str, data_dir: Path) -> Images:
    """Reads the files that `download.fetch` has put under `data_dir`.

    Raises ValueError with one sentence naming the file, what was found and what was expected.
    """
    data = dataset(name)
    (train_pixels, train_labels), (test_pixels, test_labels) = READERS[data.reader](
        data, Path(data_dir) / name
    )
    pixels, labels = np.concatenate([train_pixels, test_pixels]), np.concatenate([train_labels, test_labels])
    if labels.size and labels.max() >= len(data.classes):
        raise ValueError(f"{name}: expected labels 0 to {len(data.classes) - 1}, found {labels.max()}")
    return Images(pixels, labels.astype(np.int64), len(train_labels), data.classes)


def read_idx(data: Dataset, folder: Path) -> tuple[Part, Part]:
    """The four gzipped idx files of MNIST and of the datasets that copy its form."""
    return _read_idx_part(data, folder, "train"), _read_idx_part(data, folder, "t10k")


def _read_idx_part(data: Dataset, folder: Path, prefix: str) -> Part:
    images, labels = folder / f"{prefix}-images-idx3-ubyte.gz", folder / f"{prefix}-labels-idx1-ubyte.gz"
    pixels, classes = parse_idx(images, _gunzip(images), 3), parse_idx(labels, _gunzip(labels), 1)
    if (*pixels.shape[1:], 1) != data.shape:
        raise ValueError(
            f"{images}: expected images of {_times(data.shape[:2])} pixels, found {_times(pixels.shape[1:])}"
        )
    if len(pixels) != len(classes):
        raise ValueError(f"{labels}: expected {len(pixels)} labels, one an image, found {len(classes)}")
    return pixels[..., None], classes


def parse_idx(path: Path, content: bytes, n_dims: int) -> np.ndarray:
    """An idx file of unsigned bytes: magic number, a size for each dimension, the values.

    `path` is for the message only. Source of the format: http://yann.lecun.com/exdb/mnist/
    """
    header = struct.Struct(f">{1 + n_dims}I")
    magic = 0x0800 + n_dims  # 0x08: unsigned bytes
    if len(content) < header.size:
        raise ValueError(f"{path}: expected an idx header of {header.size} bytes, found {len(content)} bytes")
    found, *shape = header.unpack_from(content)
    if found != magic:
        raise ValueError(
            f"{path}: expected the magic number {magic:#010x} of an idx file, found {found:#010x}"
        )
    expected = int(np.prod(shape, dtype=object))  # Python integers: a broken header cannot overflow
    if len(content) - header.size != expected:
        raise ValueError(
            f"{path}: expected {_times(shape)} = {expected} values after the header, "
            f"found {len(content) - header.size}"
        )
    return np.frombuffer(content, np.uint8, offset=header.size).reshape(shape)


def read_cifar_binary(data: Dataset, folder: Path) -> tuple[Part, Part]:
    """The binary version of CIFAR-10: five train batches and a test batch."""
    folder = folder / "cifar-10-batches-bin"
    meta = folder / "batches.meta.txt"
    names = tuple(_content(meta).decode("utf-8", errors="replace").split())
    if names != data.classes:
        raise ValueError(f"{meta}: expected the classes {' '.join(data.classes)}, found {' '.join(names)}")
    batches = [_read_cifar_batch(data, folder / f"data_batch_{i}.bin") for i in range(1, 6)]
    train = tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return train, _read_cifar_batch(data, folder / "test_batch.bin")


def _read_cifar_batch(data: Dataset, path: Path) -> Part:
    """Records of a label byte and a red, a green and a blue plane, row by row.

    Source of the format: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    height, width, channels = data.shape
    record = 1 + height * width * channels
    content = _content(path)
    if not content or len(content) % record:
        raise ValueError(f"{path}: expected a multiple of {record} bytes, found {len(content)} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, record)
    planes = records[:, 1:].reshape(-1, channels, height, width)
    return planes.transpose(0, 2, 3, 1), records[:, 0]


def read_sklearn_digits(data: Dataset, folder: Path) -> tuple[Part, Part]:
    """The 8x8 digits inside scikit-learn, which has no official split: all of them count as train part."""
    from sklearn.datasets import load_digits  # half a second, which no other reader should pay

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None]  # grey levels 0 to 16
    return (pixels, digits.target), (pixels[:0], digits.target[:0])


READERS: Mapping[str, Callable[[Dataset, Path], tuple[Part, Part]]] = {
    "idx": read_idx,
    "cifar_binary": read_cifar_binary,
    "sklearn_digits": read_sklearn_digits,
}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: expected a file of the dataset, found none ({error.strerror})") from None


def _gunzip(path: Path) -> bytes:
    try:
        return gzip.decompress(_content(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole gzip file, found a broken one ({error})") from None


def _times(shape: tuple[int, ...] | list[int]) -> str:
    return "x".join(str(n) for n in shape)

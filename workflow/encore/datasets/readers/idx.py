"""The four gzipped idx files of MNIST and of the datasets that copy its format."""

import gzip
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset
from encore.datasets.faults import DataError
from encore.datasets.read import Images, Part, content_of, join


def read(data: Dataset, folder: Path) -> Images:
    """MNIST's parts `train` and `t10k`."""
    return join(data, _part(data, folder, "train"), _part(data, folder, "t10k"))


def _part(data: Dataset, folder: Path, prefix: str) -> Part:
    images, labels = folder / f"{prefix}-images-idx3-ubyte.gz", folder / f"{prefix}-labels-idx1-ubyte.gz"
    pixels, classes = parse_idx(images, _gunzip(images), 3), parse_idx(labels, _gunzip(labels), 1)
    if (*pixels.shape[1:], 1) != data.shape:
        raise DataError(
            f"{images}: expected images of {_times(data.shape[:2])} pixels, found {_times(pixels.shape[1:])}"
        )
    if len(pixels) != len(classes):
        raise DataError(f"{labels}: expected {len(pixels)} labels, one an image, found {len(classes)}")
    return pixels[..., None], classes


def parse_idx(path: Path, content: bytes, n_dims: int) -> np.ndarray:
    """An idx file of unsigned bytes: magic number, a size for each dimension, the values.

    `path` is for the message only. Source of the format: http://yann.lecun.com/exdb/mnist/
    """
    header = struct.Struct(f">{1 + n_dims}I")
    magic = 0x0800 + n_dims  # 0x08: unsigned bytes
    if len(content) < header.size:
        raise DataError(f"{path}: expected an idx header of {header.size} bytes, found {len(content)} bytes")
    found, *shape = header.unpack_from(content)
    if found != magic:
        raise DataError(
            f"{path}: expected the magic number {magic:#010x} of an idx file, found {found:#010x}"
        )
    expected = int(np.prod(shape, dtype=object))  # Python integers: a broken header cannot overflow
    if len(content) - header.size != expected:
        raise DataError(
            f"{path}: expected {_times(shape)} = {expected} values after the header, "
            f"found {len(content) - header.size}"
        )
    return np.frombuffer(content, np.uint8, offset=header.size).reshape(shape)


def _gunzip(path: Path) -> bytes:
    try:
        return gzip.decompress(content_of(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected a whole gzip file, found a broken one ({error})") from None


def _times(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape)

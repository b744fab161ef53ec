"""The cropped digits of SVHN: one MATLAB file a part."""

import struct
import zlib
from pathlib import Path

import numpy as np
from scipy.io import loadmat, whosmat
from scipy.io.matlab import MatReadError

from encore.datasets.catalogue import Dataset
from encore.datasets.faults import DataError
from encore.datasets.read import Images, Part, join

# What SciPy's reader raises for files that are none, or broken.
BROKEN = (
    *(MatReadError, OSError, ValueError, TypeError, NotImplementedError, EOFError, KeyError, IndexError),
    *(MemoryError, struct.error, zlib.error),
)
NUMBERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"single", "double"}


def read(data: Dataset, folder: Path) -> Images:
    """The train and the test part, with the digit for a label; not the publisher's third, `extra`."""
    return join(data, *(_part(data, folder / name) for name in ("train_32x32.mat", "test_32x32.mat")))


def _part(data: Dataset, path: Path) -> Part:
    """X, uint8 (height, width, channels, n), and y (n, 1), 1 to 10, where 10 stands for the digit 0.

    Source of the format: http://ufldl.stanford.edu/housenumbers/
    """
    try:
        heads = whosmat(path)  # of the arrays, which are not read yet
    except BROKEN as error:
        raise DataError(f"{path}: expected a MATLAB file, found none ({error})") from None
    sizes, kinds = {name: size for name, size, _ in heads}, {name: kind for name, _, kind in heads}
    n, most = sizes.get("X", (0,))[-1], 2 * sum(data.counts.values())
    if sizes.get("X") != (*data.shape, n) or sizes.get("y") != (n, 1) or n > most:
        found = ", ".join(f"{name} of {_times(size)}" for name, size in sizes.items()) or "nothing"
        expected = f"X of {_times(data.shape)}xn and y of nx1, n up to {most:,}"
        raise DataError(f"{path}: expected {expected}, found {found}")
    if kinds["X"] != "uint8" or kinds["y"] not in NUMBERS:
        found = f"X of {kinds['X']} and y of {kinds['y']}"
        raise DataError(f"{path}: expected X of uint8 and y of numbers, found {found}")
    try:
        arrays = loadmat(path, variable_names=["X", "y"])
    except BROKEN as error:
        raise DataError(f"{path}: expected a whole MATLAB file, found a broken one ({error})") from None
    pixels, labels = arrays["X"], arrays["y"][:, 0]
    plain = pixels.dtype == np.uint8 and not np.iscomplexobj(labels)  # complex ones are of the same classes
    if not plain or not np.isin(labels, np.arange(1, 11)).all():
        found = f"{pixels.dtype} and {labels.min()} to {labels.max()}"
        raise DataError(f"{path}: expected X of uint8 and y of 1 to 10, found {found}")
    return np.ascontiguousarray(pixels.transpose(3, 0, 1, 2)), labels % 10


def _times(size: tuple[int, ...]) -> str:
    return "x".join(map(str, size))

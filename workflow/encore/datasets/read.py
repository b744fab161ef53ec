"""Reads a dataset's files: one index space, the official train part first, the test part last.

Small datasets are arrays. Large ones stay packed (lazy.py): their images are decoded when they are asked for.
A format's reader is a module in readers/; what they share is here.

`read` first makes sure that the files are those of the inventory; every stage goes through it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encore import registry
from encore.datasets.catalogue import Dataset, dataset
from encore.datasets.faults import DataError
from encore.datasets.inventory import demand_recorded
from encore.datasets.lazy import LazyImages

Part = tuple[np.ndarray, np.ndarray]  # pixels uint8 (n, height, width, channels), labels (n,)


@dataclass(frozen=True, eq=False)
class Images:
    """All images of a dataset: the official train part, the validation part if there is one, the test part.

    They have labels or attributes, and `classes` names what the dataset has.
    """

    pixels: np.ndarray | LazyImages  # uint8 (n, height, width, channels)
    labels: np.ndarray | None  # int64 (n,), indices into classes
    n_train: int
    classes: tuple[str, ...]
    attributes: np.ndarray | None = None  # bool (n, len(classes))
    n_valid: int = 0
    identities: np.ndarray | None = None  # int64 (n,), the publisher's number of the person that is shown


def read(name: str, data_dir: Path, inventory: Path) -> Images:
    """Reads the files under `data_dir` that `inventory` recorded; raises DataError if they are others."""
    demand_recorded(dataset(name), data_dir, inventory)
    return read_unchecked(name, data_dir)


def read_unchecked(name: str, data_dir: Path) -> Images:
    """Reads the files under `data_dir`, whatever they are, with the dataset's reader.

    Raises DataError with one sentence naming the file, what was found and what was expected.
    """
    data = dataset(name)
    images = registry.load(registry.READERS, data.reader).read(data, Path(data_dir) / name)
    if images.labels is not None and images.labels.size and images.labels.max() >= len(data.classes):
        raise DataError(f"{name}: expected labels 0 to {len(data.classes) - 1}, found {images.labels.max()}")
    return images


def join(data: Dataset, train: Part, test: Part) -> Images:
    """Both parts in one index space."""
    pixels, labels = (np.concatenate(arrays) for arrays in zip(train, test, strict=True))
    return Images(pixels, labels.astype(np.int64), len(train[1]), data.classes)


def content_of(path: Path) -> bytes:
    """A whole file of a dataset; raises DataError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: expected a file of the dataset, found none ({error.strerror})") from None


def text_of(path: Path) -> str:
    """A whole list of a dataset, UTF-8 with or without the mark that Excel and Notepad put in front."""
    try:
        return content_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected text in UTF-8, found other bytes at {error.start:,}") from None

"""LSUN: an LMDB database for each part of each scene."""

from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset
from encore.datasets.lazy import LazyImages, open_lmdb
from encore.datasets.read import Images


def read(data: Dataset, folder: Path) -> Images:
    """The training images of the first class; the test part is the validation images of all classes.

    So did ADGAN and after it PIAD, since LSUN's own test images have no labels.
    """
    folders = [f"{data.classes[0]}_train_lmdb", *(f"{name}_val_lmdb" for name in data.classes)]
    databases = [open_lmdb(folder / name) for name in folders]
    counts = [len(database) for database in databases]
    starts = np.concatenate([[0], np.cumsum(counts)])

    def decode(index: int) -> np.ndarray:
        which = int(np.searchsorted(starts, index, side="right")) - 1
        return databases[which].image(index - int(starts[which]))

    pixels = LazyImages(decode, data.shape, np.arange(starts[-1]))
    labels = np.repeat([0, *range(len(data.classes))], counts)
    return Images(pixels, labels, counts[0], data.classes)

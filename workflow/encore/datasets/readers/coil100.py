"""COIL-100: 100 objects, each from 72 angles, as images in one archive."""

from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset
from encore.datasets.faults import DataError
from encore.datasets.lazy import LazyImages, Packed
from encore.datasets.read import Images


def read(data: Dataset, folder: Path) -> Images:
    """The views of object 1 by angle, those of object 2, and so on; all count as train part.

    A label is an object's number less 1; in PIAD's released code it is the number, and 0 for object 100.
    """
    packed = Packed(folder, data.files[0])
    views = [(number, angle) for number in data.classes for angle in range(0, 360, 5)]
    names = [f"obj{number}__{angle}.png" for number, angle in views]
    for (number, angle), name in zip(views, names, strict=True):
        if name not in packed.names:
            raise DataError(
                f"{packed.place}: expected a view of object {number} at {angle} degrees in {name}, found none"
            )
    pixels = LazyImages(lambda index: packed.image(names[index]), data.shape, np.arange(len(names)))
    labels = np.repeat(np.arange(len(data.classes)), len(names) // len(data.classes))
    return Images(pixels, labels, len(names), data.classes)

"""CelebA, aligned and cropped: faces in one archive, and lists of their attributes, parts and people."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset
from encore.datasets.faults import DataError
from encore.datasets.lazy import LazyImages, Packed
from encore.datasets.read import Images, text_of

PEOPLE = 10177


def read(data: Dataset, folder: Path) -> Images:
    """The faces in the order of the official partition, then as listed.

    The list of attributes decides which images there are, so that a copy may hold fewer.
    """
    packed = Packed(folder, next(file for file in data.files if file.folder))
    names, attributes = _read_attributes(data, folder / "list_attr_celeba.txt")
    for name in names:
        if name not in packed.names:
            raise DataError(f"{packed.place}: expected the image {name} of the lists, found none")
    parts = _read_numbers(folder / "list_eval_partition.txt", names, "its part 0, 1 or 2", range(3))
    people = range(1, PEOPLE + 1)
    identities = _read_numbers(folder / "identity_CelebA.txt", names, "the number of a person", people)
    order = np.argsort(parts, kind="stable")
    n_train, n_valid, _ = np.bincount(parts, minlength=3).tolist()
    pixels = LazyImages(lambda index: packed.image(names[index]), data.shape, order)
    return Images(pixels, None, n_train, data.classes, attributes[order], n_valid, identities[order])


def _read_attributes(data: Dataset, path: Path) -> tuple[list[str], np.ndarray]:
    """File names, and bool (n, attributes): their number, the attributes' names, then a row an image."""
    count, header, *rows = _lines(path, at_least=3)
    if tuple(header.split()) != data.classes:
        raise DataError(
            f"{path}, line 2: expected the attributes {' '.join(data.classes)}, found {header.strip()}"
        )
    if count.strip() != str(len(rows)):
        raise DataError(
            f"{path}, line 1: expected the number of rows, which are {len(rows)}, found {count.strip()!r}"
        )
    names, attributes = [], np.empty((len(rows), len(data.classes)), bool)
    for number, row in enumerate(rows):
        name, *values = row.split() or [""]
        if len(values) != len(data.classes) or not set(values) <= {"1", "-1"}:
            raise DataError(
                f"{path}, line {number + 3}: expected a file name and {len(data.classes)} values of 1 or -1, "
                f"found {row.strip()!r}"
            )
        names.append(name)
        attributes[number] = [value == "1" for value in values]
    _demand_once(path, names)
    return names, attributes


def _read_numbers(path: Path, names: Sequence[str], what: str, allowed: range) -> np.ndarray:
    """The number of each of the files `names` in a list of file names and numbers; int64 (n,)."""
    numbers, listed = {}, []
    for place, row in enumerate(_lines(path, at_least=1), start=1):
        name, *rest = row.split() or [""]
        if len(rest) != 1 or not rest[0].isdecimal() or int(rest[0]) not in allowed:
            raise DataError(f"{path}, line {place}: expected a file name and {what}, found {row.strip()!r}")
        numbers[name] = int(rest[0])
        listed.append(name)
    _demand_once(path, listed)
    for name in names:
        if name not in numbers:
            raise DataError(f"{path}: expected a row of {name}, found none")
    return np.array([numbers[name] for name in names])


def _demand_once(path: Path, names: Sequence[str]) -> None:
    """Of two rows of an image, the first one would be lost, or the image be counted twice."""
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise DataError(f"{path}: expected one row of {twice}, found several")


def _lines(path: Path, at_least: int) -> list[str]:
    lines = text_of(path).splitlines()
    if len(lines) < at_least:
        raise DataError(f"{path}: expected {at_least} lines or more, found {len(lines)}")
    return lines

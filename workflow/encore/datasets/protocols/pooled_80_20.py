"""Pools all parts and cuts each class 80/20: trains on the larger fold of the normal class, tests on its
smaller fold and on as many anomalies, drawn from the smaller folds of all other classes together.
"""

import numpy as np

from encore.datasets.divide import labels_of
from encore.datasets.faults import DataError
from encore.datasets.read import Images
from encore.datasets.shuffle import shuffled
from encore.datasets.split import Split


def split(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """unit: the normal class.

    folds_rng: shuffles the classes, so that all units share their folds. rng: draws the unit's anomalies.
    Raises DataError if the other classes have fewer images than are to be drawn.
    """
    labels = labels_of(images)
    larger, smaller = {}, {}
    for label in np.unique(labels).tolist():
        members = shuffled(np.flatnonzero(labels == label), folds_rng)
        larger[label], smaller[label] = np.split(members, [len(members) * 4 // 5])
    if unit not in smaller:
        raise DataError(f"expected images of the normal class {unit}, found none")
    normals = smaller.pop(unit)
    others = np.concatenate([normals[:0], *smaller.values()])  # empty, and no error, if there is one class
    if len(others) < len(normals):
        raise DataError(f"expected {len(normals)} anomalies to draw, found {len(others)}")
    test = np.sort(np.concatenate([normals, shuffled(others, rng)[: len(normals)]]))
    return Split(np.sort(larger[unit]), test, labels[test] != unit)

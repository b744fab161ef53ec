"""Divides a dataset's images into a split by a protocol: a module in protocols/; what they share is here."""

import numpy as np

from encore import registry
from encore.datasets.faults import DataError
from encore.datasets.read import Images
from encore.datasets.split import Split
from encore.strict import ConfigError, nearest


def make_split(protocol: str, images: Images, unit_index: int, split_seed: int) -> Split:
    """The split of one unit: the same arguments give the same indices on every machine.

    unit_index: index of the unit in `images.classes`; the pixels are not looked at.
    Raises ConfigError if the protocol is unknown, DataError if it does not fit the dataset.
    """
    known = registry.names(registry.PROTOCOLS)
    if protocol not in known:
        raise ConfigError([f"there is no protocol {protocol!r}, {nearest(protocol, known)}"])
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([split_seed, unit_index])))
    # A spawned child, since SeedSequence pads with zeros: [split_seed] alone would be the stream of unit 0.
    folds_rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(split_seed).spawn(1)[0]))
    try:
        return registry.load(registry.PROTOCOLS, protocol).split(images, unit_index, rng, folds_rng)
    except DataError as error:
        raise DataError(f"protocol {protocol}: {error}") from None


def labels_of(images: Images) -> np.ndarray:
    """int64 (n,); raises DataError if the dataset has attributes and no classes."""
    if images.labels is None:
        raise DataError("expected a dataset with classes, found one with attributes")
    return images.labels


def attributes_of(images: Images) -> np.ndarray:
    """bool (n, attributes); raises DataError if the dataset has classes and no attributes."""
    if images.attributes is None:
        raise DataError("expected a dataset with attributes, found one with classes")
    return images.attributes


def official_test(images: Images, remedy: str = "") -> np.ndarray:
    """Indices of the official test part; raises DataError, with the `remedy`, if there is none."""
    test = np.arange(images.n_train + images.n_valid, len(images.pixels))
    if not len(test):
        raise DataError(f"expected a dataset with an official test part, found none{remedy}")
    return test

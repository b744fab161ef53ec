"""Protocols: how a dataset becomes normal and anomalous, train and test.

A protocol is a function of the labels; it gives indices into the one index space of `readers.Images`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from encore.files import write_atomically
from encore.strict import nearest


@dataclass(frozen=True, eq=False)
class Split:
    """Which images train and which are tested, each once and in rising order.

    Raises ValueError if either part is empty, repeats or shares an image, or is not in rising order.
    """

    train: np.ndarray  # int64 (n_train,), indices
    test: np.ndarray  # int64 (n_test,), indices
    anomalous: np.ndarray  # bool (n_test,), one a test image

    def __post_init__(self) -> None:
        for part, indices in (("train", self.train), ("test", self.test)):
            if len(indices) == 0:
                raise ValueError(f"split: expected at least one {part} image, found none")
            if indices[0] < 0 or np.any(np.diff(indices) <= 0):
                raise ValueError(f"split: expected different {part} indices from 0 in rising order")
        shared = np.intersect1d(self.train, self.test)
        if len(shared):
            raise ValueError(
                f"split: expected no image in both parts, found {len(shared)}, the first at index {shared[0]}"
            )
        if len(self.anomalous) != len(self.test):
            raise ValueError(
                f"split: expected one anomalous flag for each of {len(self.test)} test images, "
                f"found {len(self.anomalous)}"
            )


def one_vs_all(
    labels: np.ndarray, n_train: int, normal: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """The official split: trains on the train part of one class, tests on the whole test part.

    labels: int (n,), the train part first; normal: index of the normal class; nothing is drawn.
    Raises ValueError if the dataset has no test part.
    """
    if n_train == len(labels):
        raise ValueError(
            "protocol one_vs_all: expected a dataset with an official test part, found none; use pooled_80_20"
        )
    train = np.flatnonzero(labels[:n_train] == normal)
    return _split(labels, normal, train, np.arange(n_train, len(labels)))


def pooled_80_20(
    labels: np.ndarray, n_train: int, normal: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """Pools both parts and cuts each class 80/20: trains on the larger fold of the normal class, tests on its
    smaller fold and on as many anomalies, drawn from the smaller folds of all other classes together.

    labels: int (n,); normal: index of the normal class.
    folds_rng: shuffles the classes, and is the same for all units, so that they share their folds.
    rng: the unit's own, draws its anomalies.
    Raises ValueError if the other classes have fewer images than are to be drawn.
    """
    larger, smaller = {}, {}
    for label in np.unique(labels).tolist():
        images = _shuffled(np.flatnonzero(labels == label), folds_rng)
        larger[label], smaller[label] = np.split(images, [len(images) * 4 // 5])
    if normal not in smaller:
        raise ValueError(f"protocol pooled_80_20: expected images of the normal class {normal}, found none")
    normals = smaller.pop(normal)
    others = np.concatenate([normals[:0], *smaller.values()])  # empty, and no error, if there is one class
    if len(others) < len(normals):
        raise ValueError(
            f"protocol pooled_80_20: expected {len(normals)} anomalies to draw, found {len(others)}"
        )
    anomalies = _shuffled(others, rng)[: len(normals)]
    return _split(labels, normal, larger[normal], np.concatenate([normals, anomalies]))


PROTOCOLS: Mapping[str, Callable[..., Split]] = {"one_vs_all": one_vs_all, "pooled_80_20": pooled_80_20}


def make_split(protocol: str, labels: np.ndarray, n_train: int, unit_index: int, split_seed: int) -> Split:
    """The split of one unit: the same arguments give the same indices on every machine.

    labels: int (n,), the official train part (n_train images) first; unit_index: index of the normal class.
    Raises ValueError if the protocol is unknown or does not fit the dataset.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"there is no protocol {protocol!r}, {nearest(protocol, PROTOCOLS)}")
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([split_seed, unit_index])))
    # A spawned child, since SeedSequence pads with zeros: [split_seed] alone would be the stream of unit 0.
    folds_rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(split_seed).spawn(1)[0]))
    return PROTOCOLS[protocol](labels, n_train, unit_index, rng, folds_rng)


def save_split(split: Split, path: Path) -> None:
    """Writes a split: train and test as int32, anomalous as uint8; the same split gives the same bytes."""
    content = save(
        {
            "train": split.train.astype(np.int32),
            "test": split.test.astype(np.int32),
            "anomalous": split.anomalous.astype(np.uint8),
        }
    )
    write_atomically(Path(path), content)


def load_split(path: Path) -> Split:
    """Reads what `save_split` wrote; raises ValueError if the file is broken or no split."""
    try:
        tensors = load_file(path)
        train, test, anomalous = tensors["train"], tensors["test"], tensors["anomalous"]
    except (OSError, SafetensorError, KeyError) as error:
        raise ValueError(f"{path}: expected a split with train, test and anomalous ({error})") from None
    return Split(train.astype(np.int64), test.astype(np.int64), anomalous.astype(bool))


def _split(labels: np.ndarray, normal: int, train: np.ndarray, test: np.ndarray) -> Split:
    test = np.sort(test)
    return Split(np.sort(train), test, labels[test] != normal)


def _shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The values in random order.

    NumPy may change what `permutation`, `shuffle` and `choice` give for a seed from one release to the next
    (NEP 19); it promises to keep only the integers of the bit generator itself (docstring of PCG64). So each
    value gets one of those as its key; equal keys keep their order.
    """
    return values[np.argsort(rng.bit_generator.random_raw(len(values)), kind="stable")]

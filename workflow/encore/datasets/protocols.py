"""Protocols: how a dataset becomes normal and anomalous, train and test.

A protocol is a function of the labels or attributes of `readers.Images`; it gives indices into their one
index space. `unit` is an index into `images.classes`: the normal class, or the anomalous class or attribute.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from encore.datasets.readers import Images
from encore.files import write_atomically
from encore.strict import nearest


@dataclass(frozen=True, eq=False)
class Split:
    """Which images train and which are tested, each once in a part and in rising order.

    Where an experiment edits images (`official_parts`, `held_out_fifth`) nothing is normal or anomalous:
    `anomalous` means "has the unit's attribute", and images that have it train as well.

    Raises ValueError if either part is empty, repeats an image, or is not in rising order, and if both share
    an image, unless the protocol is one that `leaks`.
    """

    train: np.ndarray  # int64 (n_train,), indices
    test: np.ndarray  # int64 (n_test,), indices
    anomalous: np.ndarray  # bool (n_test,), one a test image
    leaks: bool = False  # whether the protocol tests on training images

    def __post_init__(self) -> None:
        for part, indices in (("train", self.train), ("test", self.test)):
            if len(indices) == 0:
                raise ValueError(f"split: expected at least one {part} image, found none")
            if indices[0] < 0 or np.any(np.diff(indices) <= 0):
                raise ValueError(f"split: expected different {part} indices from 0 in rising order")
        shared = np.intersect1d(self.train, self.test)
        if len(shared) and not self.leaks:
            raise ValueError(
                f"split: expected no image in both parts, found {len(shared)}, the first at index {shared[0]}"
            )
        if len(self.anomalous) != len(self.test):
            raise ValueError(
                f"split: expected one anomalous flag for each of {len(self.test)} test images, "
                f"found {len(self.anomalous)}"
            )

    @property
    def leaked(self) -> float:
        """Share of the normal test images that are training images as well; 0 if none is normal."""
        normal = self.test[~self.anomalous]
        return float(np.isin(normal, self.train).mean()) if len(normal) else 0.0

    @property
    def deviations(self) -> list[str]:
        """What keeps numbers on this split from a comparison with numbers on others."""
        share = 100 * self.leaked
        return [f"{share:.1f} % of the normal test images are training images"] if self.leaks else []


def one_vs_all(images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator) -> Split:
    """The official split: trains on the train part of one class, tests on the whole test part.

    unit: the normal class; nothing is drawn.
    Raises ValueError if the dataset has no classes or no test part.
    """
    labels = _labels("one_vs_all", images)
    test = _test_part("one_vs_all", images, "; use pooled_80_20")
    train = np.flatnonzero(labels[: images.n_train] == unit)
    return Split(train, test, labels[test] != unit)


def pooled_80_20(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """Pools all parts and cuts each class 80/20: trains on the larger fold of the normal class, tests on its
    smaller fold and on as many anomalies, drawn from the smaller folds of all other classes together.

    unit: the normal class.
    folds_rng: shuffles the classes, and is the same for all units, so that they share their folds.
    rng: the unit's own, draws its anomalies.
    Raises ValueError if the dataset has no classes, or the others have fewer images than are to be drawn.
    """
    labels = _labels("pooled_80_20", images)
    larger, smaller = {}, {}
    for label in np.unique(labels).tolist():
        members = shuffled(np.flatnonzero(labels == label), folds_rng)
        larger[label], smaller[label] = np.split(members, [len(members) * 4 // 5])
    if unit not in smaller:
        raise ValueError(f"protocol pooled_80_20: expected images of the normal class {unit}, found none")
    normals = smaller.pop(unit)
    others = np.concatenate([normals[:0], *smaller.values()])  # empty, and no error, if there is one class
    if len(others) < len(normals):
        raise ValueError(
            f"protocol pooled_80_20: expected {len(normals)} anomalies to draw, found {len(others)}"
        )
    test = np.sort(np.concatenate([normals, shuffled(others, rng)[: len(normals)]]))
    return Split(np.sort(larger[unit]), test, labels[test] != unit)


def digit_is_anomaly(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """Pools all parts; trains on 80 % of the images of all other classes together, and tests on the rest of
    them and on every image of one class (Reverse-VAE, Section 4.5).

    unit: the anomalous class. rng: the unit's own, cuts the normal images.
    Raises ValueError if the dataset has no classes, or no image of that class.
    """
    return _anomalous_class("digit_is_anomaly", images, unit, rng, cuts=1)


def digit_is_anomaly_leaking(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """`digit_is_anomaly` as EfficientGAN's released code has it: training images and normal test images come
    from two cuts that know nothing of each other, so that most of the latter are among the former.

    unit: the anomalous class. rng: the unit's own, makes both cuts.
    Raises ValueError if the dataset has no classes, or no image of that class.
    """
    return _anomalous_class("digit_is_anomaly_leaking", images, unit, rng, cuts=2)


def _anomalous_class(protocol: str, images: Images, unit: int, rng: np.random.Generator, cuts: int) -> Split:
    """80 % of the first of `cuts` shuffles of the normal images train, 20 % of the last are tested."""
    labels = _labels(protocol, images)
    anomalies, normals = np.flatnonzero(labels == unit), np.flatnonzero(labels != unit)
    if not len(anomalies):
        raise ValueError(f"protocol {protocol}: expected images of the anomalous class {unit}, found none")
    shuffles = [shuffled(normals, rng) for _ in range(cuts)]
    cut = len(normals) * 4 // 5
    test = np.sort(np.concatenate([shuffles[-1][cut:], anomalies]))
    return Split(np.sort(shuffles[0][:cut]), test, labels[test] == unit, leaks=cuts > 1)


PIAD_ATTRIBUTES = ("Bald", "Mustache", "Bangs", "Eyeglasses", "Wearing_Hat")  # PIAD, Section 4.1, CelebA


def celeba_attributes(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """PIAD's CelebA as its released code has it: normal images have none of five attributes, anomalous ones
    have the unit's and none of the other four, and the rest is left out; trains on the normal ones of the
    train part, tests on both of the test part.

    unit: the anomalous attribute, one of the five; nothing is drawn, and all units train on the same images.
    Raises ValueError if it is another attribute, or if the dataset has no attributes or no test part.
    """
    attributes = _attributes("celeba_attributes", images)
    if images.classes[unit] not in PIAD_ATTRIBUTES:
        raise ValueError(
            f"protocol celeba_attributes: expected one of {', '.join(PIAD_ATTRIBUTES)}, "
            f"found {images.classes[unit]}"
        )
    test = _test_part("celeba_attributes", images)
    among_five = attributes[:, [images.classes.index(name) for name in PIAD_ATTRIBUTES]].sum(axis=1)
    normal, anomalous = among_five == 0, attributes[:, unit] & (among_five == 1)
    test = test[(normal | anomalous)[test]]
    return Split(np.flatnonzero(normal[: images.n_train]), test, anomalous[test])


def one_attribute(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """PIAD's CelebA as its text has it: images with the unit's attribute are anomalous, all others normal,
    whatever else they have; trains on the normal ones of the train part, tests on the whole test part.

    unit: the anomalous attribute; nothing is drawn.
    Raises ValueError if the dataset has no attributes or no test part.
    """
    anomalous = _attributes("one_attribute", images)[:, unit]
    test = _test_part("one_attribute", images)
    return Split(np.flatnonzero(~anomalous[: images.n_train]), test, anomalous[test])


def official_parts(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """For experiments that edit: trains on the official train part, tests on the official test part, and
    leaves the validation part out.

    unit: the attribute that `anomalous` marks; nothing is drawn, and all units have the same two parts.
    Raises ValueError if the dataset has no attributes or no test part.
    """
    attributes = _attributes("official_parts", images)
    test = _test_part("official_parts", images, "; use held_out_fifth")
    return Split(np.arange(images.n_train), test, attributes[test, unit])


def held_out_fifth(
    images: Images, unit: int, rng: np.random.Generator, folds_rng: np.random.Generator
) -> Split:
    """For experiments that edit data without an official test part, or a copy that holds the train part
    alone: trains on the first four fifths of the train part, in the dataset's order, and tests on the last.

    Where it is known who is shown, the order is that of the people's numbers, and all images of a person are
    in one part, as in CelebA's official ones; the test part is then a fifth or a little more.
    unit: the attribute that `anomalous` marks; nothing is drawn, and all units have the same two parts.
    Raises ValueError if the dataset has no attributes.
    """
    attributes = _attributes("held_out_fifth", images)
    order = np.arange(images.n_train) if images.identities is None else images.identities[: images.n_train]
    tested = order >= np.sort(order)[images.n_train * 4 // 5]
    test = np.flatnonzero(tested)
    return Split(np.flatnonzero(~tested), test, attributes[test, unit])


PROTOCOLS: Mapping[str, Callable[..., Split]] = {
    "one_vs_all": one_vs_all,
    "pooled_80_20": pooled_80_20,
    "digit_is_anomaly": digit_is_anomaly,
    "digit_is_anomaly_leaking": digit_is_anomaly_leaking,
    "celeba_attributes": celeba_attributes,
    "one_attribute": one_attribute,
    "official_parts": official_parts,
    "held_out_fifth": held_out_fifth,
}


def make_split(protocol: str, images: Images, unit_index: int, split_seed: int) -> Split:
    """The split of one unit: the same arguments give the same indices on every machine.

    unit_index: index of the unit in `images.classes`; the pixels are not looked at.
    Raises ValueError if the protocol is unknown or does not fit the dataset.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"there is no protocol {protocol!r}, {nearest(protocol, PROTOCOLS)}")
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([split_seed, unit_index])))
    # A spawned child, since SeedSequence pads with zeros: [split_seed] alone would be the stream of unit 0.
    folds_rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(split_seed).spawn(1)[0]))
    return PROTOCOLS[protocol](images, unit_index, rng, folds_rng)


LEAKS = {"leaks": "true"}


def save_split(split: Split, path: Path) -> None:
    """Writes a split: train and test as int32, anomalous as uint8; the same split gives the same bytes.

    Only a split of a protocol that leaks says so, in the metadata.
    """
    content = save(
        {
            "train": split.train.astype(np.int32),
            "test": split.test.astype(np.int32),
            "anomalous": split.anomalous.astype(np.uint8),
        },
        LEAKS if split.leaks else None,
    )
    write_atomically(Path(path), content)


def load_split(path: Path) -> Split:
    """Reads what `save_split` wrote; raises ValueError if the file is broken or no split."""
    try:
        with safe_open(path, framework="numpy") as stream:
            train, test, anomalous = map(stream.get_tensor, ("train", "test", "anomalous"))
            leaks = stream.metadata() == LEAKS
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: expected a split with train, test and anomalous ({error})") from None
    return Split(train.astype(np.int64), test.astype(np.int64), anomalous.astype(bool), leaks)


def _labels(protocol: str, images: Images) -> np.ndarray:
    if images.labels is None:
        raise ValueError(f"protocol {protocol}: expected a dataset with classes, found one with attributes")
    return images.labels


def _attributes(protocol: str, images: Images) -> np.ndarray:
    if images.attributes is None:
        raise ValueError(f"protocol {protocol}: expected a dataset with attributes, found one with classes")
    return images.attributes


def _test_part(protocol: str, images: Images, remedy: str = "") -> np.ndarray:
    """Indices of the official test part."""
    test = np.arange(images.n_train + images.n_valid, len(images.pixels))
    if not len(test):
        raise ValueError(
            f"protocol {protocol}: expected a dataset with an official test part, found none{remedy}"
        )
    return test


def shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The values in random order.

    NumPy may change what `permutation`, `shuffle` and `choice` give for a seed from one release to the next
    (NEP 19); it promises to keep only the integers of the bit generator itself (docstring of PCG64). So each
    value gets one of those as its key; equal keys keep their order.
    """
    return values[np.argsort(rng.bit_generator.random_raw(len(values)), kind="stable")]

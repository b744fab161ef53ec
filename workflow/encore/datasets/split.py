"""A split: which images of a dataset train, which are tested, and what is known of the latter; and which
validate, where something is chosen by them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from encore.datasets.faults import DataError
from encore.files import write_atomically

LEAKS = {"leaks": "true"}


@dataclass(frozen=True, eq=False)
class Split:
    """Indices of the images that train and of those that are tested, each once in a part, in rising order.

    Of the test images either `anomalous` is known or, where images are edited and none is anomalous,
    `with_attribute`: whether they have the unit's attribute. Images that have it train as well.

    Raises DataError if a part is empty, repeats an image, or is not in rising order, and if train and test
    share an image, unless the protocol is one that `leaks`. Images that validate are in no other part.
    """

    train: np.ndarray  # int64 (n_train,), indices
    test: np.ndarray  # int64 (n_test,), indices
    anomalous: np.ndarray | None = None  # bool (n_test,), one a test image
    with_attribute: np.ndarray | None = None  # bool (n_test,), one a test image
    leaks: bool = False  # whether the protocol tests on training images
    valid: np.ndarray | None = None  # int64 (n_valid,), indices; None where the protocol holds out none

    def __post_init__(self) -> None:
        validating = {} if self.valid is None else {"validation": self.valid}
        for part, indices in {"train": self.train, "test": self.test, **validating}.items():
            if len(indices) == 0:
                raise DataError(f"expected at least one {part} image, found none")
            if indices[0] < 0 or np.any(np.diff(indices) <= 0):
                raise DataError(f"expected different {part} indices from 0 in rising order")
        shared = np.intersect1d(self.train, self.test)
        if len(shared) and not self.leaks:
            raise DataError(
                f"expected no image in both parts, found {len(shared)}, the first at index {shared[0]}"
            )
        if self.valid is not None and np.isin(self.valid, np.union1d(self.train, self.test)).any():
            raise DataError("expected validation images in no other part, found one that trains or is tested")
        known = [flags for flags in (self.anomalous, self.with_attribute) if flags is not None]
        if len(known) != 1:
            raise DataError(f"expected either anomalous or with_attribute, found {len(known)} of them")
        if len(known[0]) != len(self.test):
            name = "with_attribute" if self.anomalous is None else "anomalous"
            raise DataError(
                f"expected one {name} flag for each of {len(self.test)} test images, found {len(known[0])}"
            )

    @property
    def leaked(self) -> float:
        """Share of the normal test images that are training images as well; 0 if none is normal."""
        normal = self.test[~self.anomalous] if self.leaks else []
        return float(np.isin(normal, self.train).mean()) if len(normal) else 0.0

    @property
    def deviations(self) -> list[str]:
        """What keeps numbers on this split from a comparison with numbers on others."""
        share = 100 * self.leaked
        return [f"{share:.1f} % of the normal test images are training images"] if self.leaks else []


def save_split(split: Split, path: Path) -> None:
    """Writes a split: indices as int32, flags as uint8 by their name; the same split gives the same bytes.

    Only a split of a protocol that leaks says so, in the metadata, and only one that validates has `valid`.
    """
    parts = {"train": split.train, "test": split.test, "valid": split.valid}
    indices = {name: part.astype(np.int32) for name, part in parts.items() if part is not None}
    flags = {"anomalous": split.anomalous, "with_attribute": split.with_attribute}
    known = {name: values.astype(np.uint8) for name, values in flags.items() if values is not None}
    write_atomically(Path(path), save(indices | known, LEAKS if split.leaks else None))


def load_split(path: Path) -> Split:
    """Reads what `save_split` wrote; raises DataError if the file is broken or no split."""
    try:
        with safe_open(path, framework="numpy") as stream:
            train, test = (stream.get_tensor(name).astype(np.int64) for name in ("train", "test"))
            held = set(stream.keys())
            valid = stream.get_tensor("valid").astype(np.int64) if "valid" in held else None
            names = {"anomalous", "with_attribute"} & held
            flags = {name: stream.get_tensor(name).astype(bool) for name in names}
            leaks = stream.metadata() == LEAKS
        return Split(train, test, **flags, leaks=leaks, valid=valid)
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path}: expected a split with train and test ({error})") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None

"""Reads a dataset's files: one index space, the official train part first, the test part last.

Small datasets are arrays. Large ones stay packed (lazy.py): their images are decoded when they are asked for.
"""

import gzip
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encore.datasets.catalogue import Dataset, dataset
from encore.datasets.digit_attributes import digit_attributes
from encore.datasets.lazy import LazyImages, Packed, open_lmdb

PEOPLE_OF_CELEBA = 10177
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


def read(name: str, data_dir: Path) -> Images:
    """Reads the files that `download.fetch` has put under `data_dir`.

    Raises ValueError with one sentence naming the file, what was found and what was expected.
    """
    data = dataset(name)
    images = READERS[data.reader](data, Path(data_dir) / name)
    if images.labels is not None and images.labels.size and images.labels.max() >= len(data.classes):
        raise ValueError(f"{name}: expected labels 0 to {len(data.classes) - 1}, found {images.labels.max()}")
    return images


def _images(data: Dataset, train: Part, test: Part) -> Images:
    """Both parts in one index space."""
    pixels, labels = (np.concatenate(arrays) for arrays in zip(train, test, strict=True))
    return Images(pixels, labels.astype(np.int64), len(train[1]), data.classes)


def read_idx(data: Dataset, folder: Path) -> Images:
    """The four gzipped idx files of MNIST and of the datasets that copy its form."""
    return _images(data, _read_idx_part(data, folder, "train"), _read_idx_part(data, folder, "t10k"))


def _read_idx_part(data: Dataset, folder: Path, prefix: str) -> Part:
    images, labels = folder / f"{prefix}-images-idx3-ubyte.gz", folder / f"{prefix}-labels-idx1-ubyte.gz"
    pixels, classes = parse_idx(images, _gunzip(images), 3), parse_idx(labels, _gunzip(labels), 1)
    if (*pixels.shape[1:], 1) != data.shape:
        raise ValueError(
            f"{images}: expected images of {_times(data.shape[:2])} pixels, found {_times(pixels.shape[1:])}"
        )
    if len(pixels) != len(classes):
        raise ValueError(f"{labels}: expected {len(pixels)} labels, one an image, found {len(classes)}")
    return pixels[..., None], classes


def parse_idx(path: Path, content: bytes, n_dims: int) -> np.ndarray:
    """An idx file of unsigned bytes: magic number, a size for each dimension, the values.

    `path` is for the message only. Source of the format: http://yann.lecun.com/exdb/mnist/
    """
    header = struct.Struct(f">{1 + n_dims}I")
    magic = 0x0800 + n_dims  # 0x08: unsigned bytes
    if len(content) < header.size:
        raise ValueError(f"{path}: expected an idx header of {header.size} bytes, found {len(content)} bytes")
    found, *shape = header.unpack_from(content)
    if found != magic:
        raise ValueError(
            f"{path}: expected the magic number {magic:#010x} of an idx file, found {found:#010x}"
        )
    expected = int(np.prod(shape, dtype=object))  # Python integers: a broken header cannot overflow
    if len(content) - header.size != expected:
        raise ValueError(
            f"{path}: expected {_times(shape)} = {expected} values after the header, "
            f"found {len(content) - header.size}"
        )
    return np.frombuffer(content, np.uint8, offset=header.size).reshape(shape)


def read_cifar_binary(data: Dataset, folder: Path) -> Images:
    """The binary version of CIFAR-10: five train batches and a test batch."""
    folder = folder / "cifar-10-batches-bin"
    meta = folder / "batches.meta.txt"
    names = tuple(_content(meta).decode("utf-8", errors="replace").split())
    if names != data.classes:
        raise ValueError(f"{meta}: expected the classes {' '.join(data.classes)}, found {' '.join(names)}")
    batches = [_read_cifar_batch(data, folder / f"data_batch_{i}.bin") for i in range(1, 6)]
    train = tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))
    return _images(data, train, _read_cifar_batch(data, folder / "test_batch.bin"))


def _read_cifar_batch(data: Dataset, path: Path) -> Part:
    """Records of a label byte and a red, a green and a blue plane, row by row.

    Source of the format: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    height, width, channels = data.shape
    record = 1 + height * width * channels
    content = _content(path)
    if not content or len(content) % record:
        raise ValueError(f"{path}: expected a multiple of {record} bytes, found {len(content)} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, record)
    planes = records[:, 1:].reshape(-1, channels, height, width)
    return planes.transpose(0, 2, 3, 1), records[:, 0]


def read_sklearn_digits(data: Dataset, folder: Path) -> Images:
    """The 8x8 digits inside scikit-learn, which has no official split: all of them count as train part."""
    grey, digits = _sklearn_digits()
    pixels = _digit_pixels(grey)
    return _images(data, (pixels, digits), (pixels[:0], digits[:0]))


def read_digit_attributes(data: Dataset, folder: Path) -> Images:
    """The same images with attributes for labels, those of digit_attributes.py that the catalogue names."""
    grey, digits = _sklearn_digits()
    attributes = digit_attributes(grey, digits, data.classes)
    return Images(_digit_pixels(grey), None, len(grey), data.classes, attributes)


def _sklearn_digits() -> tuple[np.ndarray, np.ndarray]:
    """int64 (n, 8, 8), grey levels 0 to 16, and the digits."""
    from sklearn.datasets import load_digits  # half a second, which no other reader should pay

    digits = load_digits()
    return digits.images.astype(np.int64), digits.target


def _digit_pixels(grey: np.ndarray) -> np.ndarray:
    return np.rint(grey * (255 / 16)).astype(np.uint8)[..., None]


def read_coil100(data: Dataset, folder: Path) -> Images:
    """COIL-100: the views of object 1 by angle, those of object 2, and so on; all count as train part.

    A label is an object's number less 1; in PIAD's released code it is the number, and 0 for object 100.
    """
    packed = Packed(folder, data.files[0])
    views = [(number, angle) for number in data.classes for angle in range(0, 360, 5)]
    names = [f"obj{number}__{angle}.png" for number, angle in views]
    for (number, angle), name in zip(views, names, strict=True):
        if name not in packed.names:
            raise ValueError(
                f"{packed.place}: expected a view of object {number} at {angle} degrees in {name}, found none"
            )
    pixels = LazyImages(lambda index: packed.image(names[index]), data.shape, np.arange(len(names)))
    labels = np.repeat(np.arange(len(data.classes)), len(names) // len(data.classes))
    return Images(pixels, labels, len(names), data.classes)


def read_lsun(data: Dataset, folder: Path) -> Images:
    """LSUN: the training images of the first class; the test part is the validation images of all classes.

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


def read_celeba(data: Dataset, folder: Path) -> Images:
    """CelebA, aligned and cropped: in the order of the official partition, then as listed.

    The list of attributes decides which images there are, so that a copy may hold fewer.
    """
    packed = Packed(folder, next(file for file in data.files if file.folder))
    names, attributes = _read_attributes(data, folder / "list_attr_celeba.txt")
    for name in names:
        if name not in packed.names:
            raise ValueError(f"{packed.place}: expected the image {name} of the lists, found none")
    parts = _read_numbers(folder / "list_eval_partition.txt", names, "its part 0, 1 or 2", range(3))
    people = range(1, PEOPLE_OF_CELEBA + 1)
    identities = _read_numbers(folder / "identity_CelebA.txt", names, "the number of a person", people)
    order = np.argsort(parts, kind="stable")
    n_train, n_valid, _ = np.bincount(parts, minlength=3).tolist()
    pixels = LazyImages(lambda index: packed.image(names[index]), data.shape, order)
    return Images(pixels, None, n_train, data.classes, attributes[order], n_valid, identities[order])


def _read_attributes(data: Dataset, path: Path) -> tuple[list[str], np.ndarray]:
    """File names, and bool (n, attributes): their number, the attributes' names, then a row an image."""
    count, header, *rows = _lines(path, at_least=3)
    if tuple(header.split()) != data.classes:
        raise ValueError(
            f"{path}, line 2: expected the attributes {' '.join(data.classes)}, found {header.strip()}"
        )
    if count.strip() != str(len(rows)):
        raise ValueError(
            f"{path}, line 1: expected the number of rows, which are {len(rows)}, found {count.strip()!r}"
        )
    names, attributes = [], np.empty((len(rows), len(data.classes)), bool)
    for number, row in enumerate(rows):
        name, *values = row.split() or [""]
        if len(values) != len(data.classes) or not set(values) <= {"1", "-1"}:
            raise ValueError(
                f"{path}, line {number + 3}: expected a file name and {len(data.classes)} values of 1 or -1, "
                f"found {row.strip()!r}"
            )
        names.append(name)
        attributes[number] = [value == "1" for value in values]
    return names, attributes


def _read_numbers(path: Path, names: Sequence[str], what: str, allowed: range) -> np.ndarray:
    """The number of each of the files `names` in a list of file names and numbers; int64 (n,)."""
    numbers = {}
    for place, row in enumerate(_lines(path, at_least=1), start=1):
        name, *rest = row.split() or [""]
        if len(rest) != 1 or not rest[0].isdecimal() or int(rest[0]) not in allowed:
            raise ValueError(f"{path}, line {place}: expected a file name and {what}, found {row.strip()!r}")
        numbers[name] = int(rest[0])
    for name in names:
        if name not in numbers:
            raise ValueError(f"{path}: expected a row of {name}, found none")
    return np.array([numbers[name] for name in names])


READERS: Mapping[str, Callable[[Dataset, Path], Images]] = {
    "idx": read_idx,
    "cifar_binary": read_cifar_binary,
    "sklearn_digits": read_sklearn_digits,
    "digit_attributes": read_digit_attributes,
    "coil100": read_coil100,
    "lsun": read_lsun,
    "celeba": read_celeba,
}


def _lines(path: Path, at_least: int) -> list[str]:
    lines = _content(path).decode("utf-8", errors="replace").splitlines()
    if len(lines) < at_least:
        raise ValueError(f"{path}: expected {at_least} lines or more, found {len(lines)}")
    return lines


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: expected a file of the dataset, found none ({error.strerror})") from None


def _gunzip(path: Path) -> bytes:
    try:
        return gzip.decompress(_content(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole gzip file, found a broken one ({error})") from None


def _times(shape: tuple[int, ...] | list[int]) -> str:
    return "x".join(str(n) for n in shape)

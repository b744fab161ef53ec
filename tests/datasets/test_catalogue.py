"""The catalogue: what it says about the datasets, and which slips in it are found."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from encore import registry
from encore.datasets import catalogue
from encore.datasets.catalogue import CATALOGUE, DATASETS, dataset, load


def test_every_dataset_has_a_reader_and_names_the_sum_of_its_images() -> None:
    assert {name: (entry.counts["train"], entry.counts["test"]) for name, entry in DATASETS.items()} == {
        "mnist": (60_000, 10_000),
        "fashion_mnist": (60_000, 10_000),
        "cifar10": (50_000, 10_000),
        "svhn": (73_257, 26_032),
        "digits": (1_797, 0),
        "digit_attributes": (1_797, 0),
        "coil100": (7_200, 0),
        "lsun": (3_033_042, 600),
        "celeba": (162_770, 19_962),
    }
    assert {entry.reader for entry in DATASETS.values()} == set(registry.names(registry.READERS))
    assert {name: len(entry.classes) for name, entry in DATASETS.items()} == {
        "mnist": 10,
        "fashion_mnist": 10,
        "cifar10": 10,
        "svhn": 10,
        "digits": 10,
        "digit_attributes": 7,
        "coil100": 100,
        "lsun": 2,
        "celeba": 40,
    }
    assert sum(dataset("celeba").counts.values()) == 202_599
    assert dataset("coil100").classes == tuple(str(number) for number in range(1, 101))


def test_attributes_of_digits_are_of_the_same_file_as_digits() -> None:
    digits, attributes = dataset("digits"), dataset("digit_attributes")
    assert attributes.files == digits.files
    assert (attributes.shape, attributes.licence) == (digits.shape, digits.licence)


def test_every_file_has_the_strongest_checksum_or_that_of_its_contents() -> None:
    for entry in DATASETS.values():
        assert all(file.sha256 or file.contents_sha256 for file in entry.files)


def test_addresses_are_the_source_and_then_its_mirrors() -> None:
    name = "train-images-idx3-ubyte.gz"
    assert dataset("mnist").files[0].urls == (
        f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}",
        f"https://storage.googleapis.com/cvdf-datasets/mnist/{name}",
        f"http://yann.lecun.com/exdb/mnist/{name}",
    )
    assert dataset("digits").files[0].urls == ()


def test_every_image_of_cifar10_is_in_a_member_that_is_not_pickled() -> None:
    (archive,) = dataset("cifar10").files
    assert [member for member in archive.members if not member.endswith((".bin", ".txt"))] == []
    assert len(archive.members) == 7


def test_what_is_unpacked_of_lsun_is_the_databases_and_not_their_locks() -> None:
    assert [file.members for file in dataset("lsun").files] == [
        ("bedroom_train_lmdb/data.mdb",),
        ("bedroom_val_lmdb/data.mdb",),
        ("conference_room_val_lmdb/data.mdb",),
    ]


def test_unknown_dataset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="no dataset 'minst', did you mean 'mnist'"):
        dataset("minst")
    with pytest.raises(ValueError, match="did you mean 'cifar10'"):
        dataset("cifar-100")


def test_import_pulls_in_neither_numpy_nor_torch() -> None:
    heavy = ("numpy", "torch", "PIL")
    code = f"import sys, encore.datasets.catalogue; print([m for m in {heavy} if m in sys.modules])"
    package_root = str(Path(catalogue.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": package_root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("title",), "", "mnist.title: expected a text, found ''"),
        (("titel",), "MNIST", "mnist: unknown key 'titel', did you mean 'title'"),
        (("reader",), "idy", "mnist.reader: found 'idy', did you mean 'idx'"),
        (("reader",), ["idx"], "mnist.reader: expected a text, found"),
        (("classes",), [0, 1], "mnist.classes: expected a list of different names"),
        (("classes",), ["a", "a"], "mnist.classes: expected a list of different names"),
        (("classes",), ["T-shirt/top"], "mnist.classes: expected a list of different names"),
        (("counts", "train"), -1, "mnist.counts: expected whole numbers from 0"),
        (("counts", "train"), True, "mnist.counts: expected whole numbers from 0"),
        (("counts", "val"), 5, "mnist.counts: unknown key 'val', did you mean 'valid'"),
        (("shape",), [28, 28], r"mnist.shape: expected \[height, width, channels\], found \[28, 28\]"),
        (("shape",), [28, 28, 0], "mnist.shape: expected"),
        (("mirrors",), ["https://example.org/mnist"], "mnist.mirrors: expected a list of http"),
        (("mirrors",), ["file:///etc/"], "mnist.mirrors: expected a list of http"),
        (("files",), [], "mnist.files: expected a list of files"),
        (("files", 1, "name"), "../evil", r"mnist.files\[1\].name: expected a file name"),
        (("files", 1, "bytes"), "28881", r"mnist.files\[1\].bytes: expected a whole number"),
        (("files", 1, "md5"), "d53e", r"mnist.files\[1\].md5: expected 32 digits"),
        (("files", 1, "contents_sha256"), 65, r"mnist.files\[1\].contents_sha256: expected 64 digits"),
        (
            ("files", 1, "members"),
            ["a/../../b"],
            r"mnist.files\[1\].members: expected a list of relative paths",
        ),
        (("files", 1, "members"), ["/etc/passwd"], r"mnist.files\[1\].members: expected a list of relative"),
        (
            ("files", 1, "folder"),
            "images",
            r"mnist.files\[1\].folder: expected a relative path without \.\., of a",
        ),
    ],
)
def test_a_slip_is_found_and_named(tmp_path: Path, place: tuple, value: object, message: str) -> None:
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    entry = entries["mnist"]
    for key in place[:-1]:
        entry = entry[key]
    entry[place[-1]] = value
    with pytest.raises(ValueError, match=f"^slip.yaml: {message}") as error:
        load(_written(tmp_path, entries))
    assert "\n" not in str(error.value)


def test_a_missing_key_a_missing_checksum_and_a_repeated_key_are_found(tmp_path: Path) -> None:
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    del entries["digits"]["files"][0]["contents_sha256"]
    with pytest.raises(ValueError, match=r"digits.files\[0\]: expected one of sha256, md5, contents_sha256"):
        load(_written(tmp_path, entries))
    del entries["digits"]["licence"]
    with pytest.raises(ValueError, match="digits: expected the key 'licence'"):
        load(_written(tmp_path, entries))
    twice = tmp_path / "twice.yaml"
    twice.write_text("mnist:\n  title: a\n  title: b\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 3: the key 'title' stands twice"):
        load(twice)


@pytest.mark.parametrize(
    "more", [{"folder": "../images"}, {"folder": "a", "members": ["a/b"]}, {"folder": 1}]
)
def test_a_folder_leaves_no_archive_and_is_not_unpacked(tmp_path: Path, more: dict) -> None:
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    entries["coil100"]["files"][0].update(more)
    with pytest.raises(ValueError, match=r"coil100.files\[0\].folder: expected a relative path without"):
        load(_written(tmp_path, entries))


def _written(folder: Path, entries: dict) -> Path:
    path = folder / "slip.yaml"
    path.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return path

"""Readers: files in the true formats, whole and corrupt, and the real ones."""

import collections
import gzip
import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from encore.datasets.catalogue import dataset
from encore.datasets.images import prepare
from encore.datasets.lazy import LazyImages
from encore.datasets.protocols import PIAD_ATTRIBUTES, make_split
from encore.datasets.readers import parse_idx, read

IDX = {"train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")}
IDX["test"] = tuple(name.replace("train", "t10k") for name in IDX["train"])
RECORD = 1 + 32 * 32 * 3


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def random_part(n: int, shape: tuple[int, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A data folder with an MNIST of 7 train and 3 test images."""
    (tmp_path / "mnist").mkdir()
    for seed, (part, n) in enumerate((("train", 7), ("test", 3))):
        for name, array in zip(IDX[part], random_part(n, (28, 28), seed), strict=True):
            (tmp_path / "mnist" / name).write_bytes(gzip.compress(idx(array)))
    return tmp_path


@pytest.fixture
def cifar10(tmp_path: Path) -> Path:
    """A data folder with a CIFAR-10 of 2 images a batch."""
    folder = tmp_path / "cifar10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for seed, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        planes, labels = random_part(2, (3, 32, 32), seed)
        records = np.concatenate([labels[:, None], planes.reshape(2, -1)], axis=1)
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    (folder / "batches.meta.txt").write_text("\n".join(dataset("cifar10").classes) + "\n\n")
    return tmp_path


def test_idx_round_trip_puts_the_train_part_first(mnist: Path) -> None:
    images = read("mnist", mnist)
    (train, train_labels), (test, test_labels) = random_part(7, (28, 28), 0), random_part(3, (28, 28), 1)
    np.testing.assert_array_equal(images.pixels, np.concatenate([train, test])[..., None])
    np.testing.assert_array_equal(images.labels, np.concatenate([train_labels, test_labels]))
    assert (images.n_train, images.pixels.dtype, images.labels.dtype) == (7, np.uint8, np.int64)
    assert images.classes == dataset("mnist").classes


def test_cifar_round_trip_keeps_the_order_of_batches_planes_and_rows(cifar10: Path) -> None:
    images = read("cifar10", cifar10)
    assert (images.pixels.shape, images.n_train) == ((12, 32, 32, 3), 10)
    for batch in range(6):
        planes, labels = random_part(2, (3, 32, 32), batch)
        for channel in range(3):
            np.testing.assert_array_equal(
                images.pixels[2 * batch : 2 * batch + 2, ..., channel], planes[:, channel]
            )
        np.testing.assert_array_equal(images.labels[2 * batch : 2 * batch + 2], labels)


def test_digits_are_scikit_learns_in_bytes() -> None:
    from sklearn.datasets import load_digits

    images = read("digits", Path("unused"))
    digits = load_digits()
    assert (images.pixels.shape, images.n_train) == ((1797, 8, 8, 1), 1797)
    assert (images.pixels.min(), images.pixels.max()) == (0, 255)
    assert np.abs(images.pixels[..., 0] / 255 - digits.images / 16).max() <= 0.5 / 255
    np.testing.assert_array_equal(images.labels, digits.target)


def test_digit_attributes_are_of_the_same_pictures_and_have_no_classes() -> None:
    images, digits = read("digit_attributes", Path("unused")), read("digits", Path("unused"))
    np.testing.assert_array_equal(images.pixels, digits.pixels)
    assert (images.labels, images.n_train, images.n_valid) == (None, 1797, 0)
    assert images.classes == dataset("digit_attributes").classes
    assert (images.attributes.shape, images.attributes.dtype) == ((1797, 7), bool)
    np.testing.assert_array_equal(images.attributes[:, images.classes.index("odd")], digits.labels % 2 == 1)


def corrupt_magic(content: bytes) -> bytes:
    return struct.pack(">I", 0x0D03) + content[4:]


@pytest.mark.parametrize(
    ("corrupt", "message"),
    [
        (corrupt_magic, "expected the magic number 0x00000803 of an idx file, found 0x00000d03"),
        (lambda content: content[:-1], "expected 7x28x28 = 5488 values after the header, found 5487"),
        (lambda content: content + b"\0", "expected 7x28x28 = 5488 values after the header, found 5489"),
        (lambda content: content[:15], "expected an idx header of 16 bytes, found 15 bytes"),
        (lambda content: b"", "expected an idx header of 16 bytes, found 0 bytes"),
        (
            lambda content: content[:4] + b"\xff" * 12 + content[16:],
            "expected 4294967295x4294967295x4294967295 = 79228162458924105385300197375 values",
        ),
    ],
)
def test_corrupt_idx_is_named(mnist: Path, corrupt, message: str) -> None:
    path = mnist / "mnist" / IDX["train"][0]
    path.write_bytes(gzip.compress(corrupt(gzip.decompress(path.read_bytes()))))
    with pytest.raises(ValueError, match=re.escape(f"{path}: {message}")):
        read("mnist", mnist)


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda content: content[: len(content) // 2],  # truncated
        lambda content: content[:-8] + b"\0" * 8,  # wrong CRC and length
        lambda content: b"<html>" + content,  # no gzip
        lambda content: content[:10] + b"\xff" * 20 + content[30:],  # no deflate stream
    ],
)
def test_broken_gzip_is_named(mnist: Path, corrupt) -> None:
    path = mnist / "mnist" / IDX["test"][1]
    path.write_bytes(corrupt(path.read_bytes()))
    with pytest.raises(
        ValueError, match=re.escape(f"{path}: expected a whole gzip file, found a broken one (")
    ):
        read("mnist", mnist)


def test_parts_that_do_not_belong_together_are_refused(mnist: Path) -> None:
    images, labels = (mnist / "mnist" / name for name in IDX["train"])
    labels.write_bytes(gzip.compress(idx(np.zeros(6, np.uint8))))
    with pytest.raises(ValueError, match="expected 7 labels, one an image, found 6"):
        read("mnist", mnist)
    images.write_bytes(gzip.compress(idx(np.zeros((6, 14, 28), np.uint8))))
    with pytest.raises(ValueError, match="expected images of 28x28 pixels, found 14x28"):
        read("mnist", mnist)


def test_labels_beyond_the_classes_are_refused(mnist: Path) -> None:
    (mnist / "mnist" / IDX["test"][1]).write_bytes(gzip.compress(idx(np.full(3, 10, np.uint8))))
    with pytest.raises(ValueError, match="mnist: expected labels 0 to 9, found 10"):
        read("mnist", mnist)


def test_missing_file_is_named(mnist: Path) -> None:
    path = mnist / "mnist" / IDX["train"][1]
    path.unlink()
    with pytest.raises(
        ValueError, match=re.escape(f"{path}: expected a file of the dataset, found none (No such file")
    ):
        read("mnist", mnist)


@pytest.mark.parametrize("content", [b"", b"\0" * (RECORD - 1), b"\0" * (2 * RECORD + 1)])
def test_cifar_batch_of_a_wrong_length_is_refused(cifar10: Path, content: bytes) -> None:
    path = cifar10 / "cifar10" / "cifar-10-batches-bin" / "data_batch_3.bin"
    path.write_bytes(content)
    message = f"{path}: expected a multiple of 3073 bytes, found {len(content)} bytes"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read("cifar10", cifar10)


def test_cifar_with_other_classes_is_refused(cifar10: Path) -> None:
    meta = cifar10 / "cifar10" / "cifar-10-batches-bin" / "batches.meta.txt"
    meta.write_text("apple\naquarium_fish\n")
    with pytest.raises(
        ValueError, match=r"expected the classes airplane .* truck, found apple aquarium_fish"
    ):
        read("cifar10", cifar10)


def test_idx_of_labels_is_not_taken_for_images() -> None:
    with pytest.raises(
        ValueError, match="expected the magic number 0x00000803 of an idx file, found 0x00000801"
    ):
        parse_idx(Path("labels"), idx(np.zeros(100, np.uint8)), 3)


# --- images that stay packed ----------------------------------------------------------------------


def flat(colour: tuple[int, int, int], size: tuple[int, int], form: str, **options) -> bytes:
    """An image file of one colour, which JPEG keeps within a few grey levels; size is (width, height)."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form, **options)
    return out.getvalue()


def pack(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


def refusal(name: str, data_dir: Path) -> str:
    """The sentence with which reading is refused."""
    with pytest.raises(ValueError, match=r": expected .*, found ") as error:
        read(name, data_dir)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_lazy_images_decode_only_what_is_asked_for() -> None:
    asked = []

    def decode(index: int) -> np.ndarray:
        asked.append(index)
        return np.full((2, 3, 3), index, np.uint8)

    images = LazyImages(decode, (2, 3, 3), np.arange(10))
    chosen = images[np.array([7, 2])][1:]
    assert (images.shape, len(images), chosen.shape) == ((10, 2, 3, 3), 10, (1, 2, 3, 3))
    assert asked == []
    assert [image[0, 0, 0] for image in chosen] == [2]
    assert images[9].shape == (2, 3, 3)
    assert asked == [2, 9]


@pytest.fixture(scope="module")
def coil_views() -> dict[str, bytes]:
    """All 7,200 views; object and angle are in the colour."""
    return {
        f"coil-100/obj{number}__{angle}.png": flat((number, angle // 2, 0), (4, 4), "PNG")
        for number in range(1, 101)
        for angle in range(0, 360, 5)
    }


@pytest.fixture
def coil100(tmp_path: Path, coil_views: dict[str, bytes]) -> Callable[[dict[str, bytes]], Path]:
    """Packs views, and what else the publisher's archive holds, in an order that is not theirs."""

    def write(views: dict[str, bytes]) -> Path:
        (tmp_path / "coil100").mkdir()
        rest = {"coil-100/": b"", "coil-100/convertGroupppm2png.pl": b"#!/usr/bin/perl"}
        pack(tmp_path / "coil100" / "coil-100.zip", rest | dict(sorted(views.items())))
        return tmp_path

    return write


def test_coil100_is_ordered_by_object_and_angle(coil100, coil_views: dict[str, bytes]) -> None:
    images = read("coil100", coil100(coil_views))
    assert (images.pixels.shape, images.n_train) == ((7200, 128, 128, 3), 7200)
    np.testing.assert_array_equal(images.labels, np.repeat(np.arange(100), 72))
    for index in (0, 1, 71, 72, 7199):
        number, angle = index // 72 + 1, index % 72 * 5
        assert images.pixels[index][0, 0].tolist() == [number, angle // 2, 0]
        assert images.classes[images.labels[index]] == str(number)
    chosen = prepare(images.pixels[np.array([72, 5])], image_size=1, crop="none", resize="gaussian")
    assert np.abs(chosen[:, :2, 0, 0] - [[2, 0], [1, 12]]).max() <= 2  # fractions are cut off


def test_coil100_is_read_from_its_folder_too(tmp_path: Path, coil_views: dict[str, bytes]) -> None:
    for name, content in coil_views.items():
        path = tmp_path / "coil100" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert read("coil100", tmp_path).pixels[73][0, 0].tolist() == [2, 2, 0]


def test_coil100_without_a_view_names_object_and_angle(coil100, coil_views: dict[str, bytes]) -> None:
    data_dir = coil100({name: c for name, c in coil_views.items() if name != "coil-100/obj37__145.png"})
    assert refusal("coil100", data_dir) == (
        f"{data_dir / 'coil100' / 'coil-100.zip'}: expected a view of object 37 at 145 degrees in "
        f"obj37__145.png, found none"
    )


def test_coil100_with_a_view_that_is_no_image_names_it(coil100, coil_views: dict[str, bytes]) -> None:
    whole = coil_views["coil-100/obj1__5.png"]
    data_dir = coil100(coil_views | {"coil-100/obj1__0.png": b"no image", "coil-100/obj1__5.png": whole[:40]})
    images = read("coil100", data_dir)
    for index, name in enumerate(("obj1__0.png", "obj1__5.png")):
        with pytest.raises(ValueError, match=f"coil-100.zip: {name}: expected a whole JPEG, PNG, WEBP image"):
            images.pixels[index]


def test_coil100_missing_or_broken(tmp_path: Path) -> None:
    folder = tmp_path / "coil100"
    assert (
        refusal("coil100", tmp_path)
        == f"{folder}: expected coil-100.zip or the folder coil-100, found neither"
    )
    folder.mkdir()
    (folder / "coil-100.zip").write_bytes(b"no archive")
    assert refusal("coil100", tmp_path).startswith(f"{folder / 'coil-100.zip'}: expected a whole zip archive")


def test_damaged_member_is_named(coil100, coil_views: dict[str, bytes]) -> None:
    data_dir = coil100(coil_views)
    path = data_dir / "coil100" / "coil-100.zip"
    content = bytearray(path.read_bytes())
    content[content.index(coil_views["coil-100/obj3__0.png"]) + 20] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"coil-100.zip: expected a whole file obj3__0.png, found a broken one"
    ):
        read("coil100", data_dir).pixels[2 * 72]


SCENES = {"bedroom_train": 5, "bedroom_val": 2, "conference_room_val": 3}


def write_lmdb(folder: Path, files: dict[str, bytes]) -> None:
    with (
        lmdb.open(str(folder), map_size=1 << 20) as environment,
        environment.begin(write=True) as transaction,
    ):
        for key, content in files.items():
            transaction.put(key.encode(), content)
    (folder / "lock.mdb").unlink()


@pytest.fixture
def lsun(tmp_path: Path) -> Path:
    """A data folder with an LSUN in which a colour tells the database (red) and the image's place (green)."""
    for red, (name, count) in enumerate(SCENES.items()):
        folder = tmp_path / "lsun" / f"{name}_lmdb"
        folder.mkdir(parents=True)
        form = "WEBP" if red == 2 else "JPEG"
        files = {
            f"{i:040x}": flat((100 * red, 40 * i, 0), (256 + 10 * i, 256), form, quality=95)
            for i in range(count)
        }
        write_lmdb(folder, dict(reversed(files.items())))
    return tmp_path


def test_lsun_is_bedrooms_to_train_on_and_both_scenes_to_test(lsun: Path) -> None:
    images = read("lsun", lsun)
    assert (images.n_train, images.classes) == (5, ("bedroom", "conference_room"))
    assert images.labels.tolist() == [0] * 5 + [0] * 2 + [1] * 3
    assert (images.pixels.shape, images.pixels[4].shape) == ((10, 256, 256, 3), (256, 296, 3))
    places = [(red, i) for red, count in enumerate(SCENES.values()) for i in range(count)]
    prepared = prepare(images.pixels, image_size=64, crop=256, resize="bilinear")
    expected = np.array([[100 * red, 40 * i] for red, i in places])
    assert np.abs(prepared[:, :2].mean(axis=(2, 3)) - expected).max() < 4
    split = make_split("one_vs_all", images, 0, 0)
    assert (split.train.tolist(), split.test.tolist()) == ([0, 1, 2, 3, 4], [5, 6, 7, 8, 9])
    assert split.anomalous.tolist() == [False, False, True, True, True]


def test_lsun_is_read_twice_and_leaves_no_trace(lsun: Path) -> None:
    first, second = read("lsun", lsun), read("lsun", lsun)
    np.testing.assert_array_equal(first.pixels[7], second.pixels[7])
    assert [path.name for path in lsun.rglob("*.mdb")] == ["data.mdb"] * 3


def test_lsun_missing_broken_or_no_image(lsun: Path) -> None:
    folder = lsun / "lsun" / "conference_room_val_lmdb"
    (folder / "data.mdb").write_bytes(bytes(10_000))
    assert refusal("lsun", lsun).startswith(f"{folder}: expected an LMDB database, found none (")
    (folder / "data.mdb").unlink()
    assert refusal("lsun", lsun) == f"{folder}: expected an LMDB folder with the file data.mdb, found none"
    write_lmdb(folder, {"ab" * 20: b"no image"})
    images = read("lsun", lsun)
    with pytest.raises(
        ValueError, match=f"^{folder}: {'ab' * 20}: expected a whole JPEG, PNG, WEBP image, found none"
    ):
        images.pixels[7]


FACES = ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg", "000005.jpg", "000006.jpg"]
FACE_PARTS = [0, 2, 1, 0, 0, 2]
FACE_PEOPLE = [2880, 7, 10177, 2880, 1, 7]


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """A data folder with a CelebA of six faces; the k-th has attribute k, and its colour tells it."""
    folder = tmp_path / "celeba"
    folder.mkdir()
    names = dataset("celeba").classes
    rows = [
        f"{face} " + " ".join(f"{1 if i == k else -1:2d}" for i in range(40)) for k, face in enumerate(FACES)
    ]
    (folder / "list_attr_celeba.txt").write_text("\n".join(["6", " ".join(names) + " ", *rows]) + "\n")
    parts = [f"{face} {part}\n" for face, part in zip(FACES, FACE_PARTS, strict=True)]
    (folder / "list_eval_partition.txt").write_text("".join(parts) + "000007.jpg 1\n")
    people = [f"{face} {person}\n" for face, person in zip(FACES, FACE_PEOPLE, strict=True)]
    (folder / "identity_CelebA.txt").write_text("".join(people) + "000007.jpg 9\n")
    pack(
        folder / "img_align_celeba.zip",
        {
            f"img_align_celeba/{face}": flat((40 * k, 0, 0), (178, 218), "JPEG", quality=95)
            for k, face in enumerate(FACES)
        },
    )
    return tmp_path


def test_celeba_puts_the_parts_in_order_and_keeps_the_attributes_with_the_faces(celeba: Path) -> None:
    images = read("celeba", celeba)
    order = [0, 3, 4, 2, 1, 5]
    assert (images.n_train, images.n_valid, len(images.pixels), images.labels) == (3, 1, 6, None)
    np.testing.assert_array_equal(images.attributes, np.eye(6, 40, dtype=bool)[order])
    assert images.identities.tolist() == [FACE_PEOPLE[k] for k in order]
    reds = [float(image[..., 0].mean()) for image in images.pixels]
    assert np.abs(np.array(reds) - 40 * np.array(order)).max() < 4
    assert prepare(images.pixels[:2], image_size=64, crop=140, resize="bilinear").shape == (2, 3, 64, 64)


def test_celeba_is_read_from_its_folder_at_half_resolution(celeba: Path) -> None:
    folder = celeba / "celeba"
    (folder / "img_align_celeba.zip").unlink()
    (folder / "img_align_celeba").mkdir()
    for face in FACES:
        (folder / "img_align_celeba" / face).write_bytes(flat((9, 9, 9), (89, 109), "JPEG"))
    pixels = read("celeba", celeba).pixels
    assert (pixels.shape, pixels[0].shape) == ((6, 218, 178, 3), (109, 89, 3))
    assert prepare(pixels, image_size=64, crop=140, resize="bilinear").shape == (6, 3, 64, 64)


@pytest.mark.parametrize(
    ("name", "found", "replaced", "message"),
    [
        (
            "list_attr_celeba.txt",
            "000003.jpg -1",
            "000003.jpg",
            ", line 5: expected a file name and 40 values of 1 or -1, found '000003.jpg -1 ",
        ),
        (
            "list_attr_celeba.txt",
            "000002.jpg -1",
            "000002.jpg  0",
            ", line 4: expected a file name and 40 values",
        ),
        (
            "list_attr_celeba.txt",
            "\n000002.jpg",
            "\n\n000002.jpg",
            ", line 1: expected the number of rows, which",
        ),
        (
            "list_attr_celeba.txt",
            " Bald ",
            " Bold ",
            ", line 2: expected the attributes 5_o_Clock_Shadow Arched",
        ),
        (
            "list_eval_partition.txt",
            "000004.jpg 0",
            "000004.jpg",
            ", line 4: expected a file name and its part",
        ),
        (
            "list_eval_partition.txt",
            "000006.jpg 2",
            "000006.jpg 3",
            ", line 6: expected a file name and its part",
        ),
        ("list_eval_partition.txt", "000005.jpg", "000015.jpg", ": expected a row of 000005.jpg, found none"),
        ("identity_CelebA.txt", "000003.jpg", "000013.jpg", ": expected a row of 000003.jpg, found none"),
        (
            "identity_CelebA.txt",
            "10177",
            "10178",
            ", line 3: expected a file name and the number of a person, found '000003.jpg 10178'",
        ),
    ],
)
def test_faults_of_celebas_lists_are_named(
    celeba: Path, name: str, found: str, replaced: str, message: str
) -> None:
    path = celeba / "celeba" / name
    content = path.read_text()
    assert found in content
    path.write_text(content.replace(found, replaced))
    assert refusal("celeba", celeba).startswith(f"{path}{message}")


def test_celeba_without_a_listed_image_or_without_rows(celeba: Path) -> None:
    folder = celeba / "celeba"
    pack(folder / "img_align_celeba.zip", {f"img_align_celeba/{face}": b"" for face in FACES[:4]})
    assert refusal("celeba", celeba) == (
        f"{folder / 'img_align_celeba.zip'}: expected the image 000005.jpg of the lists, found none"
    )
    (folder / "list_attr_celeba.txt").write_text("0\n")
    assert refusal("celeba", celeba).endswith("list_attr_celeba.txt: expected 3 lines or more, found 1")


@pytest.mark.realdata
def test_real_faces(real_data_dir: Path) -> None:
    """The first of the real faces, or all; counts straight from the text."""
    images = read("celeba", real_data_dir)
    text = (real_data_dir / "celeba" / "list_attr_celeba.txt").read_text().splitlines()
    columns = text[1].split()
    counts = collections.Counter(
        columns[i] for row in text[2:] for i, value in enumerate(row.split()[1:]) if value == "1"
    )
    assert len(images.pixels) == int(text[0])
    assert dict(zip(images.classes, images.attributes.sum(axis=0).tolist(), strict=True)) == counts
    if len(images.pixels) == 8000:
        assert [counts[name] for name in PIAD_ATTRIBUTES] == [196, 309, 1191, 546, 389]  # by awk
        with pytest.raises(ValueError, match="expected a dataset with an official test part, found none"):
            make_split("celeba_attributes", images, images.classes.index("Bald"), 0)
    prepared = prepare(images.pixels[:50], image_size=64, crop=140, resize="bilinear")
    assert (prepared.shape, prepared.std() > 40) == ((50, 3, 64, 64), True)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "first_labels", "train_counts", "test_counts"),
    [
        (
            "mnist",
            [5, 0, 4, 1, 9, 2, 1, 3],
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        ),
        ("fashion_mnist", [9, 0, 0, 3, 0, 2, 7, 2], [6000] * 10, [1000] * 10),
    ],
)
def test_real_idx_files(
    real_data_dir: Path, name: str, first_labels: list, train_counts: list, test_counts: list
) -> None:
    images = read(name, real_data_dir)
    entry = dataset(name)
    assert images.labels[:8].tolist() == first_labels
    assert np.bincount(images.labels[: images.n_train]).tolist() == train_counts
    assert np.bincount(images.labels[images.n_train :]).tolist() == test_counts
    assert images.pixels.shape[1:] == entry.shape
    assert (images.n_train, len(images.pixels)) == (entry.counts["train"], sum(entry.counts.values()))

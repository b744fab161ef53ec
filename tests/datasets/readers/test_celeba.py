"""CelebA: six faces with lists, faults in the lists, and the real faces."""

import collections
from pathlib import Path

import numpy as np
import pytest

from encore.datasets.catalogue import dataset
from encore.datasets.divide import make_split
from encore.datasets.images import prepare
from encore.datasets.protocols.celeba_attributes import FIVE
from encore.datasets.read import read_unchecked as read

FACES = ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg", "000005.jpg", "000006.jpg"]
FACE_PARTS = [0, 2, 1, 0, 0, 2]
FACE_PEOPLE = [2880, 7, 10177, 2880, 1, 7]


@pytest.fixture
def celeba(tmp_path: Path, flat, pack) -> Path:
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


def test_celeba_is_read_from_its_folder_at_half_resolution(celeba: Path, flat) -> None:
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
    celeba: Path, refusal, name: str, found: str, replaced: str, message: str
) -> None:
    path = celeba / "celeba" / name
    content = path.read_text()
    assert found in content
    path.write_text(content.replace(found, replaced))
    assert refusal("celeba", celeba).startswith(f"{path}{message}")


LISTS = ("list_attr_celeba.txt", "list_eval_partition.txt", "identity_CelebA.txt")


def test_lists_that_notepad_wrote_are_read(celeba: Path) -> None:
    """With its mark in front and its ends of lines."""
    expected = read("celeba", celeba)
    for name in LISTS:
        path = celeba / "celeba" / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    found = read("celeba", celeba)
    np.testing.assert_array_equal(found.attributes, expected.attributes)
    np.testing.assert_array_equal(found.identities, expected.identities)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_is_not_utf8_is_named(celeba: Path, refusal, name: str) -> None:
    path = celeba / "celeba" / name
    path.write_bytes(path.read_text().encode("utf-16"))
    assert refusal("celeba", celeba) == f"{path}: expected text in UTF-8, found other bytes at 0"


@pytest.mark.parametrize("name", LISTS)
def test_an_image_that_stands_twice_in_a_list_is_named(celeba: Path, refusal, name: str) -> None:
    path = celeba / "celeba" / name
    lines = path.read_text().splitlines()
    lines[-1] = lines[-2]
    path.write_text("\n".join(lines))
    twice = lines[-1].split()[0]
    assert refusal("celeba", celeba) == f"{path}: expected one row of {twice}, found several"


def test_celeba_without_a_listed_image_or_without_rows(celeba: Path, pack, refusal) -> None:
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
        assert [counts[name] for name in FIVE] == [196, 309, 1191, 546, 389]  # by awk
        with pytest.raises(ValueError, match="expected a dataset with an official test part, found none"):
            make_split("celeba_attributes", images, images.classes.index("Bald"), 0)
    prepared = prepare(images.pixels[:50], image_size=64, crop=140, resize="bilinear")
    assert (prepared.shape, prepared.std() > 40) == ((50, 3, 64, 64), True)

"""COIL-100: 7,200 views in an archive or in its folder, whole and damaged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from encore.datasets.images import prepare
from encore.datasets.read import read_unchecked as read


@pytest.fixture(scope="module")
def coil_views(flat) -> dict[str, bytes]:
    """All 7,200 views; object and angle are in the colour."""
    return {
        f"coil-100/obj{number}__{angle}.png": flat((number, angle // 2, 0), (4, 4), "PNG")
        for number in range(1, 101)
        for angle in range(0, 360, 5)
    }


@pytest.fixture
def coil100(tmp_path: Path, pack) -> Callable[[dict[str, bytes]], Path]:
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


def test_coil100_without_a_view_names_object_and_angle(
    coil100, coil_views: dict[str, bytes], refusal
) -> None:
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


def test_coil100_missing_or_broken(tmp_path: Path, refusal) -> None:
    folder = tmp_path / "coil100"
    assert (
        refusal("coil100", tmp_path)
        == f"{folder}: expected coil-100.zip or the folder coil-100, found neither"
    )
    folder.mkdir()
    (folder / "coil-100.zip").write_bytes(b"no archive")
    assert refusal("coil100", tmp_path).startswith(f"{folder / 'coil-100.zip'}: expected a whole zip archive")


def test_an_encrypted_zip_is_one_sentence(coil100, coil_views: dict[str, bytes]) -> None:
    data_dir = coil100(coil_views)
    path = data_dir / "coil100" / "coil-100.zip"
    content = path.read_bytes()
    encrypted = b"PK\x03\x04\x14\x00\x01\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    for mark in encrypted:  # the flags of a member, in its header and in the zip's list
        plain = mark[:-2] + b"\x00\x00"
        assert plain in content
        content = content.replace(plain, mark)
    path.write_bytes(content)
    images = read("coil100", data_dir)
    with pytest.raises(ValueError, match=r"coil-100.zip: it cannot be unpacked .*password required"):
        images.pixels[0]


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

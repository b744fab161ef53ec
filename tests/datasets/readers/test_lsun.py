"""LSUN's LMDB folders, whole and broken."""

from pathlib import Path

import lmdb
import numpy as np
import pytest

from encore.datasets.divide import make_split
from encore.datasets.images import prepare
from encore.datasets.read import read_unchecked as read

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
def lsun(tmp_path: Path, flat) -> Path:
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


def test_lsun_missing_broken_or_no_image(lsun: Path, refusal) -> None:
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

"""A folder of photographs: what is none is named, and nothing hangs."""

import os

import pytest
from PIL import Image

from encore.datasets.photographs import PhotographsError, photographs, read_photographs


@pytest.fixture
def folder(tmp_path):
    """A folder with two photographs, and what a Mac leaves beside them."""
    for name in ("b.jpg", "a.PNG"):
        Image.new("RGB", (8, 6), (255, 0, 0)).save(tmp_path / name)
    (tmp_path / "._a.PNG").write_bytes(b"of a Mac")
    (tmp_path / "notes.txt").write_text("no photograph")
    return tmp_path


def test_photographs_are_listed_by_name_and_read_in_their_own_size(folder):
    found = photographs(folder)
    assert list(found) == ["a.PNG", "b.jpg"]
    assert [image.shape for image in read_photographs(folder, found, "cpu")] == [(1, 3, 6, 8)] * 2


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "found a named pipe instead of a file"),
        (os.mkdir, "found a folder instead of a file"),
        (lambda path: path.symlink_to("/dev/zero"), "found a device instead of a file"),
        (lambda path: path.symlink_to("gone"), "found a link to gone, which is not there"),
    ],
    ids=["pipe", "folder", "device", "dead link"],
)
def test_what_is_no_plain_file_is_refused_unopened(folder, make, said):
    make(folder / "c.jpg")
    with pytest.raises(PhotographsError) as error:
        photographs(folder)
    assert str(error.value) == f"{folder / 'c.jpg'}: expected a photograph, {said}; take it away."


@pytest.mark.parametrize("damage", [lambda content: content[:-30], lambda content: b"no photograph"])
def test_a_photograph_that_is_broken_is_named(folder, damage):
    path = folder / "a.PNG"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(PhotographsError, match=r"a\.PNG cannot be read as an image") as error:
        list(read_photographs(folder, photographs(folder), "cpu"))
    assert "\n" not in str(error.value)


def test_a_photograph_that_would_fill_the_memory_is_named(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(PhotographsError, match=r"a\.PNG cannot be read as an image"):
        list(read_photographs(folder, photographs(folder), "cpu"))


def test_a_photograph_that_changes_between_its_digest_and_its_reading_is_named(folder):
    found = photographs(folder)
    Image.new("RGB", (8, 6), (0, 255, 0)).save(folder / "b.jpg")
    images = read_photographs(folder, found, "cpu")
    assert next(images)[0, :, 0, 0].tolist() == [1, -1, -1]
    with pytest.raises(PhotographsError, match=r"b\.jpg changed while it was read; start again\.$"):
        next(images)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PhotographsError, match="none holds no photographs"):
        photographs(tmp_path / "none")

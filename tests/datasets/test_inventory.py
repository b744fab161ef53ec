"""What is read is what the inventory recorded; with the same size and times, it is not digested again."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from encore.datasets import inventory as inventory_module
from encore.datasets.catalogue import DATASETS, Dataset, File
from encore.datasets.faults import DataError
from encore.datasets.inventory import RawFile, demand_recorded, mark_of, remember, write_inventory
from encore.datasets.read import read
from encore.digest import file_digest
from encore.files import ROOT


def dataset_of(*files: File) -> Dataset:
    return Dataset("toy", "Toy", ("a",), {"train": 1, "test": 0}, (1, 1, 1), "idx", "none", "here", files)


TOY = dataset_of(File("a", 3, sha256="0" * 64), File("b", 3, sha256="0" * 64))


def recorded(path: Path, data_dir: Path) -> RawFile:
    """A file as the rule `download` records it."""
    name, size = path.relative_to(data_dir).as_posix(), path.stat().st_size
    return RawFile(name, size, file_digest(path), True, "sha256", mark_of(path))


@pytest.fixture
def data_dir(tmp_path):
    """A folder with the files toy/a and toy/b."""
    folder = tmp_path / "data"
    (folder / "toy").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / "toy" / name).write_bytes(name.encode() * 3)
    return folder


@pytest.fixture
def inventory(tmp_path, data_dir, monkeypatch):
    """Their inventory, after `download`."""
    monkeypatch.setattr(inventory_module, "SETTLED_NS", 10**7)
    time.sleep(0.02)
    path = tmp_path / "results" / "datasets" / "toy.csv"
    files = [recorded(data_dir / "toy" / name, data_dir) for name in ("a", "b")]
    write_inventory(files, path)
    remember(files, data_dir, path)
    return path


@pytest.fixture
def digested(monkeypatch):
    """The names of the raw files that are digested."""
    names = []

    def digest(path):
        if path.suffix != ".csv":
            names.append(path.name)
        return file_digest(path)

    monkeypatch.setattr(inventory_module, "file_digest", digest)
    return names


def scratch(inventory: Path) -> Path:
    return inventory.with_name(".toy.csv.seen")


def refusal(data: Dataset, data_dir: Path, inventory: Path) -> str:
    with pytest.raises(DataError) as error:
        demand_recorded(data, data_dir, inventory)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_files_as_they_were_downloaded_are_never_digested_again(data_dir, inventory, digested):
    demand_recorded(TOY, data_dir, inventory)
    demand_recorded(TOY, data_dir, inventory)
    assert digested == []


def test_another_file_of_the_same_size_under_the_name_is_refused(data_dir, inventory):
    path = data_dir / "toy" / "b"
    right = file_digest(path)
    path.write_bytes(b"xyz")
    assert refusal(TOY, data_dir, inventory) == (
        f"{path}: {inventory} recorded 3 bytes with the SHA-256 {right[:12]}…, "
        f"found {file_digest(path)[:12]}…; put that file back, or remove {inventory}, "
        "so that the files are checked anew"
    )
    assert "found" in refusal(TOY, data_dir, inventory)  # once more: what was refused is not remembered
    path.write_bytes(b"bbb")
    demand_recorded(TOY, data_dir, inventory)


def test_another_file_with_the_times_of_the_right_one_is_refused(data_dir, inventory):
    path = data_dir / "toy" / "b"
    before = path.stat()
    path.write_bytes(b"xyz")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert "found" in refusal(TOY, data_dir, inventory)


def test_another_size_is_told_without_reading_the_file(data_dir, inventory, digested):
    (data_dir / "toy" / "b").write_bytes(b"longer")
    assert "recorded 3 bytes" in refusal(TOY, data_dir, inventory)
    assert "found 6 bytes; put that file back" in refusal(TOY, data_dir, inventory)
    assert digested == []


def test_a_file_that_is_not_there_is_named(data_dir, inventory):
    (data_dir / "toy" / "b").unlink()
    assert "found none; put that file back" in refusal(TOY, data_dir, inventory)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (os.mkfifo, "a named pipe instead of a file"),
        (os.mkdir, "a folder instead of a file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device instead of a file"),
        (lambda path: path.symlink_to("nowhere"), "a link to nowhere, which is not there"),
        (lambda path: path.symlink_to(path.name), r"none (Too many levels of symbolic links)"),
    ],
    ids=["pipe", "folder", "device", "dead link", "circle"],
)
def test_what_is_no_plain_file_is_refused_unopened(data_dir, inventory, make, found):
    path = data_dir / "toy" / "b"
    path.unlink()
    make(path)
    assert f"found {found}; put that file back" in refusal(TOY, data_dir, inventory)


def test_a_link_to_the_right_file_is_that_file(data_dir, inventory, tmp_path):
    path = data_dir / "toy" / "b"
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    demand_recorded(TOY, data_dir, inventory)


def test_another_data_dir_is_digested_once_and_then_known(data_dir, inventory, tmp_path, digested):
    other = tmp_path / "other"
    shutil.copytree(data_dir, other)
    time.sleep(0.02)
    demand_recorded(TOY, other, inventory)
    assert sorted(digested) == ["a", "b"]
    demand_recorded(TOY, other, inventory)
    demand_recorded(TOY, data_dir, inventory)
    assert sorted(digested) == ["a", "b"]
    (other / "toy" / "a").write_bytes(b"xyz")
    assert f"{other}/toy/a: " in refusal(TOY, other, inventory)
    demand_recorded(TOY, data_dir, inventory)


def test_a_touched_file_is_digested_once(data_dir, inventory, digested):
    (data_dir / "toy" / "a").touch()
    time.sleep(0.02)
    demand_recorded(TOY, data_dir, inventory)
    demand_recorded(TOY, data_dir, inventory)
    assert digested == ["a"]


def test_a_file_that_has_just_changed_is_not_known_by_its_times(data_dir, inventory, digested, monkeypatch):
    """It could change again within one tick of the file system's clock."""
    monkeypatch.setattr(inventory_module, "SETTLED_NS", 10**12)
    scratch(inventory).unlink()
    for _ in range(2):
        demand_recorded(TOY, data_dir, inventory)
    assert digested == ["a", "b", "a", "b"]


def test_copies_on_several_nodes_do_not_forget_each_other(data_dir, inventory, tmp_path, digested):
    """Each node has its own copy at the same place, with its own times."""
    copies = []
    for node in ("one", "two"):
        copies.append(tmp_path / node)
        shutil.copytree(data_dir, copies[-1])
    time.sleep(0.02)
    for _ in range(3):
        for copy in copies:
            copy.rename(tmp_path / "local")
            demand_recorded(TOY, tmp_path / "local", inventory)
            (tmp_path / "local").rename(copy)
    assert sorted(digested) == ["a", "a", "b", "b"]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"inventory": 1, "folders": 3}', "[" * 10_000])
def test_a_broken_scratch_file_only_costs_time(data_dir, inventory, digested, content):
    scratch(inventory).write_text(content)
    demand_recorded(TOY, data_dir, inventory)
    assert sorted(digested) == ["a", "b"]
    assert json.loads(scratch(inventory).read_text())["inventory"] == file_digest(inventory)


def test_what_was_seen_serves_no_other_inventory(data_dir, inventory):
    """The files were fetched anew, as others; then the first ones were put back with their times."""
    files = [recorded(data_dir / "toy" / name, data_dir) for name in ("a", "b")]
    write_inventory([files[0], RawFile("toy/b", 3, "0" * 64, True, "sha256")], inventory)
    assert "with the SHA-256 000000000000…" in refusal(TOY, data_dir, inventory)


def test_where_nothing_can_be_written_the_files_are_digested_and_the_job_goes_on(
    data_dir, inventory, digested, monkeypatch
):
    scratch(inventory).unlink()

    def read_only(*arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(inventory_module, "write_atomically", read_only)
    demand_recorded(TOY, data_dir, inventory)
    demand_recorded(TOY, data_dir, inventory)
    assert sorted(digested) == ["a", "a", "b", "b"]
    assert not scratch(inventory).exists()


def test_the_inventory_holds_no_times(data_dir, inventory):
    before = inventory.read_bytes()
    for name in ("a", "b"):
        (data_dir / "toy" / name).touch()
    write_inventory([recorded(data_dir / "toy" / name, data_dir) for name in ("a", "b")], inventory)
    assert inventory.read_bytes() == before


def test_an_inventory_of_another_dataset_is_refused(data_dir, inventory):
    write_inventory([RawFile("fashion_mnist/a", 3, "0" * 64, True, "sha256")], inventory)
    assert refusal(TOY, data_dir, inventory) == (
        f"{inventory} does not list toy/a, which would be read; "
        f"remove {inventory}, so that the files are checked anew"
    )


def test_a_size_of_thousands_of_digits_is_a_broken_inventory(data_dir, inventory):
    header, first, *others = inventory.read_text().splitlines()
    name, _, *rest = first.split(",")
    inventory.write_text("\n".join([header, ",".join([name, "1" * 5000, *rest]), *others]))
    assert ", row 1: expected path,bytes,sha256,verified,how of a raw" in refusal(TOY, data_dir, inventory)


def test_a_file_that_changes_while_it_is_read_is_refused(data_dir, inventory, monkeypatch):
    scratch(inventory).unlink()

    def digest(path):
        found = file_digest(path)
        if path.name == "a":
            path.write_bytes(b"xyz")
        return found

    monkeypatch.setattr(inventory_module, "file_digest", digest)
    assert "found that it changed while it was read" in refusal(TOY, data_dir, inventory)


def test_an_archive_may_go_once_its_members_are_unpacked(data_dir, inventory):
    packed = dataset_of(File("toy.zip", 9, sha256="0" * 64, members=("a", "b")))
    files = [recorded(data_dir / "toy" / name, data_dir) for name in ("a", "b")]
    write_inventory([RawFile("toy/toy.zip", 9, "0" * 64, True, "sha256"), *files], inventory)
    demand_recorded(packed, data_dir, inventory)
    (data_dir / "toy" / "a").write_bytes(b"xyz")
    assert "toy/a: " in refusal(packed, data_dir, inventory)


@pytest.fixture
def unpacked(data_dir, inventory):
    """Images that someone unpacked, recorded without their archive."""
    folder = data_dir / "toy" / "in"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(bytes([number]))
    files = [recorded(path, data_dir) for path in sorted(folder.iterdir())]
    write_inventory(files, inventory)
    time.sleep(0.02)
    remember(files, data_dir, inventory)
    return dataset_of(File("toy.zip", 9, sha256="0" * 64, folder="in"))


def test_unpacked_images_are_known_one_by_one(data_dir, inventory, unpacked, digested):
    demand_recorded(unpacked, data_dir, inventory)
    (data_dir / "toy" / "in" / ".DS_Store").write_bytes(b"of no reader")
    demand_recorded(unpacked, data_dir, inventory)
    (data_dir / "toy" / "in" / "1.png").write_bytes(b"x")
    assert "toy/in/1.png: " in refusal(unpacked, data_dir, inventory)
    assert digested == ["1.png"]


def test_an_image_that_was_added_since_is_refused(data_dir, inventory, unpacked):
    (data_dir / "toy" / "in" / "3.png").write_bytes(b"x")
    assert "does not list toy/in/3.png, which would be read" in refusal(unpacked, data_dir, inventory)


def test_an_archive_that_was_put_beside_its_images_since_is_refused(data_dir, inventory, unpacked):
    """A reader would take it, and not the folder."""
    (data_dir / "toy" / "toy.zip").write_bytes(b"x")
    assert "does not list toy/toy.zip, which would be read" in refusal(unpacked, data_dir, inventory)


def test_reading_a_dataset_asks_for_its_inventory_first(tmp_path):
    """Fashion-MNIST's files under MNIST's names, as the finding had it, in small."""
    (tmp_path / "mnist").mkdir()
    files = []
    for file in DATASETS["mnist"].files:
        (tmp_path / "mnist" / file.name).write_bytes(b"of another dataset")
        files.append(RawFile(f"mnist/{file.name}", file.bytes, "0" * 64, True, "contents sha256"))
    write_inventory(files, tmp_path / "mnist.csv")
    with pytest.raises(DataError, match=r"recorded [0-9,]+ bytes .*, found 18 bytes; put that file back"):
        read("mnist", tmp_path, tmp_path / "mnist.csv")


def test_no_stage_reads_raw_files_unchecked():
    """Only the checked `read` stands in stages and scripts."""
    sources = [*(ROOT / "workflow/encore").rglob("*.py"), *(ROOT / "workflow/scripts").glob("*.py")]
    users = {path.name for path in sources if "read_unchecked" in path.read_text(encoding="utf-8")}
    assert users == {"read.py"}
    readers = {path for path in sources if "registry.READERS" in path.read_text(encoding="utf-8")}
    assert {path.name for path in readers} == {"read.py", "catalogue.py"}  # the latter for their names

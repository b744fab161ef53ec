"""Downloads from a real server that misbehaves, files in place, archives."""

import gzip
import hashlib
import io
import socket
import stat
import tarfile
import urllib.error
import zipfile
from pathlib import Path

import pytest

from encore.datasets import download
from encore.datasets.catalogue import File
from encore.datasets.download import DownloadError, fetch
from encore.datasets.inventory import RawFile, locate, read_inventory, write_inventory
from encore.script import UserError

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def described(content: bytes, *urls: str, name: str = "data.bin", **more) -> File:
    """The catalogue's description of a file with this content."""
    return File(name, len(content), **({"sha256": sha256(content)} | more), urls=urls)


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refusal(tmp_path: Path, **more) -> str:
    """The sentence with which fetching the toy dataset is refused."""
    with pytest.raises(DownloadError) as error:
        fetch("toy", tmp_path, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- downloads ------------------------------------------------------------------------------------


def test_download_verifies_and_leaves_only_the_file(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    assert fetch("toy", tmp_path) == [RawFile("toy/data.bin", len(content), sha256(content), True, "sha256")]
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content
    assert names_in(tmp_path) == ["toy/data.bin"]


def test_second_fetch_asks_the_server_nothing(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    assert fetch("toy", tmp_path) == fetch("toy", tmp_path)
    assert len(mirror.requests) == 1


def test_mirrors_are_tried_in_turn_and_each_failure_is_told(
    tmp_path, mirror, page, toy, content, dead_url, capsys
) -> None:
    wrong = bytes(reversed(content))
    mirror.pages["/html"] = page(PAGE, content_type="text/html; charset=utf-8")
    mirror.pages["/html-as-data"] = page(PAGE)
    mirror.pages["/short"] = page(content[:-1])
    mirror.pages["/wrong"] = page(wrong)
    mirror.pages["/good"] = page(content)
    paths = ("none", "html", "html-as-data", "short", "wrong", "good")
    toy(described(content, dead_url, *(f"{mirror.url}/{path}" for path in paths)))
    (file,) = fetch("toy", tmp_path)
    assert file.verified
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content
    assert [request["path"] for request in mirror.requests] == [f"/{path}" for path in paths]
    failures = [line for line in capsys.readouterr().out.splitlines() if " failed: " in line]
    assert [line.split(" failed: ")[1] for line in failures] == [
        "Connection refused",
        "HTTP 404 Not Found",
        "it sent an HTML page, not data",
        "it sent an HTML page, not data",
        "its file has 319,999 bytes, expected 320,000",
        f"found sha256 {sha256(wrong)}, expected {sha256(content)}",
    ]
    assert names_in(tmp_path) == ["toy/data.bin"]


def test_when_all_mirrors_fail_one_sentence_says_why_and_what_to_do(
    tmp_path, mirror, toy, content, dead_url
) -> None:
    toy(described(content, dead_url, f"{mirror.url}/none"))
    sentence = refusal(tmp_path)
    assert sentence == (
        f"toy/data.bin: could not be downloaded ({dead_url}: Connection refused; "
        f"{mirror.url}/none: HTTP 404 Not Found), so put the file into {tmp_path / 'toy'} by hand"
    )
    assert names_in(tmp_path) == []


def test_cut_connection_goes_on_where_it_was_cut(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content, etag='"v1"', cuts=[100_000, 70_000])
    toy(described(content, f"{mirror.url}/data.bin"))
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == [None, "bytes=100000-", "bytes=170000-"]
    assert [request.get("If-Range") for request in mirror.requests] == [None, '"v1"', '"v1"']
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content


@pytest.mark.parametrize(
    ("etag", "last_modified", "condition"),
    [
        (None, "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ('W/"weak"', "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ('W/"weak"', None, None),
    ],
)
def test_resume_is_conditional_on_the_same_version(
    tmp_path, mirror, page, toy, content, etag, last_modified, condition
) -> None:
    mirror.pages["/data.bin"] = page(content, etag=etag, last_modified=last_modified, cuts=[5])
    toy(described(content, f"{mirror.url}/data.bin"))
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == [None, "bytes=5-"]
    assert mirror.requests[1].get("If-Range") == condition


def test_file_that_changes_between_two_connections_is_fetched_anew(
    tmp_path, mirror, page, toy, content, monkeypatch
) -> None:
    old = page(bytes(reversed(content)), etag='"v1"', cuts=[100_000])
    mirror.pages["/data.bin"] = old
    receive = download._receive

    def replace_after_the_first_answer(*args) -> None:
        receive(*args)
        mirror.pages["/data.bin"] = page(content, etag='"v2"')

    monkeypatch.setattr(download, "_receive", replace_after_the_first_answer)
    toy(described(content, f"{mirror.url}/data.bin"))
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == [None, "bytes=100000-"]
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content


def test_server_that_ignores_range_starts_the_file_again(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content, ranges=False, cuts=[100_000])
    toy(described(content, f"{mirror.url}/data.bin"))
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == [None, "bytes=100000-"]
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content


def test_server_that_cuts_always_at_the_same_byte_is_given_up(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content, ranges=False, cuts=[1000] * 99)
    toy(described(content, f"{mirror.url}/data.bin"))
    assert "the connection was cut after 1,000 of 320,000 bytes" in refusal(tmp_path)
    assert len(mirror.requests) == 2


def test_connections_to_one_mirror_are_bounded(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content, cuts=[1000] * 99)
    toy(described(content, f"{mirror.url}/data.bin"))
    assert "the connection was cut after 5,000 of 320,000 bytes" in refusal(tmp_path)
    assert len(mirror.requests) == download.CONNECTIONS


def test_next_mirror_goes_on_with_what_the_first_gave(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/a"] = page(content, ranges=False, cuts=[1000] * 99)
    mirror.pages["/b"] = page(content)
    toy(described(content, f"{mirror.url}/a", f"{mirror.url}/b"))
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == [None, "bytes=1000-", "bytes=1000-"]
    assert mirror.requests[2]["path"] == "/b"
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content


@pytest.mark.parametrize(
    ("left", "ranges_asked"),
    [
        (lambda content: content[:300], ["bytes=300-"]),  # a killed run: goes on
        (lambda content: content, []),  # killed just before the rename: nothing to ask
        (lambda content: b"x" * 300, ["bytes=300-", None]),  # of another file: found out, once more from zero
        (lambda content: b"x" * len(content), [None]),
        (lambda content: content + b"x", [None]),  # longer than the file can be
    ],
)
def test_part_of_an_earlier_run(tmp_path, mirror, page, toy, content, left, ranges_asked) -> None:
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.bin.part").write_bytes(left(content))
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == ranges_asked
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content
    assert names_in(tmp_path) == ["toy/data.bin"]


def test_range_beyond_the_servers_file_is_no_end_of_it(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content[:200])
    toy(described(content, f"{mirror.url}/data.bin"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.bin.part").write_bytes(content[:300])
    assert "its file has 200 bytes, expected 320,000" in refusal(tmp_path)
    assert mirror.ranges_asked() == ["bytes=300-", None]


def test_answer_from_another_byte_than_asked_is_refused(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content, cuts=[100], wrong_start=7)
    toy(described(content, f"{mirror.url}/data.bin"))
    assert "it sent the bytes from 107 when asked for those from 100" in refusal(tmp_path)


def test_unannounced_length_is_counted(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content, announced=False)
    mirror.pages["/long"] = page(content + b"x", announced=False)
    toy(described(content, f"{mirror.url}/long"))
    assert "it sent more than the expected 320,000 bytes" in refusal(tmp_path)
    assert names_in(tmp_path) == []
    toy(described(content, f"{mirror.url}/data.bin"))
    assert fetch("toy", tmp_path)[0].verified


def test_silent_server_is_given_up(tmp_path, toy, content, monkeypatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:  # takes the connection and says nothing
        toy(described(content, f"http://127.0.0.1:{listening.getsockname()[1]}/data.bin"))
        assert "no answer for 0 s)" in refusal(tmp_path)


def test_progress_tells_percent_speed_and_time_left(
    tmp_path, mirror, page, toy, content, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(download, "PROGRESS_EVERY_S", 0.0)
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    fetch("toy", tmp_path)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"toy/data.bin: downloading 0.3 MB from {mirror.url}/data.bin"
    percents = [int(line.removeprefix("toy/data.bin: ").split(" %, ")[0]) for line in lines]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(percents) > 2
    assert all(line.endswith(" s left") and " MB/s, " in line for line in lines)
    assert download._progress(25, 100, 5.0) == "25 %, 0.0 MB/s, 15 s left"


def test_without_network_the_failure_is_named(tmp_path, toy, content, monkeypatch) -> None:
    def no_network(*args, **kwargs):
        raise urllib.error.URLError(socket.gaierror(-3, "Temporary failure in name resolution"))

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    toy(described(content, "http://example.org/data.bin"))
    assert "http://example.org/data.bin: Temporary failure in name resolution)" in refusal(tmp_path)
    (tmp_path / "toy" / "data.bin").write_bytes(content)
    assert fetch("toy", tmp_path)[0].verified  # a file put there by hand needs no network


def test_files_without_address_are_asked_for_at_once(tmp_path, mirror, toy, content) -> None:
    images = described(content, name="images.zip", folder="images")
    toy(described(content, f"{mirror.url}/none", name="a"), images, described(content, name="b"))
    folder = tmp_path / "toy"
    assert refusal(tmp_path) == (
        f"toy: found no images.zip (or its folder images), b in {folder}, and no address gives them to a "
        f"program; put them there by hand, from http://127.0.0.1/"
    )
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "1.jpg").write_bytes(content)
    assert refusal(tmp_path).startswith(f"toy: found no b in {folder}, and no address")
    assert mirror.requests == []


def test_accept_unverified_does_not_extend_to_downloads(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(bytes(len(content)))
    toy(described(content, f"{mirror.url}/data.bin"))
    assert "found sha256" in refusal(tmp_path, accept_unverified=True)
    assert names_in(tmp_path) == []


def test_data_dir_that_cannot_be_written_is_one_sentence(tmp_path, toy, content, dead_url) -> None:
    toy(described(content, dead_url))
    (tmp_path / "toy").write_text("a file where the folder should be")
    assert refusal(tmp_path).startswith("toy: ")


# --- files in place -------------------------------------------------------------------------------


def test_file_that_does_not_fit_is_refused_and_left_untouched(tmp_path, toy, content, dead_url) -> None:
    path = tmp_path / "toy" / "data.bin"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    toy(described(content, dead_url))
    assert refusal(tmp_path) == (
        f"toy/data.bin: found sha256 {sha256(b'mine')}, expected {sha256(content)}; "
        f"remove {path} or list toy under accept_unverified in config.yaml"
    )
    assert path.read_bytes() == b"mine"
    assert names_in(tmp_path) == ["toy/data.bin"]


def test_file_that_does_not_fit_is_taken_if_accepted_and_says_so(tmp_path, toy, content, dead_url) -> None:
    path = tmp_path / "toy" / "data.bin"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    toy(described(content, dead_url))
    assert fetch("toy", tmp_path, accept_unverified=True) == [
        RawFile("toy/data.bin", 4, sha256(b"mine"), False, "not verified")
    ]
    assert path.read_bytes() == b"mine"


def test_accept_unverified_still_tells_a_file_that_fits(tmp_path, toy, content, dead_url) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.bin").write_bytes(content)
    toy(described(content, dead_url))
    assert fetch("toy", tmp_path, accept_unverified=True)[0].how == "sha256"


def test_contents_decide_where_the_gzip_wrapper_differs(tmp_path, toy, content, dead_url) -> None:
    published, mine = gzip.compress(content, 9, mtime=1), gzip.compress(content, 1, mtime=2)
    assert published != mine
    file = described(
        published,
        dead_url,
        name="data.gz",
        sha256=None,
        md5=hashlib.md5(published).hexdigest(),
        contents_sha256=sha256(content),
    )
    toy(file)
    path = tmp_path / "toy" / "data.gz"
    path.parent.mkdir()
    path.write_bytes(mine)
    assert fetch("toy", tmp_path) == [
        RawFile("toy/data.gz", len(mine), sha256(mine), True, "contents sha256"),
    ]
    other = gzip.compress(content[:-1])
    path.write_bytes(other)
    assert f"found contents sha256 {sha256(content[:-1])}, expected {sha256(content)}" in refusal(tmp_path)
    path.write_bytes(mine[:1000])
    assert "toy/data.gz: found a broken gzip file (Compressed file ended" in refusal(tmp_path)
    path.write_bytes(PAGE)
    assert "toy/data.gz: found an HTML page, not data; remove" in refusal(tmp_path)
    assert fetch("toy", tmp_path, accept_unverified=True)[0].how == "not verified"
    assert path.read_bytes() == PAGE


def test_md5_decides_where_nothing_stronger_is_known(tmp_path, toy, content) -> None:
    toy(described(content, sha256=None, md5=hashlib.md5(content).hexdigest()))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.bin").write_bytes(content)
    assert fetch("toy", tmp_path)[0].how == "md5 of the publisher"
    (tmp_path / "toy" / "data.bin").write_bytes(content[:-1])
    assert "found md5 of the publisher" in refusal(tmp_path)


def test_digits_lie_inside_scikit_learn(tmp_path) -> None:
    (file,) = fetch("digits", tmp_path)
    assert (file.path, file.verified, file.how) == ("scikit-learn:digits.csv.gz", True, "contents sha256")
    path = locate(file.path, tmp_path)
    assert path.stat().st_size == file.bytes
    assert sha256(path.read_bytes()) == file.sha256
    assert names_in(tmp_path) == []
    assert (
        locate("mnist/train-images-idx3-ubyte.gz", tmp_path)
        == tmp_path / "mnist" / "train-images-idx3-ubyte.gz"
    )


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_real_files_are_verified(real_data_dir, name) -> None:
    files = fetch(name, real_data_dir)
    assert [(file.verified, file.how) for file in files] == [(True, "contents sha256")] * 4


# --- archives -------------------------------------------------------------------------------------


def archive(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A .tar.gz in memory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return out.getvalue()


def zipped(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A .zip in memory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            packed.writestr(info, target)
    return out.getvalue()


PACK = {"toy.tar.gz": archive, "toy.zip": zipped}
both_kinds = pytest.mark.parametrize("name", PACK)


def put_archive(
    tmp_path: Path, toy, content: bytes, members: tuple[str, ...] = (), name: str = "toy.tar.gz", **more
) -> Path:
    toy(File(name, len(content), sha256=sha256(content), members=members, **more))
    (tmp_path / "toy").mkdir(exist_ok=True)
    (tmp_path / "toy" / name).write_bytes(content)
    return tmp_path / "toy"


@both_kinds
def test_only_the_named_members_are_unpacked(tmp_path, toy, name) -> None:
    packed = PACK[name](
        {"in/b": b"B" * 99, "in/extra": b"E", "../evil": b"!", "in/a": b"A"}, {"in/l": "/etc/passwd"}
    )
    put_archive(tmp_path, toy, packed, ("in/a", "in/b"), name)
    how = "sha256 of the archive"
    assert fetch("toy", tmp_path) == [
        RawFile(f"toy/{name}", len(packed), sha256(packed), True, "sha256"),
        RawFile("toy/in/a", 1, sha256(b"A"), True, how),
        RawFile("toy/in/b", 99, sha256(b"B" * 99), True, how),
    ]
    assert names_in(tmp_path) == ["toy/in/a", "toy/in/b", f"toy/{name}"]


@both_kinds
@pytest.mark.parametrize(
    ("members", "links", "named", "message"),
    [
        ({"../evil": b"!"}, {}, "../evil", "refused to unpack '../evil', which leaves the dataset's folder"),
        ({"in/../../evil": b"!"}, {}, "in/../../evil", "which leaves the dataset's folder"),
        (
            {"/tmp/evil": b"!"},
            {},
            "/tmp/evil",
            "refused to unpack '/tmp/evil', which leaves the dataset's folder",
        ),
        ({}, {"link": "/etc/passwd"}, "link", "refused to unpack 'link', which is a link or no plain file"),
        ({"in/b": b"B"}, {}, "in/c", "expected the member 'in/c', found none of that name"),
    ],
)
def test_unfit_members_are_refused_before_anything_is_written(
    tmp_path, toy, members, links, named, message, name
) -> None:
    put_archive(tmp_path, toy, PACK[name]({"in/a": b"A"} | members, links), ("in/a", named), name)
    assert message in refusal(tmp_path)
    assert names_in(tmp_path) == [f"toy/{name}"]


def test_folder_of_a_zip_is_no_file(tmp_path, toy) -> None:
    put_archive(tmp_path, toy, zipped({"in/": b""}), ("in/",), "toy.zip")
    assert "refused to unpack 'in/', which is a link or no plain file" in refusal(tmp_path)


@both_kinds
def test_member_that_differs_from_a_verified_archive_is_unpacked_again(tmp_path, toy, name) -> None:
    folder = put_archive(tmp_path, toy, PACK[name]({"a": b"A", "b": b"B"}), ("a", "b"), name)
    fetch("toy", tmp_path)
    (folder / "a").write_bytes(b"tampered")
    untouched = (folder / "b").stat().st_ino
    fetch("toy", tmp_path)
    assert (folder / "a").read_bytes() == b"A"
    assert (folder / "b").stat().st_ino == untouched


def test_unverified_archive_overwrites_nothing(tmp_path, toy) -> None:
    folder = put_archive(tmp_path, toy, archive({"a": b"A", "b": b"B"}), ("a", "b"))
    other, described_as = archive({"a": b"other", "b": b"B"}), (folder / "toy.tar.gz").stat().st_size
    (folder / "toy.tar.gz").write_bytes(other)
    (folder / "a").write_bytes(b"mine")
    assert f"toy/toy.tar.gz: found {len(other)} bytes, expected {described_as}" in refusal(tmp_path)
    files = fetch("toy", tmp_path, accept_unverified=True)
    assert [(file.path, file.how) for file in files] == [
        ("toy/toy.tar.gz", "not verified"),
        ("toy/a", "not verified"),
        ("toy/b", "not verified"),
    ]
    assert ((folder / "a").read_bytes(), (folder / "b").read_bytes()) == (b"mine", b"B")


@both_kinds
def test_broken_archive_is_named(tmp_path, toy, name, content) -> None:
    packed = PACK[name]({"a": content})
    folder = put_archive(tmp_path, toy, packed, ("a",), name)
    for broken in (packed[: len(packed) // 2], b"no archive", PAGE):
        (folder / name).write_bytes(broken)
        sentence = refusal(tmp_path, accept_unverified=True)
        kind = "zip" if name == "toy.zip" else "tar"
        assert sentence.endswith(f"{name}: expected a whole {kind} archive, found a broken one or none")
        assert names_in(tmp_path) == [f"toy/{name}"]
    assert "found an HTML page, not data" in refusal(tmp_path)


def test_damage_inside_a_zip_leaves_no_half_of_a_member(tmp_path, toy, content) -> None:
    packed = bytearray(zipped({"a": content}))
    packed[len(packed) // 2] ^= 0xFF
    put_archive(tmp_path, toy, b"other", ("a",), "toy.zip")
    (tmp_path / "toy" / "toy.zip").write_bytes(packed)
    assert "expected a whole zip archive, found a broken one" in refusal(tmp_path, accept_unverified=True)
    assert names_in(tmp_path) == ["toy/toy.zip"]


def test_members_without_their_archive_are_taken_only_if_accepted(tmp_path, toy, dead_url) -> None:
    folder = put_archive(tmp_path, toy, archive({"in/a": b"A"}), ("in/a",), urls=(dead_url,))
    fetch("toy", tmp_path)
    (folder / "toy.tar.gz").unlink()
    assert refusal(tmp_path) == (
        f"toy: the files in {folder / 'in'} cannot be verified without toy.tar.gz; put it into {folder}, "
        f"remove them so that it is downloaded, or list toy under accept_unverified in config.yaml"
    )
    assert fetch("toy", tmp_path, accept_unverified=True) == [
        RawFile("toy/in/a", 1, sha256(b"A"), False, "not verified")
    ]


def test_folder_of_images_stays_in_its_zip(tmp_path, toy) -> None:
    packed = zipped({"in/1.png": b"1", "in/2.png": b"2"})
    put_archive(tmp_path, toy, packed, name="toy.zip", folder="in")
    assert fetch("toy", tmp_path) == [RawFile("toy/toy.zip", len(packed), sha256(packed), True, "sha256")]
    assert names_in(tmp_path) == ["toy/toy.zip"]


def test_folder_of_images_unpacked_by_hand_is_taken_only_if_accepted(tmp_path, toy) -> None:
    folder = put_archive(tmp_path, toy, zipped({"in/1.png": b"1"}), name="toy.zip", folder="in")
    (folder / "toy.zip").unlink()
    (folder / "in").mkdir()
    for number in (2, 1):
        (folder / "in" / f"{number}.png").write_bytes(bytes(number))
    assert refusal(tmp_path) == (
        f"toy: the files in {folder / 'in'} cannot be verified without toy.zip; put it into {folder} "
        f"or list toy under accept_unverified in config.yaml"
    )
    assert fetch("toy", tmp_path, accept_unverified=True) == [
        RawFile("toy/in/1.png", 1, sha256(bytes(1)), False, "not verified"),
        RawFile("toy/in/2.png", 2, sha256(bytes(2)), False, "not verified"),
    ]


def test_broken_zip_of_images_is_named_when_it_is_accepted(tmp_path, toy) -> None:
    folder = put_archive(tmp_path, toy, zipped({"in/1.png": b"1"}), name="toy.zip", folder="in")
    (folder / "toy.zip").write_bytes(b"no archive")
    assert refusal(tmp_path, accept_unverified=True).endswith(
        "toy.zip: expected a whole zip archive, found a broken one or none"
    )


# --- the inventory --------------------------------------------------------------------------------


def test_inventory_is_sorted_and_comes_back_the_same(tmp_path) -> None:
    a, b = "a" * 64, "b" * 64
    files = [RawFile("toy/b", 2, b, False, "not verified"), RawFile("toy/a", 1, a, True, "sha256")]
    path = tmp_path / "new" / "inventory.csv"
    write_inventory(files, path)
    assert path.read_text() == (
        f"path,bytes,sha256,verified,how\ntoy/a,1,{a},true,sha256\ntoy/b,2,{b},false,not verified\n"
    )
    assert read_inventory(path) == files[::-1]
    assert names_in(tmp_path) == ["new/inventory.csv"]


def test_file_that_is_no_inventory_is_refused(tmp_path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("path,bytes\n")
    expected = r"other.csv: expected the columns path,bytes,sha256,verified,how, found path,bytes$"
    with pytest.raises(UserError, match=expected):
        read_inventory(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected the columns .*, found none"),
        (b"\xff\xfep\x00a\x00", "expected an inventory of raw files, found other data"),
        (b"path,bytes,sha256,verified,how\ntoy/a,1\n", "row 1: expected path,.* found 'toy/a,1'"),
        (b"path,bytes,sha256,verified,how\ntoy/a,many," + b"0" * 64 + b",true,sha256\n", "row 1: expected"),
        (b"path,bytes,sha256,verified,how\ntoy/a,1," + b"0" * 63 + b",true,sha256\n", "row 1: expected"),
        (b"path,bytes,sha256,verified,how\ntoy/a,1," + b"0" * 64 + b",yes,sha256\n", "row 1: expected"),
        (b"path,bytes,sha256,verified,how\n" + b"x" * 200_000, "found other data \\(field larger than"),
    ],
)
def test_a_damaged_inventory_is_one_sentence(tmp_path, content, said) -> None:
    path = tmp_path / "mnist.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        read_inventory(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_an_inventory_that_is_not_there_is_one_sentence(tmp_path) -> None:
    with pytest.raises(UserError, match=r"none\.csv: expected an inventory of raw files, No such file"):
        read_inventory(tmp_path / "none.csv")

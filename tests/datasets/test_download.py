"""Downloads from a real server that misbehaves, files in place, archives."""

import contextlib
import errno
import gzip
import hashlib
import io
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import threading
import time
import tracemalloc
import urllib.error
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from encore.datasets import download
from encore.datasets.catalogue import File
from encore.datasets.download import DownloadError, fetch
from encore.datasets.inventory import RawFile, locate, read_inventory, write_inventory
from encore.files import ROOT
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


@pytest.mark.parametrize(
    "begin", ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
)
def test_an_answer_that_comes_byte_by_byte_is_given_up(tmp_path, toy, content, monkeypatch, begin) -> None:
    """Of its headers, and of the length of a piece: each byte is a sign of life, and the end never comes."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "ANSWER_S", 0.3)

    def dribble() -> None:
        with contextlib.suppress(OSError), listening.accept()[0] as connection:
            connection.sendall(begin.encode())
            for _ in range(400):  # 20 s
                connection.sendall(b"0")
                time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=dribble, daemon=True).start()
        toy(described(content, f"http://127.0.0.1:{listening.getsockname()[1]}/data.bin"))
        began = time.monotonic()
        assert "its answer was not whole after 0 s)" in refusal(tmp_path)
        assert time.monotonic() - began < 10
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


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


TWO_AT_ONCE = """
import sys
from pathlib import Path
from encore.datasets import download
from encore.datasets.catalogue import Dataset, File

url, size, digest, folder, *members = sys.argv[1:]
file = File(url.rpartition("/")[2], int(size), sha256=digest, urls=(url,), members=tuple(members))
entry = Dataset("toy", "Toy", ("a",), {"train": 1, "test": 0}, (1, 1, 1), "idx", "none", "here", (file,))
download.dataset = {"toy": entry}.__getitem__
print([found.sha256 for found in download.fetch("toy", Path(folder))])
"""


def fetch_in_processes(count: int, url: str, content: bytes, folder: Path, *members: str) -> list[str]:
    """What several processes print that fetch the same file at the same time."""
    arguments = [url, str(len(content)), sha256(content), str(folder), *members]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_AT_ONCE, *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT / "workflow")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(count)
    ]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * count, said
    return said


def test_processes_that_fetch_the_same_file_bring_it_once_and_whole(tmp_path, mirror, page, content) -> None:
    mirror.pages["/data.bin"] = page(content, pieces=(20_000, 0.05))
    said = fetch_in_processes(3, f"{mirror.url}/data.bin", content, tmp_path)
    assert all(sha256(content) in text for text in said)
    assert sum("another process is bringing it; waiting for that" in text for text in said) == 2
    assert len(mirror.requests) == 1
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content
    assert names_in(tmp_path) == ["toy/data.bin"]


def test_processes_that_unpack_the_same_archive_leave_whole_members(tmp_path, mirror, content) -> None:
    packed, members = archive({"in/a": content, "in/b": content[::-1]}), ("in/a", "in/b")
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "toy.tar.gz").write_bytes(packed)
    fetch_in_processes(3, f"{mirror.url}/toy.tar.gz", packed, tmp_path, *members)
    assert (tmp_path / "toy" / "in" / "b").read_bytes() == content[::-1]
    assert names_in(tmp_path) == ["toy/in/a", "toy/in/b", "toy/toy.tar.gz"]


def test_a_killed_download_holds_nobody_up(tmp_path, mirror, page, toy, content) -> None:
    """The kernel lets go of its lock; the lock file and what came stay, and are used and removed."""
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / ".data.bin.lock").touch()
    (tmp_path / "toy" / "data.bin.part").write_bytes(content[:1000])
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == ["bytes=1000-"]
    assert names_in(tmp_path) == ["toy/data.bin"]


def test_where_a_file_system_has_no_locks_the_part_is_the_processes_own(
    tmp_path, mirror, page, toy, content, monkeypatch
) -> None:
    def no_locks(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "data.bin.part").write_bytes(b"of another process")
    fetch("toy", tmp_path)
    assert (tmp_path / "toy" / "data.bin").read_bytes() == content
    assert (tmp_path / "toy" / "data.bin.part").read_bytes() == b"of another process"
    assert names_in(tmp_path) == ["toy/data.bin", "toy/data.bin.part"]


def test_a_transfer_that_all_but_stops_is_given_up_and_keeps_what_came(
    tmp_path, mirror, page, toy, content, monkeypatch
) -> None:
    monkeypatch.setattr(download, "SLOW_FOR_S", 0.3)
    mirror.pages["/data.bin"] = page(content, pieces=(1, 0.01))
    toy(described(content, f"{mirror.url}/data.bin"))
    sentence = refusal(tmp_path)
    assert "it sent less than 1,000 bytes a second for 0 s; what came is kept)" in sentence
    assert names_in(tmp_path) == []  # too little to tell data from a page
    mirror.pages["/data.bin"] = page(content, pieces=(5_000, 0.25))
    monkeypatch.setattr(download, "SLOWEST_BYTES_PER_S", 1e6)
    assert "what came is kept" in refusal(tmp_path)
    kept = (tmp_path / "toy" / "data.bin.part").read_bytes()
    assert kept
    assert content.startswith(kept)
    mirror.pages["/data.bin"] = page(content)
    fetch("toy", tmp_path)
    assert mirror.ranges_asked()[-1] == f"bytes={len(kept)}-"


def test_a_slow_but_steady_transfer_is_let_be(tmp_path, mirror, page, toy, content, monkeypatch) -> None:
    monkeypatch.setattr(download, "SLOW_FOR_S", 0.1)
    mirror.pages["/data.bin"] = page(content, pieces=(20_000, 0.03))
    toy(described(content, f"{mirror.url}/data.bin"))
    assert fetch("toy", tmp_path)[0].verified
    assert len(mirror.requests) == 1


@pytest.mark.parametrize(
    ("leads_to", "said"),
    [
        ("/data.bin", "HTTP 302, one redirect after another without an end"),
        ("file:///etc/passwd", "HTTP 302 Found - Redirection to url 'file:///etc/passwd' is not allowed"),
        ("http://[nowhere", "Invalid IPv6 URL"),
        ("http://.../data.bin", "label empty or too long"),
        ("http://127.0.0.1:port/data.bin", "nonnumeric port: 'port'"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(
    tmp_path, mirror, page, toy, content, leads_to, said
) -> None:
    mirror.pages["/data.bin"] = page(b"", moved_to=leads_to)
    toy(described(content, f"{mirror.url}/data.bin"))
    assert said in refusal(tmp_path)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "make",
    [lambda path: path.symlink_to("/etc/hostname"), lambda path: path.symlink_to("nowhere"), os.mkfifo],
    ids=["link", "dead link", "pipe"],
)
def test_a_part_that_is_no_plain_file_is_not_followed(tmp_path, mirror, page, toy, content, make) -> None:
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    (tmp_path / "toy").mkdir()
    part = tmp_path / "toy" / "data.bin.part"
    make(part)
    expected = f"{part}: expected what an earlier download left, found no plain file; remove it"
    assert refusal(tmp_path) == expected
    assert mirror.requests == []


def test_a_lock_that_is_a_link_is_not_followed(tmp_path, mirror, page, toy, content) -> None:
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / ".data.bin.lock").symlink_to(tmp_path / "mine")
    assert "Too many levels of symbolic links" in refusal(tmp_path)
    assert not (tmp_path / "mine").exists()


def test_too_little_room_is_told_before_the_download(
    tmp_path, mirror, page, toy, content, monkeypatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100_000))
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin"))
    sentence = refusal(tmp_path)
    assert sentence.startswith("toy/data.bin: 0.3 MB are still to come, but ")
    assert "has only 0.1 MB free; free some space, or name another data_dir in config.yaml" in sentence
    assert mirror.requests == []
    (tmp_path / "toy" / "data.bin.part").write_bytes(content[:250_000])
    assert fetch("toy", tmp_path)[0].verified


def test_a_disk_that_fills_up_is_no_fault_of_the_mirror(
    tmp_path, mirror, page, toy, content, monkeypatch
) -> None:
    """The next mirror is not asked; what came is kept."""
    mirror.pages["/data.bin"] = page(content)
    toy(described(content, f"{mirror.url}/data.bin", f"{mirror.url}/data.bin"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        sentence = refusal(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    part = tmp_path / "toy" / "data.bin.part"
    kept = "what came is kept: free some space and start again"
    assert sentence == f"{part}: File too large; {kept}"
    assert len(mirror.requests) == 1
    fetch("toy", tmp_path)
    assert mirror.ranges_asked() == [None, "bytes=100000-"]


def test_a_proxy_that_is_no_address_is_one_sentence(tmp_path, toy, content, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", "http://[nowhere")
    monkeypatch.delenv("no_proxy", raising=False)
    toy(described(content, "http://example.org/data.bin"))
    assert "could not be downloaded (http://example.org/data.bin: " in refusal(tmp_path)


def test_a_home_folder_in_short_is_not_made_a_folder_of_that_name(
    tmp_path, toy, content, dead_url, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    toy(described(content, dead_url))
    with pytest.raises(DownloadError, match="~/data: only a shell knows what ~ is; write /home/ada/data"):
        fetch("toy", Path("~/data"))
    assert list(tmp_path.iterdir()) == []


# --- files in place -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (os.mkfifo, "a named pipe instead of a file"),
        (os.mkdir, "a folder instead of a file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device instead of a file"),
        (lambda path: path.symlink_to("nowhere"), "a link to nowhere, which is not there"),
    ],
    ids=["pipe", "folder", "device", "dead link"],
)
@pytest.mark.parametrize("accepted", [False, True])
def test_what_is_no_plain_file_is_refused_unopened(
    tmp_path, toy, content, dead_url, make, found, accepted
) -> None:
    path = tmp_path / "toy" / "data.bin"
    path.parent.mkdir()
    make(path)
    toy(described(content, dead_url))
    assert f"{path}: expected a file, found {found}" in refusal(tmp_path, accept_unverified=accepted)
    assert os.path.lexists(path)


def test_a_file_that_is_too_long_is_not_read(tmp_path, toy, content, dead_url, monkeypatch) -> None:
    path = tmp_path / "toy" / "data.bin"
    path.parent.mkdir()
    with path.open("wb") as out:
        out.truncate(10**12)  # a hole: it takes no room, and hours to read
    toy(described(content, dead_url))
    assert "toy/data.bin: found 1,000,000,000,000 bytes, expected 320,000; remove" in refusal(tmp_path)


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path, toy, content, dead_url, monkeypatch
) -> None:
    """Such as one that is still being copied there."""
    path = tmp_path / "toy" / "data.bin"
    path.parent.mkdir()
    path.write_bytes(content)
    toy(described(content, dead_url))
    fault = download._fault

    def changing(*arguments):
        found = fault(*arguments)
        os.utime(path, ns=(1, 1))
        return found

    monkeypatch.setattr(download, "_fault", changing)
    assert refusal(tmp_path) == f"{path}: it changed while it was read; start again once it is whole"


def test_a_read_only_folder_that_holds_all_is_enough(tmp_path, toy, monkeypatch) -> None:
    """Nothing is locked, and nothing written, where nothing is to be brought."""
    put_archive(tmp_path, toy, archive({"in/a": b"A"}), ("in/a",))
    first = fetch("toy", tmp_path)

    def refuse(*arguments, **more):
        raise AssertionError("something is written")

    monkeypatch.setattr(download, "_alone", refuse)
    assert fetch("toy", tmp_path) == first


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


@pytest.mark.parametrize("checksum", ["contents_sha256", "sha256"])
def test_a_gzip_that_would_fill_the_memory_is_refused_even_if_accepted(
    tmp_path, toy, content, dead_url, monkeypatch, checksum
) -> None:
    published = gzip.compress(content)
    given = {"sha256": None, "md5": "0" * 32, checksum: "0" * 64}
    toy(described(published, dead_url, name="data.gz", **given))
    monkeypatch.setattr(download, "UNPACKED_TIMES", 5)
    path = tmp_path / "toy" / "data.gz"
    path.parent.mkdir()
    path.write_bytes(bomb := gzip.compress(bytes(100 << 20)))
    assert len(bomb) < len(published)
    tracemalloc.start()
    sentence = refusal(tmp_path, accept_unverified=True)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()
    at_most = 5 * len(published)
    expected = f"found more than {at_most:,} bytes once unpacked, expected {len(published):,} bytes packed"
    assert sentence == f"toy/data.gz: {expected}; remove {path}"


@pytest.mark.parametrize("name", ["toy.tar.gz", "toy.zip"])
def test_an_archive_that_would_fill_the_disk_is_refused_even_if_accepted(tmp_path, toy, name) -> None:
    folder = put_archive(tmp_path, toy, PACK[name]({"a": b"A"}), ("a",), name)
    (folder / name).write_bytes(PACK[name]({"a": b"A", "b": bytes(2 << 20)}))
    sentence = refusal(tmp_path, accept_unverified=True)
    assert sentence == f"{folder / name}: expected at most 1,048,576 bytes unpacked, found more; remove it"
    assert names_in(tmp_path) == [f"toy/{name}"]


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


ENCRYPTED = 0x1  # of the flags of a member, in its header and in the zip's list


def encrypted(packed: bytes) -> bytes:
    """The same zip, all of whose members say that they are encrypted."""
    content = bytearray(packed)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        begin = content.find(signature)
        while begin >= 0:
            content[begin + place] |= ENCRYPTED
            begin = content.find(signature, begin + 1)
    return bytes(content)


def test_a_folder_in_the_place_of_a_member_is_named(tmp_path, toy) -> None:
    folder = put_archive(tmp_path, toy, archive({"in/a": b"A"}), ("in/a",))
    (folder / "in" / "a").mkdir(parents=True)
    expected = (
        f"{folder / 'in' / 'a'}: expected a file, found a folder instead of a file; remove what is there"
    )
    assert refusal(tmp_path) == expected


def test_an_encrypted_zip_is_one_sentence(tmp_path, toy) -> None:
    folder = put_archive(tmp_path, toy, encrypted(zipped({"a": b"A"})), ("a",), "toy.zip")
    assert refusal(tmp_path) == (
        f"{folder / 'toy.zip'}: it cannot be unpacked as it is: "
        "File 'a' is encrypted, password required for extraction"
    )
    assert names_in(tmp_path) == ["toy/toy.zip"]


def test_a_zip_packed_in_an_unknown_way_is_one_sentence(tmp_path, toy) -> None:
    packed = zipped({"a": b"A"}).replace(b"\x08\x00", b"\x09\x00")  # Deflate64, as Windows packs large files
    put_archive(tmp_path, toy, packed, ("a",), "toy.zip")
    assert "it cannot be unpacked as it is: That compression method is not supported" in refusal(tmp_path)


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

"""Brings a dataset's files into the data folder and vouches for them.

A file lies at <data_dir>/<dataset>/<file name>. One that is there already is checked and never changed; one
that is missing is downloaded to <file name>.part, checked, and only then given its name. The data folder may
be filled by hand: what counts is the checksum.
"""

import contextlib
import csv
import functools
import gzip
import hashlib
import http.client
import importlib.util
import io
import itertools
import os
import re
import shutil
import stat
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from encore.datasets.catalogue import Dataset, File, dataset
from encore.files import write_atomically
from encore.script import UserError

TIMEOUT_S = 30.0  # without a sign of life from the server
CONNECTIONS = 5  # to one mirror; each goes on where the one before was cut
CHUNK_BYTES = 1 << 16
PROGRESS_EVERY_S = 5.0
BUNDLED = "scikit-learn:"  # prefix of a file that lies inside the installed package
NOT_VERIFIED = "not verified"


class DownloadError(UserError):
    """A file that cannot be had or vouched for; the message is one sentence for the user."""


@dataclass(frozen=True)
class RawFile:
    """What is known about a file on disk."""

    path: str  # POSIX, relative to data_dir; "scikit-learn:<name>" if it is bundled with that package
    bytes: int
    sha256: str  # of the file as it lies on disk
    verified: bool
    how: str  # which checksum vouches for it


COLUMNS = tuple(field.name for field in fields(RawFile))  # of the inventory


def fetch(name: str, data_dir: Path, *, accept_unverified: bool = False) -> list[RawFile]:
    """Finds or downloads every file of a dataset, verifies it, and unpacks archives.

    accept_unverified: takes files that lie in the data folder though no checksum vouches for them; what is
    downloaded must fit all the same.
    Raises DownloadError if a file cannot be had or verified, ConfigError if there is no such dataset.
    """
    data_dir = Path(data_dir)
    entry = dataset(name)
    found = []
    try:
        _demand_by_hand(name, entry, data_dir)
        for file in entry.files:
            fetch_one = _fetch_archive if file.members or file.folder else fetch_file
            found += fetch_one(name, file, data_dir, accept_unverified)
    except OSError as error:  # the data folder itself: no permission, disk full
        raise DownloadError(f"{name}: {error.strerror or error} ({error.filename or data_dir})") from error
    return found


def locate(raw: str, data_dir: Path) -> Path:
    """Where the file of a `RawFile.path` lies on this machine."""
    if not raw.startswith(BUNDLED):
        return Path(data_dir) / raw
    package = importlib.util.find_spec("sklearn")  # finds it without importing it
    if package is None:
        raise DownloadError(f"{raw}: scikit-learn, which brings this file along, is not installed")
    return Path(package.submodule_search_locations[0], "datasets", "data", raw.removeprefix(BUNDLED))


def write_inventory(files: Iterable[RawFile], path: Path) -> None:
    """Writes a CSV, a row a file, sorted by path: the same files give the same bytes."""
    rows = [[file.path, file.bytes, file.sha256, str(file.verified).lower(), file.how] for file in files]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *sorted(rows)])
    write_atomically(Path(path), text.getvalue())


def read_inventory(path: Path) -> list[RawFile]:
    """Reads what `write_inventory` wrote; raises ValueError if the columns differ."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path}: expected the columns {','.join(COLUMNS)}, found {rows.fieldnames}")
        return [
            RawFile(row["path"], int(row["bytes"]), row["sha256"], row["verified"] == "true", row["how"])
            for row in rows
        ]


# --- files in place -------------------------------------------------------------------------------


def _demand_by_hand(name: str, entry: Dataset, data_dir: Path) -> None:
    """Names at once all missing files that only a person can fetch."""
    folder = data_dir / name
    missing = [
        f"{file.name} (or its folder {file.folder})" if file.folder else file.name
        for file in entry.files
        if not file.urls and not file.name.startswith(BUNDLED)
        if not (folder / file.name).exists() and not _unpacked(file, folder)
    ]
    if missing:
        raise DownloadError(
            f"{name}: found no {', '.join(missing)} in {folder}, and no address gives them to a program; "
            f"put them there by hand, from {entry.homepage}"
        )


def fetch_file(
    name: str, file: File, data_dir: Path, accept_unverified: bool | None = False
) -> list[RawFile]:
    """Finds or downloads one file to <data_dir>/<name>/ and verifies it; raises DownloadError.

    accept_unverified: as in `fetch`; None where no configuration can accept it.
    """
    raw = file.name if file.name.startswith(BUNDLED) else f"{name}/{file.name}"
    path = locate(raw, data_dir)
    if not path.exists():
        _download(raw, file, path)
    fault = _fault(file, path)
    if fault and not accept_unverified:
        remedy = "install the scikit-learn of the lock" if raw.startswith(BUNDLED) else f"remove {path}"
        accept = f" or list {name} under accept_unverified in config.yaml"
        how = ", so that the published one takes its place" if accept_unverified is None else accept
        raise DownloadError(f"{raw}: {fault}; {remedy}{how}")
    return [_raw_file(raw, path, None if fault else _checksum(file)[0])]


def _raw_file(raw: str, path: Path, how: str | None) -> RawFile:
    return RawFile(raw, path.stat().st_size, _digest(path, "sha256"), how is not None, how or NOT_VERIFIED)


def _fault(file: File, path: Path) -> str | None:
    """Why the content of `path` is not that of `file`, as part of a sentence; None if it is."""
    how, algorithm, opener, expected = _checksum(file)
    try:
        found = _digest(path, algorithm, opener)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        fault = f"found a broken gzip file ({error})"
    else:
        if found == expected or (file.sha256_prefix and _fits_prefix(file, path, found)):
            return None
        fault = f"found {how} {found}, expected {expected}"
    with path.open("rb") as content:
        return "found an HTML page, not data" if _is_html(content.read(CHUNK_BYTES)) else fault


def _fits_prefix(file: File, path: Path, found: str) -> bool:
    """Eight digits alone would be little; with the exact size they are what torch.hub trusts, and more."""
    return found.startswith(file.sha256_prefix) and path.stat().st_size == file.bytes


def _checksum(file: File) -> tuple[str, str, Callable[..., BinaryIO], str]:
    """The checksum that decides: what it is called, its algorithm, how to open the file for it, its value.

    The contents of a .gz come before the publisher's MD5: a copy that was compressed again is as good.
    """
    if file.sha256:
        return "sha256", "sha256", open, file.sha256
    if file.contents_sha256:
        return "contents sha256", "sha256", gzip.open, file.contents_sha256
    if file.sha256_prefix:
        return "size and sha256 prefix of the publisher", "sha256", open, file.sha256_prefix
    return "md5 of the publisher", "md5", open, file.md5


def _digest(path: Path, algorithm: str, opener: Callable[..., BinaryIO] = open) -> str:
    with opener(path, "rb") as content:
        return hashlib.file_digest(content, algorithm).hexdigest()


# --- downloads ------------------------------------------------------------------------------------


class _MirrorError(Exception):
    """Why one mirror did not give the file."""


def _download(raw: str, file: File, target: Path) -> None:
    """Tries the mirrors in turn until one gives a file that fits."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    reasons = []
    for url in file.urls:
        print(f"{raw}: downloading {file.bytes / 1e6:.1f} MB from {url}", flush=True)
        reason = _try_mirror(url, raw, file, part)
        if reason is None:
            os.replace(part, target)
            return
        print(f"{raw}: {url} failed: {reason}", flush=True)
        reasons.append(f"{url}: {reason}")
    why = "; ".join(reasons) or "no address is known"
    raise DownloadError(
        f"{raw}: could not be downloaded ({why}), so put the file into {target.parent} by hand"
    )


def _try_mirror(url: str, raw: str, file: File, part: Path) -> str | None:
    """Brings `part` to the whole, verified file and returns None, or returns why it could not."""
    fault = None
    # What an earlier try left may be at fault, and not this mirror: then once more from zero.
    for _ in range(2 if part.exists() else 1):
        try:
            _transfer(url, raw, file.bytes, part)
        except _MirrorError as error:
            return str(error)
        fault = _fault(file, part)
        if fault is None:
            return None
        part.unlink()
    return fault


def _transfer(url: str, raw: str, size: int, part: Path) -> None:
    """Brings `part` to `size` bytes, going on after a cut; raises _MirrorError if it cannot."""
    if _size(part) > size:
        part.unlink()
    validator, why = None, ""
    for _ in range(CONNECTIONS):
        have = _size(part)
        if have == size:
            return
        why = "the connection was cut"
        try:
            with urllib.request.urlopen(_request(url, have, validator), timeout=TIMEOUT_S) as response:
                validator = _validator(response)
                _receive(response, raw, size, have, part)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
                raise _MirrorError(_why(error)) from None
            part.unlink()  # the server's file ends before ours: ask for it from the start
            continue
        except (OSError, http.client.HTTPException) as error:
            why = _why(error)
        if _size(part) <= have:
            break
    have = _size(part)
    if have != size:
        raise _MirrorError(f"{why} after {have:,} of {size:,} bytes" if have else why)


def _request(url: str, have: int, validator: str | None) -> urllib.request.Request:
    """Asks for what is missing, or for everything if the file has changed since (RFC 9110, 13.1.5)."""
    headers = {"User-Agent": "encore"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator
    return urllib.request.Request(url, headers=headers)


def _validator(response: http.client.HTTPResponse) -> str | None:
    etag = response.headers.get("ETag", "")
    # A weak ETag must not be used in If-Range.
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _receive(response: http.client.HTTPResponse, raw: str, size: int, have: int, part: Path) -> None:
    """Writes one answer to `part`: behind what is there if the server sends the rest, else from the start."""
    start, total = _announced(response)
    first = response.read(CHUNK_BYTES)
    if response.headers.get_content_type() == "text/html" or (start == 0 and _is_html(first)):
        raise _MirrorError("it sent an HTML page, not data")
    if start not in (0, have):
        raise _MirrorError(f"it sent the bytes from {start:,} when asked for those from {have:,}")
    if total not in (None, size):
        raise _MirrorError(f"its file has {total:,} bytes, expected {size:,}")
    done = start
    began = shown = time.monotonic()
    with part.open("ab" if start else "wb") as out:
        for chunk in itertools.chain([first], iter(lambda: response.read(CHUNK_BYTES), b"")):
            out.write(chunk)
            done += len(chunk)
            now = time.monotonic()
            if now - shown >= PROGRESS_EVERY_S:
                print(f"{raw}: {_progress(done, size, (done - start) / (now - began))}", flush=True)
                shown = now
            if done > size:  # possible only where no length was announced
                break
    if done > size:
        part.unlink()
        raise _MirrorError(f"it sent more than the expected {size:,} bytes")


def _announced(response: http.client.HTTPResponse) -> tuple[int, int | None]:
    """The first byte of this answer and the length of the whole file (None if not told), by its headers."""
    if response.status != http.client.PARTIAL_CONTENT:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    content_range = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", content_range)
    if not match:
        raise _MirrorError(f"it sent a part of the file with the Content-Range {content_range!r}")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _progress(done: int, size: int, bytes_per_s: float) -> str:
    left_s = (size - done) / max(bytes_per_s, 1)
    return f"{100 * done // size} %, {bytes_per_s / 1e6:.1f} MB/s, {left_s:.0f} s left"


def _is_html(content: bytes) -> bool:
    return content[:1024].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    cause = getattr(error, "reason", error)  # urllib wraps what went wrong while connecting
    if isinstance(cause, TimeoutError):
        return f"no answer for {TIMEOUT_S:.0f} s"
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


# --- archives -------------------------------------------------------------------------------------


def _fetch_archive(name: str, file: File, data_dir: Path, accept_unverified: bool) -> list[RawFile]:
    """The archive and its unpacked members; what lies there without its archive is taken only unverified."""
    folder = data_dir / name
    if not (folder / file.name).exists() and (unpacked := _unpacked(file, folder)):
        if not accept_unverified:
            or_download = ", remove them so that it is downloaded," if file.urls else ""
            raise DownloadError(
                f"{name}: the files in {unpacked[0].parent} cannot be verified without {file.name}; "
                f"put it into {folder}{or_download} or list {name} under accept_unverified in config.yaml"
            )
        return [_raw_file(path.relative_to(data_dir).as_posix(), path, None) for path in unpacked]
    (archive,) = fetch_file(name, file, data_dir, accept_unverified)
    _unpack(folder / file.name, file.members, folder, replace=archive.verified)
    how = f"{archive.how} of the archive" if archive.verified else None
    return [archive, *(_raw_file(f"{name}/{member}", folder / member, how) for member in file.members)]


def _unpacked(file: File, folder: Path) -> list[Path]:
    """What someone unpacked of that archive into `folder`: all of its members, or the files in its folder."""
    if file.folder:
        return sorted(path for path in (folder / file.folder).glob("*") if path.is_file())
    members = [folder / member for member in file.members]
    return members if all(path.exists() for path in members) else []


def _unpack(archive: Path, members: tuple[str, ...], folder: Path, replace: bool) -> None:
    """Writes the named members below `folder`; checks the archive's form even if none is named.

    replace: whether a file there that differs from the archive's is replaced or kept.
    """
    kind = "zip" if archive.suffix == ".zip" else "tar"
    try:
        with _opened(archive, kind) as (found, open_member):
            for member in members:
                _check_member(archive, member, found)
            # In the order of the archive: going back in a compressed file means reading it from its start.
            for member in (name for name in found if name in members):
                target = folder / member
                if replace or not target.exists():
                    _write_if_different(target, functools.partial(open_member, member))
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error):
        raise DownloadError(
            f"{archive}: expected a whole {kind} archive, found a broken one or none"
        ) from None


@contextlib.contextmanager
def _opened(archive: Path, kind: str) -> Iterator[tuple[dict[str, bool], Callable[[str], BinaryIO]]]:
    """Every name in an archive, in its order, and whether it is a plain file; how to open one."""
    if kind == "zip":
        with zipfile.ZipFile(archive) as opened:
            yield {info.filename: _is_plain(info) for info in opened.infolist()}, opened.open
    else:
        with tarfile.open(archive) as opened:
            yield {info.name: info.isfile() for info in opened}, opened.extractfile


def _is_plain(info: zipfile.ZipInfo) -> bool:
    mode = info.external_attr >> 16  # of Unix; zero where the archive was made elsewhere
    return not info.is_dir() and stat.S_IFMT(mode) in (0, stat.S_IFREG)


def _check_member(archive: Path, member: str, found: dict[str, bool]) -> None:
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts:
        raise DownloadError(f"{archive}: refused to unpack {member!r}, which leaves the dataset's folder")
    if member not in found:
        raise DownloadError(f"{archive}: expected the member {member!r}, found none of that name")
    if not found[member]:
        raise DownloadError(f"{archive}: refused to unpack {member!r}, which is a link or no plain file")


def _write_if_different(target: Path, open_member: Callable[[], BinaryIO]) -> None:
    """Piece by piece: a member can be larger than the memory."""
    if target.exists():
        with open_member() as content:
            if hashlib.file_digest(content, "sha256").hexdigest() == _digest(target, "sha256"):
                return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        with open_member() as content, part.open("wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise

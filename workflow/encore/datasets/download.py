"""Brings a dataset's files into the data folder and vouches for them.

A file lies at <data_dir>/<dataset>/<file name>. One that is there already is checked and never changed; one
that is missing is downloaded to <file name>.part, checked, and only then given its name. The data folder may
be filled by hand: what counts is the checksum.
"""

import contextlib
import errno
import fcntl
import functools
import gzip
import hashlib
import http.client
import itertools
import lzma
import os
import re
import shutil
import signal
import socket
import stat
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from encore.datasets.catalogue import Dataset, File, dataset
from encore.datasets.inventory import BUNDLED, RawFile, irregular, locate, mark_of
from encore.script import UserError

TIMEOUT_S = 30.0  # without a sign of life from the server
SLOWEST_BYTES_PER_S, SLOW_FOR_S = 1000.0, 60.0  # a transfer below this rate for so long has stalled
ANSWER_S = 120.0  # for all headers of an answer, redirects included, and for each piece of its body
CONNECTIONS = 5  # to one mirror; each goes on where the one before was cut
CHUNK_BYTES = 1 << 16
HEAD_BYTES = 1024  # in which an HTML page shows
PROGRESS_EVERY_S = 5.0
NOT_VERIFIED = "not verified"
# What a file holds unpacked, at most: so many times what the published one has packed. None has above 5.
UNPACKED_TIMES, UNPACKED_ANYWAY = 20, 1 << 20
BROKEN = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError)  # what is packed, and not whole


class DownloadError(UserError):
    """A file that cannot be had or vouched for; the message is one sentence for the user."""


def fetch(name: str, data_dir: Path, *, accept_unverified: bool = False) -> list[RawFile]:
    """Finds or downloads every file of a dataset, verifies it, and unpacks archives.

    accept_unverified: takes files that lie in the data folder though no checksum vouches for them; what is
    downloaded must fit all the same.
    Raises DownloadError if a file cannot be had or verified, ConfigError if there is no such dataset.
    """
    data_dir = Path(data_dir)
    if data_dir.parts[:1] and data_dir.parts[0].startswith("~"):
        raise DownloadError(f"{data_dir}: only a shell knows what ~ is; write {data_dir.expanduser()}")
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
    if not os.path.lexists(path):
        _download(raw, file, path)
    if fault := irregular(path):
        raise DownloadError(f"{path}: expected a file, {fault}; put the file there, or remove what is there")
    mark = mark_of(path)
    fault = _fault(file, path)
    if fault and accept_unverified and (bomb := _too_long_unpacked(file, path)):
        raise DownloadError(f"{raw}: {bomb}; remove {path}")
    if fault and not accept_unverified:
        remedy = "install the scikit-learn of the lock" if raw.startswith(BUNDLED) else f"remove {path}"
        accept = f" or list {name} under accept_unverified in config.yaml"
        how = ", so that the published one takes its place" if accept_unverified is None else accept
        raise DownloadError(f"{raw}: {fault}; {remedy}{how}")
    found = _raw_file(raw, path, None if fault else _checksum(file)[0])
    if found.mark != mark:
        raise DownloadError(f"{path}: it changed while it was read; start again once it is whole")
    return [found]


def _raw_file(raw: str, path: Path, how: str | None) -> RawFile:
    if fault := irregular(path):
        raise DownloadError(f"{path}: expected a file, {fault}")
    mark, size, digest = mark_of(path), path.stat().st_size, _digest(path, "sha256")
    return RawFile(raw, size, digest, how is not None, how or NOT_VERIFIED, mark)


def _fault(file: File, path: Path) -> str | None:
    """Why the content of `path` is not that of `file`, as part of a sentence; None if it is."""
    how, algorithm, opener, expected = _checksum(file)
    size = path.stat().st_size
    try:
        # It cannot fit, and may be too long ever to be read.
        if opener is open and size > file.bytes and not _holds_html(path):
            return f"found {size:,} bytes, expected {file.bytes:,}"
        if opener is gzip.open and (fault := _too_long_unpacked(file, path)):
            return fault
        found = _digest(path, algorithm, opener)
    except BROKEN as error:
        fault = f"found a broken gzip file ({error})"
    else:
        if found == expected or (file.sha256_prefix and _fits_prefix(file, path, found)):
            return None
        fault = f"found {how} {found}, expected {expected}"
    return "found an HTML page, not data" if _holds_html(path) else fault


def _too_long_unpacked(file: File, path: Path) -> str | None:
    """Why what a .gz holds is no content of that file, as part of a sentence; None for all else.

    A few megabytes can unpack to what fills any memory. It is read to that limit, and no further.
    """
    if not file.name.endswith(".gz") or file.members:
        return None
    most, found = _most_unpacked(file), 0
    try:
        with gzip.open(path) as content:
            while piece := content.read(1 << 20):
                found += len(piece)
                if found > most:
                    return (
                        f"found more than {most:,} bytes once unpacked, expected {file.bytes:,} bytes packed"
                    )
    except BROKEN:  # who reads it says so
        pass
    return None


def _most_unpacked(file: File) -> int:
    return max(UNPACKED_TIMES * file.bytes, UNPACKED_ANYWAY)


def _holds_html(path: Path) -> bool:
    with path.open("rb") as content:
        return _is_html(content.read(HEAD_BYTES))


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
    with _alone(target, raw) as part:
        if not os.path.lexists(target):  # another process may have brought it meanwhile
            _download_alone(raw, file, target, part)


def _download_alone(raw: str, file: File, target: Path, part: Path) -> None:
    if os.path.lexists(part) and not stat.S_ISREG(part.lstat().st_mode):
        raise DownloadError(f"{part}: expected what an earlier download left, found no plain file; remove it")
    _demand_room(raw, file.bytes - _size(part), part.parent)
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


def _demand_room(raw: str, needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DownloadError(
            f"{raw}: {needed / 1e6:,.1f} MB are still to come, but {folder} has only "
            f"{free / 1e6:,.1f} MB free; free some space, or name another data_dir in config.yaml"
        )


@contextlib.contextmanager
def _alone(target: Path, raw: str) -> Iterator[Path]:
    """Hold `target` against other processes, and wait for one that holds it; gives the name of its part file.

    The kernel lets go of the lock when a process ends, however it ends. Where a file system has no locks, the
    part file is this process's own.
    """
    lock = target.with_name(f".{target.name}.lock")
    while True:
        with open(lock, "a", opener=_no_link) as stream:
            try:
                _wait_for(stream, raw)
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                    raise
                lock.unlink(missing_ok=True)
                yield target.with_name(f"{target.name}.{socket.gethostname()}.{os.getpid()}.part")
                return
            if not _is_at(stream, lock):  # who held it has removed it: another may hold the new one
                continue
            try:
                yield target.with_name(f"{target.name}.part")
            finally:
                lock.unlink(missing_ok=True)
            return


def _wait_for(stream: BinaryIO, raw: str) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"{raw}: another process is bringing it; waiting for that", flush=True)
        fcntl.flock(stream, fcntl.LOCK_EX)


def _is_at(stream: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _no_link(path: str, flags: int) -> int:
    """Opens a file of ours, and nothing that a link of its name leads to."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


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
            with _within(ANSWER_S):
                answer = urllib.request.urlopen(_request(url, have, validator), timeout=TIMEOUT_S)
            with answer as response:
                validator = _validator(response)
                _receive(response, raw, size, have, part)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
                raise _MirrorError(_why(error)) from None
            part.unlink()  # the server's file ends before ours: ask for it from the start
            continue
        except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: no address at all
            why = _why(error)
        if _size(part) <= have:
            break
    have = _size(part)
    if have != size:
        raise _MirrorError(f"{why} after {have:,} of {size:,} bytes" if have else why)


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises _MirrorError inside where it takes longer: TIMEOUT_S begins anew with every byte that comes."""

    def give_up(*_: object) -> None:
        raise _MirrorError(f"its answer was not whole after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
    pieces, first = _pieces(response), b""
    for piece in pieces:
        first += piece
        if len(first) >= HEAD_BYTES:
            break
    if response.headers.get_content_type() == "text/html" or (start == 0 and _is_html(first)):
        raise _MirrorError("it sent an HTML page, not data")
    if start not in (0, have):
        raise _MirrorError(f"it sent the bytes from {start:,} when asked for those from {have:,}")
    if total not in (None, size):
        raise _MirrorError(f"its file has {total:,} bytes, expected {size:,}")
    done = start
    began = shown = time.monotonic()
    with open(part, "ab" if start else "wb", opener=_no_link) as out:
        for chunk in itertools.chain([first], pieces):
            _write(chunk, out, part)
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


def _write(chunk: bytes, out: BinaryIO, part: Path) -> None:
    """A disk that is full is no fault of the mirror: another one would not help."""
    try:
        out.write(chunk)
        out.flush()
    except OSError as error:
        raise DownloadError(
            f"{part}: {error.strerror}; what came is kept: free some space and start again"
        ) from None


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """What the server sends, as it comes; raises _MirrorError where that has all but stopped."""
    began, received = time.monotonic(), 0
    while True:
        with _within(ANSWER_S):  # a server can send the length of a piece byte by byte
            piece = response.read1(CHUNK_BYTES)  # `read` would wait for all of a chunk
        if not piece:
            return
        yield piece
        received += len(piece)
        passed = time.monotonic() - began
        if passed >= SLOW_FOR_S:
            if received < SLOWEST_BYTES_PER_S * passed:
                raise _MirrorError(
                    f"it sent less than {SLOWEST_BYTES_PER_S:,.0f} bytes a second for {SLOW_FOR_S:.0f} s; "
                    "what came is kept"
                )
            began, received = time.monotonic(), 0


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
    return content[:HEAD_BYTES].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        if "\n" in str(error.reason):  # urllib's, for addresses that lead back to themselves
            return f"HTTP {error.code}, one redirect after another without an end"
        return f"HTTP {error.code} {error.reason}"
    cause = getattr(error, "reason", error)  # urllib wraps what went wrong while connecting
    if isinstance(cause, TimeoutError):
        return f"no answer for {TIMEOUT_S:.0f} s"
    said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return " ".join(said.split())


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
    _unpack(folder / file.name, file, folder, replace=archive.verified)
    how = f"{archive.how} of the archive" if archive.verified else None
    return [archive, *(_raw_file(f"{name}/{member}", folder / member, how) for member in file.members)]


def _unpacked(file: File, folder: Path) -> list[Path]:
    """What someone unpacked of that archive into `folder`: all of its members, or the files in its folder."""
    if file.folder:
        return sorted(path for path in (folder / file.folder).glob("[!.]*") if path.is_file())
    members = [folder / member for member in file.members]
    return members if all(path.exists() for path in members) else []


def _unpack(archive: Path, file: File, folder: Path, replace: bool) -> None:
    """Writes the members of `file` below `folder`; checks the archive's form even if none is named.

    replace: whether a file there that differs from the archive's is replaced or kept.
    """
    kind = "zip" if archive.suffix == ".zip" else "tar"
    try:
        with _opened(archive, kind, _most_unpacked(file)) as (found, open_member):
            for member in file.members:
                _check_member(archive, member, found)
            # In the order of the archive: going back in a compressed file means reading it from its start.
            for member in (name for name in found if name in file.members):
                target = folder / member
                if replace or not target.exists():
                    _write_if_different(target, functools.partial(open_member, member))
    except RuntimeError as error:  # zipfile's, of a password, or of a way to pack that it does not know
        raise DownloadError(f"{archive}: it cannot be unpacked as it is: {error}") from None
    except (tarfile.TarError, zipfile.BadZipFile, *BROKEN):
        raise DownloadError(
            f"{archive}: expected a whole {kind} archive, found a broken one or none"
        ) from None


@contextlib.contextmanager
def _opened(
    archive: Path, kind: str, most: int
) -> Iterator[tuple[dict[str, bool], Callable[[str], BinaryIO]]]:
    """Every name in an archive, in its order, and whether it is a plain file; how to open one.

    Raises DownloadError where it holds more than `most` bytes: it is not read to its end for that.
    """
    if kind == "zip":
        with zipfile.ZipFile(archive) as opened:
            sizes = ((info.filename, _is_plain(info), info.file_size) for info in opened.infolist())
            yield _names(archive, sizes, most), opened.open
    else:
        with tarfile.open(archive) as opened:
            sizes = ((info.name, info.isfile(), info.size) for info in opened)
            yield _names(archive, sizes, most), opened.extractfile


def _names(archive: Path, sizes: Iterable[tuple[str, bool, int]], most: int) -> dict[str, bool]:
    names, total = {}, 0
    for name, plain, size in sizes:
        names[name] = plain
        total += size
        if total > most:
            raise DownloadError(f"{archive}: expected at most {most:,} bytes unpacked, found more; remove it")
    return names


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
    before = _mark(target)
    if _holds(target, open_member):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target, target.name) as part:
        if _mark(target) != before and _holds(target, open_member):  # unpacked meanwhile
            return
        part.unlink(missing_ok=True)  # of no use: a member is written from its start
        try:
            with open_member() as content, part.open("xb") as out:
                shutil.copyfileobj(content, out, 1 << 20)
                out.flush()
                os.fsync(out.fileno())
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _holds(target: Path, open_member: Callable[[], BinaryIO]) -> bool:
    """Whether that member lies there already."""
    if not target.exists():
        return False
    if fault := irregular(target):
        raise DownloadError(f"{target}: expected a file, {fault}; remove what is there")
    with open_member() as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == _digest(target, "sha256")


def _mark(path: Path) -> str:
    return mark_of(path) if path.exists() else ""

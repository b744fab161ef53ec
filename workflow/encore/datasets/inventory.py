"""The inventory of a dataset's raw files, and that what is read is what it recorded.

Every stage that reads raw files asks here first. A file whose size and times are those at which its digest
was last found right is not read for it again; of any other the digest decides. What was last seen is scratch
beside the inventory, which itself holds no times: fetching the same files anew makes nothing again.
"""

import csv
import importlib.util
import io
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from encore.datasets.catalogue import Dataset
from encore.datasets.faults import DataError
from encore.digest import file_digest
from encore.files import write_atomically

BUNDLED = "scikit-learn:"  # prefix of a file that lies inside the installed package
COLUMNS = ("path", "bytes", "sha256", "verified", "how")
SETTLED_NS = 2 * 10**9  # a file changed less than this ago could change again without other times
COPIES_SEEN = 8  # of a file, so that every node of a cluster may have its own
FOLDERS_SEEN = 4
MOST_DIGITS = 18  # of a size; Python refuses to read numbers of thousands
KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFDIR: "a folder", stat.S_IFSOCK: "a socket"}


@dataclass(frozen=True)
class RawFile:
    """What is known about a file on disk."""

    path: str  # POSIX, relative to data_dir; "scikit-learn:<name>" if it is bundled with that package
    bytes: int
    sha256: str  # of the file as it lies on disk
    verified: bool
    how: str  # which checksum vouches for it
    mark: str = field(default="", compare=False, repr=False)  # its times when that was found; not recorded

    @property
    def recorded(self) -> dict[str, object]:
        """What is kept of it."""
        return {column: getattr(self, column) for column in COLUMNS}


def locate(raw: str, data_dir: Path) -> Path:
    """Where the file of a `RawFile.path` lies on this machine."""
    if not raw.startswith(BUNDLED):
        return Path(data_dir) / raw
    package = importlib.util.find_spec("sklearn")  # finds it without importing it
    if package is None:
        raise DataError(f"{raw}: scikit-learn, which brings this file along, is not installed")
    return Path(package.submodule_search_locations[0], "datasets", "data", raw.removeprefix(BUNDLED))


def irregular(path: Path) -> str | None:
    """What stands at `path` instead of a plain file, as "found …"; None where there is one.

    A link to a file counts as that file. To open a pipe or a device could wait, or read, for ever.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except FileNotFoundError:
        leads_to = f"a link to {path.readlink()}, which is not there" if path.is_symlink() else "none"
        return f"found {leads_to}"
    except OSError as error:  # a circle of links, no right to look
        return f"found none ({error.strerror})"
    return None if kind == stat.S_IFREG else f"found {KINDS.get(kind, 'a device')} instead of a file"


def mark_of(path: Path) -> str:
    """The times of a file: of its content, and of any change to it, which nobody sets by hand."""
    return _mark(path.stat())


def _mark(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns} {found.st_ctime_ns}"


def write_inventory(files: Iterable[RawFile], path: Path) -> None:
    """Writes a CSV, a row a file, sorted by path: the same files give the same bytes."""
    rows = [[file.path, file.bytes, file.sha256, str(file.verified).lower(), file.how] for file in files]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *sorted(rows)])
    write_atomically(Path(path), text.getvalue())


def read_inventory(path: Path) -> list[RawFile]:
    """Reads what `write_inventory` wrote; raises DataError if it is anything else."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: expected an inventory of raw files, found other data ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: expected an inventory of raw files, {error.strerror}") from None
    if tuple(header) != COLUMNS:
        found = ",".join(header) or "none"
        raise DataError(f"{path}: expected the columns {','.join(COLUMNS)}, found {found}")
    return [_raw_file(row, f"{path}, row {number}") for number, row in enumerate(rows, start=1)]


def _raw_file(row: list[str], where: str) -> RawFile:
    if len(row) == len(COLUMNS):
        path, size, sha256, verified, how = row
        digest = len(sha256) == 64 and set(sha256) <= set("0123456789abcdef")
        sized = size.isdecimal() and len(size) <= MOST_DIGITS
        if sized and digest and verified in ("true", "false"):
            return RawFile(path, int(size), sha256, verified == "true", how)
    raise DataError(f"{where}: expected {','.join(COLUMNS)} of a raw file, found {','.join(row)!r}")


# --- what is read is what was recorded --------------------------------------------------------------


def demand_recorded(data: Dataset, data_dir: Path, inventory: Path) -> None:
    """Raises DataError, naming the first file that is not the one that `inventory` recorded.

    Only what a reader reads counts: not an archive whose members are unpacked.
    """
    inventory = Path(inventory)
    archives = {f"{data.name}/{file.name}" for file in data.files if file.members}
    recorded = {file.path: file for file in read_inventory(inventory) if file.path not in archives}
    _demand_whole(data, data_dir, recorded, inventory)
    before = _seen(inventory)
    place = str(Path(data_dir).resolve())
    known = before.get(place, {})
    marks = {name: _found(file, data_dir, known.get(name, ()), inventory) for name, file in recorded.items()}
    _keep(before, place, marks, inventory)


def remember(files: Iterable[RawFile], data_dir: Path, inventory: Path) -> None:
    """Keeps that these files, just digested, are those that `inventory` recorded."""
    marks = {file.path: file.mark for file in files if file.mark}
    _keep(_seen(inventory), str(Path(data_dir).resolve()), marks, inventory)


def _demand_whole(data: Dataset, data_dir: Path, recorded: Mapping[str, RawFile], inventory: Path) -> None:
    """That all that could be read stands in the inventory, and not in another dataset's or an older one."""
    for file in data.files:
        names = [f"{data.name}/{member}" for member in file.members]
        if not names:
            names = [file.name if file.name.startswith(BUNDLED) else f"{data.name}/{file.name}"]
        if file.folder and names[0] not in recorded:
            folder = f"{data.name}/{file.folder}/"
            names = _in_folder(Path(data_dir), names[0], folder) or [folder]
        for name in names:
            if name not in recorded:
                raise DataError(
                    f"{inventory} does not list {name}, which would be read; "
                    f"remove {inventory}, so that the files are checked anew"
                )


def _in_folder(data_dir: Path, archive: str, folder: str) -> list[str]:
    """What a reader could take of a folder that someone unpacked: an archive beside it comes first."""
    if (data_dir / archive).exists():
        return [archive]
    try:
        with os.scandir(data_dir / folder) as entries:
            return [folder + entry.name for entry in entries if _counts(entry)]
    except OSError:
        return []


def _counts(entry: os.DirEntry) -> bool:
    return not entry.name.startswith(".") and not entry.is_dir()


def _found(file: RawFile, data_dir: Path, marks: Iterable[str], inventory: Path) -> str:
    """The mark of a file that is the recorded one; raises DataError for any other."""
    path = locate(file.path, data_dir)
    try:
        found = os.stat(path)  # noqa: PTH116 - of hundreds of thousands
    except OSError:
        found = None
    if found is None or not stat.S_ISREG(found.st_mode):
        fault = irregular(path)
    elif found.st_size != file.bytes:
        fault = f"found {found.st_size:,} bytes"
    elif (mark := _mark(found)) in marks:
        return mark
    elif (digest := _digest(path)) != file.sha256:
        fault = f"found {digest[:12]}…"
    elif mark_of(path) == mark:
        return mark
    else:
        fault = "found that it changed while it was read"
    raise DataError(
        f"{path}: {inventory} recorded {file.bytes:,} bytes with the SHA-256 {file.sha256[:12]}…, {fault}; "
        f"put that file back, or remove {inventory}, so that the files are checked anew"
    )


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


Seen = dict[str, dict[str, list[str]]]  # folder -> raw file -> the marks at which it was right, newest first


def _scratch(inventory: Path) -> Path:
    return inventory.with_name(f".{inventory.name}.seen")


def _seen(inventory: Path) -> Seen:
    """What was last seen of the files of this inventory; nothing where that cannot be read."""
    try:
        content = json.loads(_scratch(inventory).read_text(encoding="utf-8"))
        folders = content["folders"] if content["inventory"] == file_digest(inventory) else {}
        return {
            place: {name: list(marks) for name, marks in files.items()} for place, files in folders.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _keep(before: Seen, place: str, marks: Mapping[str, str], inventory: Path) -> None:
    """Writes down what was seen, where it is new; if nothing can be written, the next job digests again."""
    known, now = before.get(place, {}), time.time_ns()
    marks = {name: mark for name, mark in marks.items() if now - int(mark.split()[1]) >= SETTLED_NS}
    if all(mark in known.get(name, ()) for name, mark in marks.items()):
        return
    files = known | {
        name: [mark, *(old for old in known.get(name, ()) if old != mark)][:COPIES_SEEN]
        for name, mark in marks.items()
    }
    others = [(name, seen) for name, seen in before.items() if name != place][: FOLDERS_SEEN - 1]
    try:
        content = {"inventory": file_digest(inventory), "folders": {place: files, **dict(others)}}
        write_atomically(_scratch(inventory), json.dumps(content))
    except OSError:
        pass

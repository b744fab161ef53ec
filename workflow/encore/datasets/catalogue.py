"""What is known about each dataset: source, mirrors, checksums, size, licence, classes, reader.

The facts are in catalogue.yaml beside this file. Loading checks all of them, so that a slip in the file ends
with one sentence and not in the middle of a run. The Snakefile imports this module, so that it may import
nothing heavier than PyYAML.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from encore import registry
from encore.strict import ConfigError, load_yaml, nearest

CATALOGUE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class File:
    """One file as its publisher offers it; `bytes`, `sha256` and `md5` are those of the published file."""

    name: str
    bytes: int
    sha256: str | None = None
    md5: str | None = None
    contents_sha256: str | None = None  # of what the .gz holds, however it was compressed
    sha256_prefix: str | None = None  # where the publisher gives no more, with the exact size
    urls: tuple[str, ...] = ()  # the source first, then its mirrors
    members: tuple[str, ...] = ()  # what to unpack if it is an archive; POSIX paths inside it
    folder: str | None = None  # inside a .zip whose images are read without unpacking them


@dataclass(frozen=True)
class Dataset:
    """One dataset; `counts` are the images of the official parts, `shape` is height, width, channels.

    `classes` are what an experiment's units are chosen from: the names of its labels, or of its attributes.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    shape: tuple[int, int, int]
    reader: str
    licence: str
    homepage: str
    files: tuple[File, ...]


def dataset(name: str) -> Dataset:
    """The entry of that name; raises ConfigError, with the nearest valid name, if there is none."""
    if name not in DATASETS:
        raise ConfigError([f"there is no dataset {name!r}, {nearest(name, DATASETS)}"])
    return DATASETS[name]


def load(path: Path) -> Mapping[str, Dataset]:
    """Reads and checks a catalogue; raises ConfigError with the place, what was expected and what found."""
    entries = load_yaml(path)
    return MappingProxyType(
        {name: _dataset(f"{path.name}: {name}", name, entry) for name, entry in entries.items()}
    )


def _dataset(where: str, name: object, entry: Any) -> Dataset:
    # Names and classes become parts of paths and wildcards of rules.
    _demand(_is_word(name), where, "a name of a-z, 0-9 and _", name)
    _check_keys(where, entry, required={f.name for f in fields(Dataset)} - {"name"} | {"mirrors"})
    for key in ("title", "reader", "licence", "homepage"):
        _demand(isinstance(entry[key], str) and entry[key], f"{where}.{key}", "a text", entry[key])
    if (reader := entry["reader"]) not in (readers := registry.names(registry.READERS)):
        raise ConfigError([f"{where}.reader: found {reader!r}, {nearest(reader, readers)}"])

    classes, counts, shape = entry["classes"], entry["counts"], entry["shape"]
    expected = "a list of different names of A-Z, a-z, 0-9 and _ (digits in quotes)"
    _demand(_is_list(classes, _is_unit) and classes, f"{where}.classes", expected, classes)
    _demand(len(set(classes)) == len(classes), f"{where}.classes", expected, classes)
    _check_keys(f"{where}.counts", counts, required={"train", "test"}, optional={"valid"})
    _demand(all(_is_count(n) for n in counts.values()), f"{where}.counts", "whole numbers from 0", counts)
    _demand(
        _is_list(shape, _is_count) and len(shape) == 3 and all(shape),
        f"{where}.shape",
        "[height, width, channels]",
        shape,
    )
    mirrors, files = entry["mirrors"], entry["files"]
    _demand(
        _is_list(mirrors, _is_base), f"{where}.mirrors", "a list of http(s) addresses that end in /", mirrors
    )
    _demand(isinstance(files, list) and files, f"{where}.files", "a list of files", files)
    return Dataset(
        name=name,
        title=entry["title"],
        classes=tuple(classes),
        counts=MappingProxyType(dict(counts)),
        shape=tuple(shape),
        reader=entry["reader"],
        licence=entry["licence"],
        homepage=entry["homepage"],
        files=tuple(_file(f"{where}.files[{i}]", file, mirrors) for i, file in enumerate(files)),
    )


def _file(where: str, entry: Any, mirrors: list[str]) -> File:
    checksums = {"sha256": 64, "md5": 32, "contents_sha256": 64}
    _check_keys(where, entry, required={"name", "bytes"}, optional={*checksums, "members", "folder"})
    name, size = entry["name"], entry["bytes"]
    members, folder = entry.get("members", []), entry.get("folder")
    _demand(
        isinstance(name, str) and _is_inside(name) and "/" not in name, f"{where}.name", "a file name", name
    )
    _demand(_is_count(size) and size, f"{where}.bytes", "a whole number from 1", size)
    for key, length in checksums.items():
        digest = entry.get(key)
        _demand(
            digest is None or (isinstance(digest, str) and re.fullmatch(f"[0-9a-f]{{{length}}}", digest)),
            f"{where}.{key}",
            f"{length} digits of 0-9 and a-f, in quotes",
            digest,
        )
    _demand(any(key in entry for key in checksums), where, f"one of {', '.join(checksums)}", sorted(entry))
    _demand(_is_list(members, _is_inside), f"{where}.members", "a list of relative paths without ..", members)
    expected = "a relative path without .., of a .zip without members"
    fits = folder is None or (_is_inside(folder) and name.endswith(".zip") and not members)
    _demand(fits, f"{where}.folder", expected, folder)
    return File(
        name=name,
        bytes=size,
        **{key: entry.get(key) for key in checksums},
        urls=tuple(mirror + name for mirror in mirrors),
        members=tuple(members),
        folder=folder,
    )


def _demand(ok: Any, where: str, expected: str, found: object) -> None:
    if not ok:
        raise ConfigError([f"{where}: expected {expected}, found {found!r}"])


def _check_keys(where: str, entry: Any, required: set[str], optional: Iterable[str] = ()) -> None:
    _demand(isinstance(entry, dict), where, f"a mapping with {', '.join(sorted(required))}", entry)
    known = required | set(optional)
    for key in entry:
        if key not in known:
            raise ConfigError([f"{where}: unknown key {key!r}, {nearest(key, sorted(known))}"])
    for key in sorted(required - set(entry)):
        _demand(False, where, f"the key {key!r}", sorted(entry))


def _is_list(value: object, is_item: Any) -> bool:
    return isinstance(value, list) and all(is_item(item) for item in value)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[a-z0-9_]+", value) is not None


def _is_unit(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Za-z0-9_]+", value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0  # not isinstance: True is an int


def _is_base(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"https?://\S+/", value) is not None


def _is_inside(value: object) -> bool:
    """Whether a POSIX path stays inside the folder that it is joined to."""
    return (
        isinstance(value, str)
        and value not in ("", ".")
        and not value.startswith("/")
        and ".." not in PurePosixPath(value).parts
    )


DATASETS: Mapping[str, Dataset] = load(CATALOGUE)

"""Images that stay packed until one of them is asked for.

Millions of images are one index space, and only those of a split are ever decoded.
"""

import functools
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import numpy as np
from PIL import Image

from encore.datasets.catalogue import File
from encore.datasets.faults import DataError

FORMATS = ("JPEG", "PNG", "WEBP")  # all that the datasets hold; Pillow need not guess among fifty


class LazyImages:
    """Images that behave like an array of them, each decoded when it is asked for.

    `images[i]` is one image, uint8 (height, width, 3); `images[indices]` are several of them, still packed.
    `shape` is (n, height, width, 3) of the published frame. An image may differ from it: in a copy at another
    resolution, or by a longer side that varies.
    """

    def __init__(self, decode: Callable[[int], np.ndarray], frame: tuple[int, int, int], indices: np.ndarray):
        self.decode, self.frame, self.indices = decode, frame, indices

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.indices), *self.frame)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index):
        chosen = self.indices[index]
        if np.ndim(chosen) == 0:
            return self.decode(int(chosen))
        return LazyImages(self.decode, self.frame, chosen)

    def __iter__(self) -> Iterator[np.ndarray]:
        return map(self.decode, self.indices.tolist())


class Packed:
    """The images of an archive: in the .zip as it was published, or in its folder if someone unpacked it.

    Raises DataError with one sentence if there is neither, or if the archive is broken.
    """

    def __init__(self, folder: Path, file: File):
        archive, unpacked = folder / file.name, folder / file.folder
        if archive.exists():
            self.place = archive
            try:
                opened = zipfile.ZipFile(archive)
            except (OSError, zipfile.BadZipFile) as error:
                raise DataError(f"{archive}: expected a whole zip archive, found none ({error})") from None
            prefix = f"{file.folder}/"
            self.names = {name[len(prefix) :] for name in opened.namelist() if name.startswith(prefix)}
            self._read = lambda name: opened.read(prefix + name)
        elif unpacked.is_dir():
            self.place = unpacked
            self.names = {path.name for path in unpacked.iterdir()}
            self._read = lambda name: (unpacked / name).read_bytes()
        else:
            raise DataError(f"{folder}: expected {file.name} or the folder {file.folder}, found neither")

    def image(self, name: str) -> np.ndarray:
        """One image, uint8 (height, width, 3)."""
        try:
            content = self._read(name)
        except RuntimeError as error:  # of a password, or of a way to pack that zipfile does not know
            raise DataError(f"{self.place}: it cannot be unpacked as it is: {error}") from None
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DataError(
                f"{self.place}: expected a whole file {name}, found a broken one ({error})"
            ) from None
        return decode(content, f"{self.place}: {name}")


class Lmdb:
    """The images of an LMDB folder, in the order of their keys; use `open_lmdb`."""

    def __init__(self, folder: Path):
        self.folder = folder
        if not (folder / "data.mdb").is_file():
            raise DataError(f"{folder}: expected an LMDB folder with the file data.mdb, found none")
        try:
            # No lock: nobody writes, and the folder may be read-only. No read-ahead: access is by key.
            self._env = lmdb.open(str(folder), readonly=True, create=False, lock=False, readahead=False)
        except lmdb.Error as error:
            raise DataError(f"{folder}: expected an LMDB database, found none ({error})") from None

    def __len__(self) -> int:
        return self._env.stat()["entries"]

    @functools.cached_property
    def keys(self) -> list[bytes]:
        """All keys; reading millions takes seconds, so only who decodes an image pays for it."""
        with self._env.begin() as transaction:
            return list(transaction.cursor().iternext(keys=True, values=False))

    def image(self, index: int) -> np.ndarray:
        """One image, uint8 (height, width, 3)."""
        try:
            key = self.keys[index]
            with self._env.begin() as transaction:
                content = transaction.get(key)
        except lmdb.Error as error:
            raise DataError(f"{self.folder}: expected a whole LMDB database, found none ({error})") from None
        return decode(content, f"{self.folder}: {key.decode(errors='replace')}")


@functools.cache
def open_lmdb(folder: Path) -> Lmdb:
    """One environment a folder: LMDB forbids a process to open the same one twice. Raises DataError."""
    return Lmdb(folder)


def decode(content: bytes, where: str) -> np.ndarray:
    """A JPEG, PNG or WebP file as uint8 (height, width, 3); `where` is for the message only."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            return np.asarray(image.convert("RGB"))
    # Pillow's, for what it cannot read, what ends too early, and what would fill the memory.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise DataError(f"{where}: expected a whole {', '.join(FORMATS)} image, found none") from None

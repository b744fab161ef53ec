"""Files are written whole or not at all, and zips the same everywhere."""

import os
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # the folder of the project


def write_atomically(path: Path, content: bytes | str) -> None:
    """Put `content` (text as UTF-8) at `path`; whoever looks, whenever it stops, sees the old one or the new.

    Folders above it are made. An OSError, such as a full disk, names `path`, and leaves the old file alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def zip_entry(name: str, date: tuple[int, ...]) -> zipfile.ZipInfo:
    """A plain file in a zip, dated year to second; the same on every machine."""
    entry = zipfile.ZipInfo(name, date)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, wherever it is packed
    entry.external_attr = 0o100644 << 16  # to be read by all
    return entry

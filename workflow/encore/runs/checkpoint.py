"""A run's tensors as files: its model, and the checkpoint that a stopped training goes on from."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from encore.files import write_atomically
from encore.script import UserError

CHECKSUM = "sha256"  # of a checkpoint, in its metadata


def to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Tensors from any device as the bytes of a safetensors file."""
    return save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, dict(metadata or {})
    )


class DivergedError(RuntimeError):
    """The training diverged: a loss became infinite or not a number, and there is no model."""


def load_model(path: Path) -> dict[str, Tensor]:
    """The tensors of a trained model; a DivergedError, with the sentence that says where, if it has none.

    A UserError for a file that is missing or broken.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read as a model: {error}.") from None
    if "diverged" in metadata:
        raise DivergedError(metadata["diverged"])
    return tensors


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a checkpoint whole, with a checksum of all that it holds."""
    checksum = _checksum(tensors, metadata)
    write_atomically(path, to_bytes(tensors, {**metadata, CHECKSUM: checksum}))


def load_checkpoint(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Tensors and metadata of a checkpoint, as they were saved; else None, and a line says why.

    `key` is a digest of all that the run is made from: one of other code or settings is not gone on from.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        return _not_taken(path, f"cannot be read ({error})")
    if metadata.pop(CHECKSUM, "") != _checksum(tensors, metadata):
        return _not_taken(path, "is damaged: its checksum does not fit")
    if metadata["key"] != key:
        return _not_taken(path, "belongs to other code, settings or data")
    return tensors, metadata


def _not_taken(path: Path, why: str) -> None:
    print(f"{path.name} {why}; starting from the beginning.", flush=True)


def _checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """SHA-256 of the tensors and of the metadata, hexadecimal."""
    about = json.dumps(metadata, sort_keys=True).encode()
    return hashlib.sha256(to_bytes(tensors) + about).hexdigest()

"""A run's tensors as files: its model, and the checkpoint that a stopped training goes on from."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from encore.files import write_atomically
from encore.script import UserError


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
    """Write a checkpoint whole."""
    write_atomically(path, to_bytes(tensors, metadata))


def load_checkpoint(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Tensors and metadata of a checkpoint; None where there is none, or none that belongs to `key`.

    `key` is a digest of all that the run is made from: one of other code or settings is not gone on from.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata()
            if metadata.get("key") != key:
                print(
                    f"{path.name} belongs to other code, settings or data; starting from the beginning.",
                    flush=True,
                )
                return None
            return {name: stream.get_tensor(name) for name in stream.keys()}, metadata  # noqa: SIM118
    except SafetensorError as error:
        print(f"{path.name} cannot be read ({error}); starting from the beginning.", flush=True)
        return None

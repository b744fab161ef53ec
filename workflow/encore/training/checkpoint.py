"""A run's tensors as files: its model, and the checkpoint that a stopped training goes on from."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from encore.files import write_atomically


def to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """Tensors from any device as the bytes of a safetensors file."""
    return save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, dict(metadata or {})
    )


class DivergedError(RuntimeError):
    """The training of this model came to a loss that is infinite or not a number: there is no model."""


def load_model(path: Path) -> dict[str, Tensor]:
    """The tensors of a trained model; a DivergedError, with the sentence that says where, if it has none."""
    with safe_open(path, framework="pt") as stream:
        if diverged := (stream.metadata() or {}).get("diverged"):
            raise DivergedError(diverged)
        return {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a checkpoint whole."""
    write_atomically(path, to_bytes(tensors, metadata))


def load_checkpoint(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Tensors and metadata of a checkpoint; None where there is none, or none that belongs to `key`.

    `key` is a digest of all that the run is made from: a checkpoint of other code or settings is no start.
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
        print(f"{path.name} can not be read ({error}); starting from the beginning.", flush=True)
        return None

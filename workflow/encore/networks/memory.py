"""What a training will take of a device's memory, counted before it starts."""

import os
from collections.abc import Callable

import torch
from torch import Tensor, nn

from encore.strict import ConfigError

GIB = 2**30


def saved_bytes(passes: Callable[[], object]) -> int:
    """Bytes of the tensors that `passes` saves for its backward passes, parameters left out.

    Counted once each where several operations save the same. On the device "meta" it costs no memory.
    """
    saved: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            saved[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        passes()
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values())


def memory_of(device: str) -> int:
    """Bytes of memory that a device has, whoever uses them."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def demand_memory(needed: int, device: str, remedy: str) -> None:
    """ConfigError, with the remedy, where a device has less memory than `needed` bytes."""
    if needed > (has := memory_of(device)):
        found = f"{needed / GIB:.1f} GiB at least, and {device} has {has / GIB:.1f}"
        raise ConfigError([f"This training needs {found}; {remedy}."])

"""Networks and optimizers as flat dicts of tensors, the only form in which they are kept."""

from collections.abc import Mapping

from torch import Tensor, nn
from torch.optim import Optimizer


def modules_bytes(modules: nn.Module) -> int:
    """Size of the parameters and buffers of modules, bytes."""
    return sum(tensor.numel() * tensor.element_size() for tensor in modules.state_dict().values())


def modules_state(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """`<module>.<parameter>` -> tensor, in the order of the modules."""
    return {
        f"{name}.{key}": value
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }


def load_modules(modules: Mapping[str, nn.Module], tensors: Mapping[str, Tensor]) -> None:
    """Fill modules with what `modules_state` gave; a missing or wrong tensor is a RuntimeError."""
    for name, module in modules.items():
        prefix = f"{name}."
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        module.load_state_dict(own)


def optimizer_state(optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    """`adam.<optimizer>.<index>.<moment>` -> tensor; empty before the first step."""
    return {
        f"adam.{name}.{index}.{moment}": value
        for name, optimizer in optimizers.items()
        for index, moments in optimizer.state_dict()["state"].items()
        for moment, value in moments.items()
    }


def load_optimizer_state(optimizers: Mapping[str, Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Go on with the moments that `optimizer_state` gave."""
    for name, optimizer in optimizers.items():
        prefix, state = f"adam.{name}.", {}
        for key, value in tensors.items():
            if key.startswith(prefix):
                index, moment = key.removeprefix(prefix).split(".")
                state.setdefault(int(index), {})[moment] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

"""What methods share, so that a method's own file holds its paper: networks, losses, step, use.

Every method is made by `method_class(settings, shape, seed, device, weights, n_labels)`:

- settings: name -> value, those of SETTINGS and of the datasets' modules; checked before;
- shape: (C, S, S) of an image;
- seed: decides all that is random;
- weights: files of pretrained weights, where a setting asks for some;
- n_labels: labels of an image, 0 where the method takes none.

Its class says in literals, which `encore.registry` reads without importing it:

- SETTINGS: name -> (its legal values, as `encore.papers.settings` reads them; what it is, with its unit);
- SCORES: the columns that `score` gives; {setting} stands for each value of a setting that is a list;
- DETERMINISTIC: whether the seed changes nothing;
- ON_GPU: whether it computes on a GPU where there is one;
- LABELLED: whether it learns from labels too.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer


class NetworkMethod:
    """Networks that learn by steps on batches of images.

    A method's class has `build_networks` and `step`, and its __init__ makes the `optimizers`. `step` takes
    images (images_per_step, C, S, S) and, where LABELLED, labels (images_per_step, n_labels), which are 0, 1,
    or NaN for a missing one; it gives losses by name, 0-d tensors. What a method can do after training:

    - `score(x)`: the columns of SCORES, name -> (B,), greater where more anomalous;
    - `reconstruct(x)`, or `reconstruct(x, y)` where labelled: (B, C, S, S);
    - `sample(count)`: (count, C, S, S);
    - `edit(x, y, domain, value)`: images with the attribute `domain` set to `value`, (B, C, S, S);
    - `edit_noise(indices)`: where edits draw, what they draw for the images at these indices of the dataset;
      `edit` and `reconstruct` then take it as their last argument;
    - `classify(x)`: logits (B, n_labels);
    - `encode(x)`, where `encodes`, and `decode(z)`: (B, latent) and back; `autoencode(x)`: what each of its
      autoencoders makes of x, by name;
    - `after_training(batches)`: is given all training images once, after the last step.
    """

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = False
    SCORES = ()
    KEPT: tuple[str, ...] = ()  # the networks that are needed after training; () for all
    deviations: list[str] = []  # what forbids a comparison of its numbers with the paper's
    optimizers: dict[str, Optimizer]

    def __init__(
        self,
        settings: Mapping,
        shape: tuple[int, int, int],
        seed: int,
        device: str,
        weights: Sequence[str] = (),
        n_labels: int = 0,
    ):
        """Networks as the seed draws them. ConfigError for images that the networks do not fit."""
        self.settings, self.device = settings, device
        self.random = torch.Generator(device).manual_seed(seed)  # all draws of the training
        torch.manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = self.build_networks(settings, shape, n_labels, self.random).to(device)
        self.learned: Mapping[str, nn.Module] = self.networks  # what the next step depends on
        self.kept: Mapping[str, nn.Module] = _kept(self.networks, self.KEPT)

    @staticmethod
    def build_networks(
        settings: Mapping, shape: tuple[int, int, int], n_labels: int, random: torch.Generator | None
    ) -> nn.ModuleDict:
        """The networks by name, initialised; `random` draws their dropout, None where nothing is trained."""
        raise NotImplementedError

    @classmethod
    def model_bytes(cls, settings: Mapping, channels: int, n_labels: int = 0) -> int:
        """Size of the networks that `model` gives, bytes, without making them."""
        shape = (channels, settings["image_size"], settings["image_size"])
        with torch.device("meta"):
            networks = cls.build_networks(settings, shape, n_labels, None)
        return sum(tensor.nbytes for tensor in _tensors(_kept(networks, cls.KEPT)).values())

    @property
    def iterations(self) -> int:
        """Steps of a training."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes."""
        return self.settings["batch_size"]

    # What steps are made of

    def prior(self, count: int) -> Tensor:
        """z ~ N(0, I), (count, latent)."""
        return torch.randn(count, self.settings["latent"], generator=self.random, device=self.device)

    def _adam(self, parameters: Iterable[Tensor], rate: str = "learning_rate") -> Adam:
        """Adam over the parameters, with the settings `betas` and `rate`."""
        # fused: a tenth of the time on a CPU
        return Adam(parameters, lr=self.settings[rate], betas=tuple(self.settings["betas"]), fused=True)

    def _parameters(self, name: str) -> list[Tensor]:
        """The parameters of the optimizer `name`."""
        return self.optimizers[name].param_groups[0]["params"]

    def _gradients(self, name: str, loss: Tensor, *, retain_graph: bool = False) -> Sequence[Tensor]:
        """Gradients of the loss by the parameters of the optimizer `name`."""
        return torch.autograd.grad(loss, self._parameters(name), retain_graph=retain_graph)

    def _update(self, name: str, gradients: Sequence[Tensor]) -> None:
        """One step of the optimizer `name` along gradients of its parameters."""
        for parameter, gradient in zip(self._parameters(name), gradients, strict=True):
            parameter.grad = gradient
        self.optimizers[name].step()

    def _descend(self, name: str, loss: Tensor) -> None:
        """One step of the optimizer `name` down the loss."""
        self._update(name, self._gradients(name, loss))

    # Models and checkpoints: flat dicts of tensors

    def model(self) -> dict[str, Tensor]:
        """What is needed after training, and no more."""
        return _tensors(self.kept)

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what `model` gave; a missing or wrong tensor is a RuntimeError."""
        _load(self.kept, tensors)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on."""
        return _tensors(self.learned) | _moments(self.optimizers) | {"random": self.random.get_state()}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        _load(self.learned, tensors)
        _load_moments(self.optimizers, tensors)
        self.random.set_state(tensors["random"].cpu())


class ScikitFit:
    """A fit of scikit-learn's: one step on all training images, in which nothing is random.

    A method's class has `step`, which fills `tensors`, all that the fit came to, and `score`.
    """

    DETERMINISTIC = True
    ON_GPU = False
    LABELLED = False
    iterations = 1
    images_per_step = None  # all of them
    deviations: list[str] = []

    def __init__(
        self,
        settings: Mapping,
        shape: tuple[int, int, int],
        seed: int,
        device: str,
        weights: Sequence[str] = (),
        n_labels: int = 0,
    ):
        self.settings = settings
        self.tensors: dict[str, Tensor] = {}

    def model(self) -> dict[str, Tensor]:
        """What the fit came to."""
        return self.tensors

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what `model` gave."""
        self.tensors = dict(tensors)


def flat(images: Tensor) -> np.ndarray:
    """(B, C, S, S) -> (B, C*S*S) float64, what scikit-learn computes in."""
    return images.flatten(1).cpu().numpy().astype(np.float64)


def _kept(networks: nn.ModuleDict, names: Sequence[str]) -> dict[str, nn.Module]:
    return {name: networks[name] for name in names or networks}


def _tensors(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """`<module>.<parameter>` -> tensor, in the order of the modules; buffers included."""
    return {
        f"{name}.{key}": value
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }


def _load(modules: Mapping[str, nn.Module], tensors: Mapping[str, Tensor]) -> None:
    for name, module in modules.items():
        prefix = f"{name}."
        own = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        module.load_state_dict(own)


def _moments(optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    """`adam.<optimizer>.<index>.<moment>` -> tensor; empty before the first step."""
    return {
        f"adam.{name}.{index}.{moment}": value
        for name, optimizer in optimizers.items()
        for index, moments in optimizer.state_dict()["state"].items()
        for moment, value in moments.items()
    }


def _load_moments(optimizers: Mapping[str, Optimizer], tensors: Mapping[str, Tensor]) -> None:
    for name, optimizer in optimizers.items():
        prefix, state = f"adam.{name}.", {}
        for key, value in tensors.items():
            if key.startswith(prefix):
                index, moment = key.removeprefix(prefix).split(".")
                state.setdefault(int(index), {})[moment] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

"""Inception-v3 as a classifier of attributes, with which the conditional inception score (CIS) is computed.

DualVAE (Okamoto et al. 2019, Section 4) fine-tunes Inception-v3 (Szegedy et al. 2016) on training images and
their domains, with a new last layer of one output for each domain, and says no more of how. Here all layers
of torchvision's network learn, beginning from its weights for ImageNet. The auxiliary head, which helps a
training from scratch, is left out.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import Inception3

from encore.networks.dropout import Dropout
from encore.networks.labels import classification_loss
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)

PRETRAINED = ("inception_v3", "none")  # what the setting may say


def build_networks(settings: Mapping, n_labels: int, random: torch.Generator | None = None) -> nn.ModuleDict:
    """Inception-v3 with `n_labels` outputs, initialised as PyTorch does; `random` draws the dropout."""
    network = Inception3(num_classes=n_labels, aux_logits=False, init_weights=False)
    network.dropout = Dropout(settings["dropout"], random)
    return nn.ModuleDict({"inception": network})


def load_pretrained(network: nn.Module, path: str) -> None:
    """Fill all but the last layer from a file that the rule `weights` made."""
    network.load_state_dict(load_file(path) | network.fc.state_dict(prefix="fc."))


def prepare(x: Tensor, pixel_range: Sequence[float], side: int) -> Tensor:
    """Images as the published weights take them; (B, 1 or 3, S, S) in `pixel_range` -> (B, 3, side, side).

    The weights come from TensorFlow and take pixels in [-1, 1]. torchvision normalises by ImageNet's mean and
    standard deviation, as for its other networks, and `transform_input` of its network takes that back; here
    there is neither. A grey image is given to all three channels. The whole image is resized, where
    torchvision's evaluation enlarges it and crops its centre.
    """
    low, high = pixel_range
    x = (x - low) / (high - low) * 2 - 1
    resized = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
    return resized.expand(-1, 3, -1, -1)


class InceptionClassifier:
    """Inception-v3, fine-tuned to attributes. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = True
    SETTINGS = {
        "pretrained": "weights at the beginning, but for the last layer: inception_v3, torchvision's for "
        "ImageNet; none, random ones",
        "network_side": "side that images are resized to, pixels; at least 75",
        "dropout": "share of the last features that dropout zeroes",
        "iterations": "updates",
        "batch_size": "images a batch",
        "learning_rate": "Adam's step size, all layers",
        "betas": "Adam's decay rates of both moments",
    }

    def __init__(
        self,
        settings: Mapping,
        shape: tuple[int, int, int],
        seed: int,
        device: str,
        weights: Sequence[str] = (),
        *,
        n_labels: int,
    ):
        """A network for images of `shape` (C, S, S) with `n_labels` attributes, from `seed`, on `device`.

        weights: the file of pretrained weights, where the setting asks for it. ValueError for a setting that
        there is not.
        """
        self.settings = settings
        if settings["pretrained"] not in PRETRAINED:
            raise ValueError(
                f"pretrained: expected {' or '.join(PRETRAINED)}, found {settings['pretrained']!r}"
            )
        torch.manual_seed(seed)
        self.random = torch.Generator(device).manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = build_networks(settings, n_labels, self.random)
        self.inception = self.networks["inception"]
        if settings["pretrained"] != "none":
            load_pretrained(self.inception, weights[0])
        self.networks.to(device)
        self.optimizers = {
            "inception": torch.optim.Adam(
                self.inception.parameters(),
                lr=settings["learning_rate"],
                betas=tuple(settings["betas"]),
                fused=True,
            )
        }

    @property
    def deviations(self) -> list[str]:
        """What a result with these weights must declare."""
        random = self.settings["pretrained"] == "none"
        return ["Inception-v3 from random weights in place of those for ImageNet"] if random else []

    @property
    def iterations(self) -> int:
        """Updates."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes."""
        return self.settings["batch_size"]

    @staticmethod
    def model_bytes(settings: Mapping, channels: int, *, n_labels: int) -> int:
        """Size of what `model` gives, bytes, without making it; the same for grey and coloured images."""
        with torch.device("meta"):
            return modules_bytes(build_networks(settings, n_labels))

    def _logits(self, x: Tensor) -> Tensor:
        """f(x) of Algorithm 2; (B, 1 or 3, S, S) -> (B, n_labels)."""
        return self.inception(prepare(x, self.settings["pixel_range"], self.settings["network_side"]))

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One update on images `x` (images_per_step, C, S, S) and labels `y`; the loss as a 0-d tensor.

        y: (images_per_step, n_labels) of 0 and 1, NaN where one is missing.
        """
        self.networks.train()
        loss = classification_loss(self._logits(x), y)
        optimizer = self.optimizers["inception"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"classification": loss.detach()}

    # After training

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """How probable each attribute is, as logits; (B, C, S, S) -> (B, n_labels).

        No more images at once than a batch of training: resized, they take much memory.
        """
        self.networks.eval()
        return torch.cat([self._logits(part) for part in x.split(self.settings["batch_size"])])

    # State

    def model(self) -> dict[str, Tensor]:
        """What classifying needs."""
        return modules_state(self.networks)

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the network from what `model` gave."""
        load_modules(self.networks, tensors)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict."""
        state = modules_state(self.networks) | optimizer_state(self.optimizers)
        return state | {"random": self.random.get_state()}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        load_modules(self.networks, tensors)
        load_optimizer_state(self.optimizers, tensors)
        self.random.set_state(tensors["random"].cpu())

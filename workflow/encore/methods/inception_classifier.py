"""Inception-v3 as a classifier of attributes, with which the conditional inception score (CIS) is computed.

DualVAE (Okamoto et al. 2019, Section 4) fine-tunes Inception-v3 (Szegedy et al. 2016) on training images and
their domains, with a new last layer of one output for each domain, and says no more of how. Here all layers
of torchvision's network learn, beginning from its weights for ImageNet. The auxiliary head, which helps a
training from scratch, is left out.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import Inception3

from encore.methods.base import NetworkMethod
from encore.networks.dropout import Dropout
from encore.networks.labels import classification_loss
from encore.strict import ConfigError

SMALLEST_SIDE = 75  # pixels, below which nothing is left for the last layers


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


class InceptionClassifier(NetworkMethod):
    """Inception-v3, fine-tuned to attributes. Settings come from the paper's YAML; see SETTINGS."""

    LABELLED = True
    SETTINGS = {
        "pretrained": (
            ["inception_v3", "none"],
            "weights at the beginning, but for the last layer: inception_v3, torchvision's for ImageNet; "
            "none, random ones",
        ),
        "network_side": ("count", "side that images are resized to, pixels; at least 75"),
        "dropout": ("share", "share of the last features that dropout zeroes"),
        "iterations": ("count", "updates"),
        "batch_size": ("count", "images a batch"),
        "learning_rate": ("positive", "Adam's step size, all layers"),
        "betas": ("betas", "Adam's decay rates of both moments"),
    }

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.inception = self.networks["inception"]
        if settings["pretrained"] != "none":
            # All but the last layer, from a file that the rule `weights` made.
            published = load_file(weights[0])
            self.inception.load_state_dict(published | self.inception.fc.state_dict(prefix="fc."))
        self.optimizers = {"inception": self._adam(self.inception.parameters())}

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Inception-v3 with `n_labels` outputs, initialised as PyTorch does; `random` draws the dropout."""
        side = settings["network_side"]
        if side < SMALLEST_SIDE:
            raise ConfigError([f"network_side = {side}: Inception-v3 needs {SMALLEST_SIDE} pixels or more."])
        network = Inception3(num_classes=n_labels, aux_logits=False, init_weights=False)
        network.dropout = Dropout(settings["dropout"], random)
        return nn.ModuleDict({"inception": network})

    @property
    def deviations(self) -> list[str]:
        """What a result with these weights must declare."""
        random = self.settings["pretrained"] == "none"
        return ["Inception-v3 from random weights in place of those for ImageNet"] if random else []

    def _logits(self, x: Tensor) -> Tensor:
        """f(x) of Algorithm 2; (B, 1 or 3, S, S) -> (B, n_labels)."""
        return self.inception(prepare(x, self.settings["pixel_range"], self.settings["network_side"]))

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One update on images `x` (images_per_step, C, S, S) and labels `y`; the loss as a 0-d tensor.

        y: (images_per_step, n_labels) of 0 and 1, NaN where one is missing.
        """
        self.networks.train()
        loss = classification_loss(self._logits(x), y)
        self._descend("inception", loss)
        return {"classification": loss.detach()}

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """How probable each attribute is, as logits; (B, C, S, S) -> (B, n_labels).

        No more images at once than a batch of training: resized, they take much memory.
        """
        self.networks.eval()
        return torch.cat([self._logits(part) for part in x.split(self.settings["batch_size"])])

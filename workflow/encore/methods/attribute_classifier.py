"""A classifier of attributes: trained on the images and labels of a dataset, it says what edited images show.

IFcVAEGAN (Creswell et al. 2017, Section 4.2) judges its edits with a classifier that was trained apart from
it. In the released code that has the layers of the discriminator; here, with one output for each attribute.
Neither paper nor code says how it was trained.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.networks.ifcvaegan_64 import LAST_SIDE, Discriminator, check_side
from encore.networks.labels import classification_loss
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)


def build_networks(settings: Mapping, channels: int, n_labels: int) -> nn.ModuleDict:
    """The classifier of the settings, image (B, C, S, S) -> logits (B, n_labels)."""
    filters = settings["filters"]
    features, *_ = Discriminator(channels, filters)
    last = nn.Linear(filters[-1] * LAST_SIDE**2, n_labels)
    return nn.ModuleDict({"classifier": nn.Sequential(features, last)})


class AttributeClassifier:
    """A convolutional classifier of attributes. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = True
    SETTINGS = {
        "filters": "filters of the convolutions, each of which halves the side down to 4",
        "iterations": "updates",
        "batch_size": "images a batch",
        "learning_rate": "Adam's step size",
        "betas": "Adam's decay rates of both moments",
    }
    deviations: list[str] = []

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

        ValueError for images that do not fit.
        """
        self.settings = settings
        check_side(shape[1], settings["filters"])
        torch.manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = build_networks(settings, shape[0], n_labels).to(device)
        self.classifier = self.networks["classifier"]
        self.optimizers = {
            "classifier": torch.optim.Adam(
                self.classifier.parameters(),
                lr=settings["learning_rate"],
                betas=tuple(settings["betas"]),
                fused=True,
            )
        }

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
        """Size of what `model` gives, bytes, without making it."""
        with torch.device("meta"):
            return modules_bytes(build_networks(settings, channels, n_labels))

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One update on images `x` (images_per_step, C, S, S) and labels `y`; the loss as a 0-d tensor.

        y: (images_per_step, n_labels) of 0 and 1, NaN where one is missing.
        """
        loss = classification_loss(self.classifier(x), y)
        optimizer = self.optimizers["classifier"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"classification": loss.detach()}

    # After training

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """How probable each attribute is, as logits; (B, C, S, S) -> (B, n_labels)."""
        return self.classifier(x)

    # State

    def model(self) -> dict[str, Tensor]:
        """What classifying needs."""
        return modules_state(self.networks)

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the classifier from what `model` gave."""
        load_modules(self.networks, tensors)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict; no step draws random numbers."""
        return modules_state(self.networks) | optimizer_state(self.optimizers)

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        load_modules(self.networks, tensors)
        load_optimizer_state(self.optimizers, tensors)

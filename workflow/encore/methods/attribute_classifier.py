"""A classifier of attributes: trained on the images and labels of a dataset, it says what edited images show.

IFcVAEGAN (Creswell et al. 2017, Section 4.2) judges its edits with a classifier that was trained apart from
it. In the released code that has the layers of the discriminator; here, with one output for each attribute.
Neither paper nor code says how it was trained.
"""

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.ifcvaegan_discriminator import LAST_SIDE, Discriminator, check_side
from encore.networks.labels import classification_loss


class AttributeClassifier(NetworkMethod):
    """A convolutional classifier of attributes. Settings come from the paper's YAML; see SETTINGS."""

    LABELLED = True
    SETTINGS = {
        "filters": ("counts", "filters of the convolutions, each of which halves the side down to 4"),
        "iterations": ("count", "updates"),
        "batch_size": ("count", "images a batch"),
        "learning_rate": ("positive", "Adam's step size"),
        "betas": ("betas", "Adam's decay rates of both moments"),
    }

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.classifier = self.networks["classifier"]
        self.optimizers = {"classifier": self._adam(self.classifier.parameters())}

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """The classifier, image (B, C, S, S) -> logits (B, n_labels)."""
        channels, side, _ = shape
        filters = settings["filters"]
        check_side(side, filters)
        features, *_ = Discriminator(channels, filters)
        last = nn.Linear(filters[-1] * LAST_SIDE**2, n_labels)
        return nn.ModuleDict({"classifier": nn.Sequential(features, last)})

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One update on images `x` (images_per_step, C, S, S) and labels `y`; the loss as a 0-d tensor.

        y: (images_per_step, n_labels) of 0 and 1, NaN where one is missing.
        """
        loss = classification_loss(self.classifier(x), y)
        self._descend("classifier", loss)
        return {"classification": loss.detach()}

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """How probable each attribute is, as logits; (B, C, S, S) -> (B, n_labels)."""
        return self.classifier(x)

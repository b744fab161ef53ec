"""StarGAN (Choi et al. 2018), in the order of its Section 3.1. Numbers in brackets are the paper's equations.

A generator changes an image into one with the labels that it is told; a discriminator tells made images from
real ones, patch by patch, and finds their labels. A made image must have the labels that were asked for, and
become the image it was made from when that image's own labels are asked for. What the paper calls an L1 norm
(4) is a mean over pixels in the released code.

A missing label is treated as the paper treats one that a whole dataset lacks (Section 3.2): the generator is
told 0, and what the discriminator finds does not count. The mask vector (7), which says which dataset it is,
is left out.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.networks.augmentation import mirror
from encore.networks.labels import label_loss, with_label
from encore.networks.stargan import Discriminator, Generator, check_side
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)
from encore.networks.wgan_gp import gradient_penalty


def build_networks(settings: Mapping, channels: int, n_labels: int) -> nn.ModuleDict:
    """G and D of the settings for images with `channels` channels."""
    return nn.ModuleDict(
        {
            "generator": Generator(
                channels, settings["generator_filters"], settings["residual_blocks"], n_labels
            ),
            "discriminator": Discriminator(
                channels, settings["discriminator_filters"], n_labels, settings["image_size"]
            ),
        }
    )


def decayed_rate(settings: Mapping, updates: int) -> float:
    """Adam's step size after `updates` updates of D: a share of the first is taken away again and again."""
    every = settings["decay_every"]
    total = settings["n_critic"] * settings["iterations"]
    unchanged = max(0, total - settings["decay_updates"])
    decays = max(0, updates // every - unchanged // every)
    return settings["learning_rate"] * max(0.0, 1 - decays * settings["decay_share"])


class StarGAN:
    """Multi-domain translation by one generator. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = True
    SETTINGS = {
        "generator_filters": "filters of G: first convolution, then each that halves the side",
        "residual_blocks": "residual blocks of G at its smallest side",
        "discriminator_filters": "filters of D's convolutions, each of which halves the side",
        "iterations": "updates of G",
        "batch_size": "images a batch",
        "n_critic": "updates of D for each update of G",
        "mirror": "probability with which a training image is mirrored left to right",
        "learning_rate": "Adam's step size at the beginning, both networks",
        "betas": "Adam's decay rates of both moments",
        "decay_updates": "the last updates of D, in which the step size decays",
        "decay_every": "updates of D between two decays",
        "decay_share": "share of the first step size that each decay takes away",
        "gradient_penalty_weight": "lambda_gp of (8)",
        "classification_weight": "lambda_cls of (5) and (6)",
        "reconstruction_weight": "lambda_rec of (6)",
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
        """Networks for images of `shape` (C, S, S), initialised and drawing from `seed`, on `device`."""
        self.settings, self.device = settings, device
        check_side(shape[1], settings["generator_filters"], settings["discriminator_filters"])
        torch.manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = build_networks(settings, shape[0], n_labels).to(device)
        self.G, self.D = self.networks.values()
        adam = {"lr": settings["learning_rate"], "betas": tuple(settings["betas"]), "fused": True}
        self.optimizers = {
            "discriminator": torch.optim.Adam(self.D.parameters(), **adam),
            "generator": torch.optim.Adam(self.G.parameters(), **adam),
        }
        self.random = torch.Generator(device).manual_seed(seed)
        self.updates = 0  # of D

    @property
    def iterations(self) -> int:
        """Updates of G."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for each update of D; G learns from the last of them."""
        return self.settings["n_critic"] * self.settings["batch_size"]

    @staticmethod
    def model_bytes(settings: Mapping, channels: int, *, n_labels: int) -> int:
        """Size of what `model` gives, bytes, without making it."""
        with torch.device("meta"):
            return modules_bytes(build_networks(settings, channels, n_labels)["generator"])

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """n_critic updates of D and one of G on `x` (images_per_step, C, S, S) in [-1, 1] and labels `y`.

        y: (images_per_step, n_labels) of 0 and 1, NaN where one is missing. Gives the losses as 0-d tensors.
        """
        x = mirror(x, self.settings["mirror"], self.random)
        size = self.settings["batch_size"]
        for images, own in zip(x.split(size), y.split(size), strict=True):
            for optimizer in self.optimizers.values():
                optimizer.param_groups[0]["lr"] = decayed_rate(self.settings, self.updates)
            # Target labels are those of other images of the batch.
            target = own[torch.randperm(len(own), generator=self.random, device=self.device)]
            losses = self._update_discriminator(images, own, target)
            self.updates += 1
        losses |= self._update_generator(images, own, target)
        return {name: value.detach() for name, value in losses.items()}

    def _update_discriminator(self, x: Tensor, own: Tensor, target: Tensor) -> dict[str, Tensor]:
        """D on images with their `own` labels and images made for `target`, by L_D (5) with L_adv of (8)."""
        with torch.no_grad():
            made = self.G(x, target)
        source, logits = self.D(x)
        mix = torch.rand(len(x), generator=self.random, device=self.device)
        penalty = gradient_penalty(lambda v: self.D(v)[0], x, made, mix)
        critic = self.D(made)[0].mean() - source.mean() + self.settings["gradient_penalty_weight"] * penalty
        classification = label_loss(logits, own)  # (2)
        self._update("discriminator", critic + self.settings["classification_weight"] * classification)
        return {"critic": critic, "classification_real": classification}

    def _update_generator(self, x: Tensor, own: Tensor, target: Tensor) -> dict[str, Tensor]:
        """G on the same images and labels, by L_G (6)."""
        made = self.G(x, target)
        source, logits = self.D(made)
        adversarial = -source.mean()  # (8); its other terms have no gradient
        classification = label_loss(logits, target)  # (3)
        reconstruction = (x - self.G(made, own)).abs().mean()  # (4)
        loss = (
            adversarial
            + self.settings["classification_weight"] * classification
            + self.settings["reconstruction_weight"] * reconstruction
        )
        self._update("generator", loss)
        return {
            "adversarial": adversarial,
            "classification_fake": classification,
            "reconstruction": reconstruction,
        }

    def _update(self, name: str, loss: Tensor) -> None:
        """One step of the optimizer `name` down the loss."""
        parameters = self.optimizers[name].param_groups[0]["params"]
        gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizers[name].step()

    # After training

    @torch.no_grad()
    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """Images with the attribute `domain` set to `value`; (B, C, S, S) -> the same shape, in [-1, 1].

        y: (B, n_labels), the labels that the images have, NaN where one is missing.
        """
        return self.G(x, with_label(y, domain, value))

    # State

    def model(self) -> dict[str, Tensor]:
        """What editing needs, and no more."""
        return modules_state({"generator": self.G})

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the generator from what `model` gave."""
        load_modules({"generator": self.G}, tensors)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict."""
        counters = {"updates": torch.tensor(self.updates), "random": self.random.get_state()}
        return modules_state(self.networks) | optimizer_state(self.optimizers) | counters

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        load_modules(self.networks, tensors)
        load_optimizer_state(self.optimizers, tensors)
        self.updates = int(tensors["updates"])
        self.random.set_state(tensors["random"].cpu())

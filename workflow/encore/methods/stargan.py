"""StarGAN (Choi et al. 2018), in the order of its Section 3.1. Numbers in brackets are the paper's equations.

A generator changes an image into one with the labels that it is told; a discriminator tells made images from
real ones, patch by patch, and finds their labels. A made image must have the labels that were asked for, and
become the image it was made from when that image's own labels are asked for. What the paper calls an L1 norm
(4) is a mean over pixels in the released code.

A missing label is treated as the paper treats one that a whole dataset lacks (Section 3.2): the generator is
told 0, and what the discriminator finds does not count. The mask vector (7), which says which dataset it is,
is left out.

The networks are those of Tables 4 and 5, as the released code has them. Weights are PyTorch's default. The
code's instance norms also gather running statistics, and the code never uses them: they are left out here, so
that a network does the same in training and after it.
"""

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.augmentation import mirror
from encore.networks.labels import label_loss, with_label
from encore.networks.wgan_gp import gradient_penalty
from encore.strict import ConfigError

NEGATIVE_SLOPE = 0.01  # of the discriminator's Leaky ReLUs
KERNEL = {"kernel_size": 4, "stride": 2, "padding": 1}  # of every convolution that halves or doubles the side

# --- networks ----------------------------------------------------------------------------------------


def check_side(side: int, generator_filters: Sequence[int], discriminator_filters: Sequence[int]) -> None:
    """ConfigError for images that these networks do not fit."""
    smallest = 2 ** (len(generator_filters) - 1)
    # A norm over the one pixel of an instance would leave nothing of it.
    if side % smallest or side == smallest:
        raise ConfigError(
            [
                f"image_size = {side}: generator_filters = {generator_filters} need a multiple of {smallest} "
                f"pixels, and more than {smallest}."
            ]
        )
    if side % 2 ** len(discriminator_filters):
        raise ConfigError(
            [
                f"image_size = {side}: discriminator_filters = {discriminator_filters} need a multiple of "
                f"{2 ** len(discriminator_filters)} pixels."
            ]
        )


def _norm(filters: int) -> nn.Module:
    return nn.InstanceNorm2d(filters, affine=True)


class ResidualBlock(nn.Sequential):
    """x + norm(conv(relu(norm(conv(x))))), (B, filters, H, W) -> the same shape."""

    def __init__(self, filters: int):
        super().__init__(
            nn.Conv2d(filters, filters, 3, padding=1, bias=False),
            _norm(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, padding=1, bias=False),
            _norm(filters),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class Generator(nn.Sequential):
    """(image (B, C, S, S), labels (B, n_labels)) -> image (B, C, S, S) in [-1, 1].

    Labels enter as constant maps beside the image's channels, missing ones (NaN) as 0. filters: of the first
    convolution, then of each that halves the side; those that double it mirror them.
    """

    def __init__(self, channels: int, filters: Sequence[int], residual_blocks: int, n_labels: int):
        first, last = filters[0], filters[-1]
        # Zeros are padded, not reflections: but for the border, the first norm takes a constant map away.
        super().__init__(
            nn.Sequential(
                nn.Conv2d(channels + n_labels, first, 7, padding=3, bias=False), _norm(first), nn.ReLU()
            ),
            *(
                nn.Sequential(nn.Conv2d(a, b, **KERNEL, bias=False), _norm(b), nn.ReLU())
                for a, b in itertools.pairwise(filters)
            ),
            *(ResidualBlock(last) for _ in range(residual_blocks)),
            *(
                nn.Sequential(nn.ConvTranspose2d(a, b, **KERNEL, bias=False), _norm(b), nn.ReLU())
                for a, b in itertools.pairwise(filters[::-1])
            ),
            nn.Sequential(nn.Conv2d(first, channels, 7, padding=3, bias=False), nn.Tanh()),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        maps = y.nan_to_num()[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return super().forward(torch.cat([x, maps], dim=1))


class Discriminator(nn.Module):
    """image (B, C, S, S) -> D_src (B, 1, s, s), a critic of each patch, and D_cls (B, n_labels), logits.

    filters: of the convolutions, each of which halves the side, down to s = S / 2^len(filters).
    """

    def __init__(self, channels: int, filters: Sequence[int], n_labels: int, side: int):
        super().__init__()
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, **KERNEL), nn.LeakyReLU(NEGATIVE_SLOPE))
                for a, b in itertools.pairwise([channels, *filters])
            )
        )
        self.source = nn.Conv2d(filters[-1], 1, 3, padding=1, bias=False)
        self.classes = nn.Conv2d(filters[-1], n_labels, side // 2 ** len(filters), bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.layers(x)
        return self.source(features), self.classes(features).flatten(1)


# --- the method --------------------------------------------------------------------------------------


def decayed_rate(settings: Mapping, updates: int) -> float:
    """Adam's step size after `updates` updates of D: a share of the first is taken away again and again."""
    every = settings["decay_every"]
    total = settings["n_critic"] * settings["iterations"]
    unchanged = max(0, total - settings["decay_updates"])
    decays = max(0, updates // every - unchanged // every)
    return settings["learning_rate"] * max(0.0, 1 - decays * settings["decay_share"])


class StarGAN(NetworkMethod):
    """Multi-domain translation by one generator. Settings come from the paper's YAML; see SETTINGS."""

    LABELLED = True
    SETTINGS = {
        "generator_filters": ("counts", "filters of G: first convolution, then each that halves the side"),
        "residual_blocks": ("whole", "residual blocks of G at its smallest side"),
        "discriminator_filters": ("counts", "filters of D's convolutions, each of which halves the side"),
        "iterations": ("count", "updates of G"),
        "batch_size": ("count", "images a batch"),
        "n_critic": ("count", "updates of D for each update of G"),
        "mirror": ("probability", "probability with which a training image is mirrored left to right"),
        "learning_rate": ("positive", "Adam's step size at the beginning, both networks"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "decay_updates": ("whole", "the last updates of D, in which the step size decays"),
        "decay_every": ("count", "updates of D between two decays"),
        "decay_share": ("probability", "share of the first step size that each decay takes away"),
        "gradient_penalty_weight": ("nonnegative", "lambda_gp of (8)"),
        "classification_weight": ("nonnegative", "lambda_cls of (5) and (6)"),
        "reconstruction_weight": ("nonnegative", "lambda_rec of (6)"),
    }
    KEPT = ("generator",)

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.G, self.D = self.networks.values()
        self.optimizers = {
            "discriminator": self._adam(self.D.parameters()),
            "generator": self._adam(self.G.parameters()),
        }
        self.updates = 0  # of D

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """G and D."""
        channels, side, _ = shape
        filters, of_d = settings["generator_filters"], settings["discriminator_filters"]
        check_side(side, filters, of_d)
        return nn.ModuleDict(
            {
                "generator": Generator(channels, filters, settings["residual_blocks"], n_labels),
                "discriminator": Discriminator(channels, of_d, n_labels, side),
            }
        )

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for each update of D; G learns from the last of them."""
        return self.settings["n_critic"] * self.settings["batch_size"]

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
        self._descend("discriminator", critic + self.settings["classification_weight"] * classification)
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
        self._descend("generator", loss)
        return {
            "adversarial": adversarial,
            "classification_fake": classification,
            "reconstruction": reconstruction,
        }

    # After training

    @torch.no_grad()
    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """Images with the attribute `domain` set to `value`; (B, C, S, S) -> the same shape, in [-1, 1].

        y: (B, n_labels), the labels that the images have, NaN where one is missing.
        """
        return self.G(x, with_label(y, domain, value))

    # State

    def state(self) -> dict[str, Tensor]:
        """As of every method, and the updates of D, on which the step size depends."""
        return super().state() | {"updates": torch.tensor(self.updates)}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        super().load_state(tensors)
        self.updates = int(tensors["updates"])

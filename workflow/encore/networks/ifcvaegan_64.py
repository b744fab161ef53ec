"""IFcVAEGAN's networks for images of 64 x 64 pixels (Creswell et al. 2017), as its released code has them: an
encoder of images into a latent and a label, a decoder, a discriminator of images, and an auxiliary network
that guesses the label from the latent. The paper prints no layers.

Filters are arguments, so that smaller images have smaller networks of the same kind: every layer of filters
halves or doubles the side, between that of the image and 4 pixels.

All give logits, of which the released code takes the sigmoid at once. It also has a bias before every batch
norm, which takes it away again. Its gradient is nothing but rounding, out of which RMSprop makes steps of
full size: it is left out here.
"""

import itertools
import math

import torch
from torch import Tensor, nn

LAST_SIDE = 4  # pixels, of the encoder's last and the decoder's first map


def check_side(side: int, filters: list[int]) -> None:
    """ValueError for images that networks with these filters do not fit."""
    fitting = LAST_SIDE * 2 ** len(filters)
    if side != fitting:
        raise ValueError(
            f"image_size = {side}: networks with {len(filters)} layers of filters need {fitting} pixels."
        )


def initialise(network: nn.Module) -> nn.Module:
    """PyTorch 0.3's own initialisation, which the released code leaves as it is.

    Weights and biases from U(-1/sqrt(n), 1/sqrt(n)) with n = inputs of a layer times the area of its kernel;
    scales of batch norms from U(0, 1), shifts 0. Later versions count the outputs of a transposed convolution
    for n and let scales begin at 1.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            bound = 1 / math.sqrt(_fan_in(module))
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight)
    return network


def _fan_in(module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> int:
    if isinstance(module, nn.Linear):
        return module.in_features
    return module.in_channels * math.prod(module.kernel_size)


def _features(channels: int, filters: list[int]) -> nn.Sequential:
    """image (B, C, S, S) -> (B, 16 filters[-1]); what encoder and discriminator have alike, each its own."""
    layers = [
        nn.Sequential(nn.Conv2d(a, b, 5, stride=2, padding=2), nn.ReLU())
        for a, b in itertools.pairwise([channels, *filters])
    ]
    return nn.Sequential(*layers, nn.Flatten())


class Encoder(nn.Module):
    """E_phi: image (B, C, S, S) -> mean, log variance of q(z | x), (B, latent), and logit of y_hat, (B, 1).

    label_features: "shared", losses of y_hat reach all of E_y,phi; "detached", its last layer alone.
    """

    def __init__(self, channels: int, filters: list[int], latent: int, label_features: str):
        super().__init__()
        self.features = _features(channels, filters)
        units = filters[-1] * LAST_SIDE**2
        self.mean, self.log_variance = nn.Linear(units, latent), nn.Linear(units, latent)
        self.label = nn.Linear(units, 1)
        self.detached = label_features == "detached"

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.features(x)
        label = self.label(features.detach() if self.detached else features)
        return self.mean(features), self.log_variance(features), label


class Decoder(nn.Module):
    """D_theta: label y (B, 1) and latent z (B, latent) -> logits of the pixels, (B, C, S, S).

    filters: those of the encoder, which are passed in reverse.
    """

    def __init__(self, latent: int, filters: list[int], channels: int):
        super().__init__()
        first, *others = reversed(filters)
        self.first = nn.Sequential(
            nn.Linear(1 + latent, first * LAST_SIDE**2),
            nn.ReLU(),
            nn.Unflatten(1, (first, LAST_SIDE, LAST_SIDE)),
        )
        self.layers = nn.Sequential(
            *(
                nn.Sequential(_double(a, b, bias=False), nn.BatchNorm2d(b), nn.ReLU())
                for a, b in itertools.pairwise([first, *others])
            )
        )
        self.last = _double(filters[0], channels)

    def forward(self, y: Tensor, z: Tensor) -> Tensor:
        return self.last(self.layers(self.first(torch.cat([y, z], dim=1))))


def _double(in_filters: int, out_filters: int, bias: bool = True) -> nn.Module:
    """A transposed convolution that doubles the side."""
    return nn.ConvTranspose2d(in_filters, out_filters, 3, stride=2, padding=1, output_padding=1, bias=bias)


class Discriminator(nn.Sequential):
    """C_chi: image (B, C, S, S) -> logit of its being real, (B,)."""

    def __init__(self, channels: int, filters: list[int]):
        super().__init__(
            _features(channels, filters), nn.Linear(filters[-1] * LAST_SIDE**2, 1), nn.Flatten(0)
        )


class Auxiliary(nn.Sequential):
    """A_psi: latent z (B, latent) -> logit of y_tilde, (B, 1); units: of the hidden layers."""

    def __init__(self, latent: int, units: list[int]):
        layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise([latent, *units])]
        super().__init__(*layers, nn.Linear(units[-1], 1))

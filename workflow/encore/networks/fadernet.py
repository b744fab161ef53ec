"""The networks of Fader Networks (Lample et al. 2017, Section 4), as the released code has them: an encoder,
a decoder that is told the attributes at every layer, and a discriminator that must find them in the latent.

Channels and filters are arguments, so that smaller images have smaller networks of the same kind. Weights are
PyTorch's default. The released code also has a bias before every batch norm, which takes it away again: it is
left out here, as in `encore.networks.efficientgan_mnist`.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from encore.networks.dropout import Dropout

NEGATIVE_SLOPE = 0.2  # of the encoder's and the discriminator's Leaky ReLUs (Section 4)
KERNEL = {"kernel_size": 4, "stride": 2, "padding": 1}  # of every convolution (Section 4)


def check_side(side: int, filters: Sequence[int], discriminator_filters: Sequence[int]) -> None:
    """ValueError for images that these networks do not fit."""
    reached = 2 ** (len(filters) + len(discriminator_filters))
    if side != reached:
        raise ValueError(
            f"filters = {filters} and discriminator_filters = {discriminator_filters} halve images of "
            f"{reached} pixels to one, images have {side}."
        )


def attribute_code(y: Tensor) -> Tensor:
    """Labels (B, n) -> (B, 2n), two numbers a label: [1, 0] for 0, [0, 1] for 1, [0, 0] if missing (NaN)."""
    return torch.stack([1 - y, y], dim=2).flatten(1).nan_to_num()


def _halve(in_filters: int, out_filters: int) -> nn.Sequential:
    """A layer of the encoder or the discriminator, to half the side."""
    return nn.Sequential(
        nn.Conv2d(in_filters, out_filters, **KERNEL, bias=False),
        nn.BatchNorm2d(out_filters),
        nn.LeakyReLU(NEGATIVE_SLOPE),
    )


class Encoder(nn.Sequential):
    """image (B, C, S, S) -> z (B, filters[-1], s, s), s = S / 2^len(filters); the first layer has no norm."""

    def __init__(self, channels: int, filters: Sequence[int]):
        super().__init__(
            nn.Sequential(nn.Conv2d(channels, filters[0], **KERNEL), nn.LeakyReLU(NEGATIVE_SLOPE)),
            *(_halve(a, b) for a, b in itertools.pairwise(filters)),
        )


class Decoder(nn.ModuleList):
    """(z of an `Encoder` with these filters, labels (B, n_labels)) -> image (B, C, S, S) in [-1, 1]."""

    def __init__(self, channels: int, filters: Sequence[int], n_labels: int):
        code = 2 * n_labels
        inner = (
            nn.Sequential(nn.ConvTranspose2d(a + code, b, **KERNEL, bias=False), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in itertools.pairwise(filters[::-1])
        )
        last = nn.ConvTranspose2d(filters[0] + code, channels, **KERNEL, bias=False)
        super().__init__([*inner, nn.Sequential(last, nn.Tanh())])

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        code = attribute_code(y)[:, :, None, None]
        for layer in self:
            z = layer(torch.cat([z, code.expand(-1, -1, *z.shape[2:])], dim=1))
        return z


class LatentDiscriminator(nn.Sequential):
    """z -> (B, n_labels), the logit of each label's being 1.

    in_filters: maps of z; filters: of the convolutions, which take z to one pixel; units: of the hidden dense
    layer; p: of every dropout; random: draws its masks, None where nothing is trained.

    A label has two outputs, as in the released code; their difference is the logit of their softmax.
    """

    def __init__(
        self,
        in_filters: int,
        filters: Sequence[int],
        units: int,
        n_labels: int,
        p: float,
        random: torch.Generator | None,
    ):
        super().__init__(
            *(
                nn.Sequential(_halve(a, b), Dropout(p, random))
                for a, b in itertools.pairwise([in_filters, *filters])
            ),
            nn.Sequential(nn.Flatten(), nn.Linear(filters[-1], units), nn.LeakyReLU(NEGATIVE_SLOPE)),
            nn.Sequential(nn.Linear(units, 2 * n_labels), nn.Unflatten(1, (n_labels, 2))),
        )

    def forward(self, z: Tensor) -> Tensor:
        of_0, of_1 = super().forward(z).unbind(dim=2)
        return of_1 - of_0

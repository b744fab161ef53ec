"""An encoder and a decoder of residual blocks, mirror images of each other, and the likelihood of an image.

No paper prints them. Methods share them whose paper prints no networks, so that what sets those methods apart
is how they learn. There is no normalisation: what becomes of an image depends neither on the images beside it
nor on whether the networks are training. Weights begin as PyTorch has them by default.
"""

import itertools
import math
from collections.abc import Sequence

from torch import Tensor, nn

from encore.networks.residual import NEGATIVE_SLOPE, PreActivationBlock
from encore.strict import ConfigError


def innermost_side(side: int, filters: Sequence[int]) -> int:
    """Side of the smallest map, pixels: each entry of `filters` halves the image's side once.

    ConfigError for a side that cannot be halved so often.
    """
    divisor = 2 ** len(filters)
    if side % divisor:
        raise ConfigError(
            [
                f"image_size = {side}: these networks, with {len(filters)} filters, need a multiple of "
                f"{divisor} pixels."
            ]
        )
    return side // divisor


class ResidualEncoder(nn.Sequential):
    """image (B, C, S, S) -> (B, out), linear; filters: of the blocks, each of which halves the side."""

    def __init__(self, channels: int, filters: Sequence[int], out: int, side: int):
        inner = innermost_side(side, filters)
        super().__init__(
            nn.Conv2d(channels, filters[0], 3, padding=1),
            *(PreActivationBlock(a, b, "down") for a, b in itertools.pairwise([filters[0], *filters])),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Flatten(),
            nn.Linear(filters[-1] * inner**2, out),
        )


class ResidualDecoder(nn.Sequential):
    """z (B, latent) -> image (B, C, S, S) in [0, 1], a sigmoid; filters: the encoder's, in its order."""

    def __init__(self, latent: int, filters: Sequence[int], channels: int, side: int):
        inner = innermost_side(side, filters)
        outwards = [*reversed(filters), filters[0]]
        super().__init__(
            nn.Linear(latent, filters[-1] * inner**2),
            nn.Unflatten(1, (filters[-1], inner, inner)),
            *(PreActivationBlock(a, b, "up") for a, b in itertools.pairwise(outwards)),
            nn.LeakyReLU(NEGATIVE_SLOPE),
            nn.Conv2d(filters[0], channels, 3, padding=1),
            nn.Sigmoid(),
        )


def gaussian_log_likelihood(x: Tensor, mean: Tensor, deviation: float) -> Tensor:
    """log N(x; mean, deviation^2 I), nats, a deviation for all pixels; twice (B, C, S, S) -> (B,)."""
    scaled = ((x - mean) / deviation).square()
    return -(scaled + math.log(2 * math.pi * deviation**2)).flatten(1).sum(dim=1) / 2

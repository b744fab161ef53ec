"""IFcVAEGAN's discriminator (Creswell et al. 2017), as its released code has it for images of 64 x 64 pixels.
The paper prints no layers.

Filters are arguments, so that smaller images have smaller networks of the same kind: every layer of filters
halves the side, from that of the image down to 4 pixels.
"""

import itertools
from collections.abc import Sequence

from torch import nn

from encore.strict import ConfigError

LAST_SIDE = 4  # pixels, of the last map


def check_side(side: int, filters: Sequence[int]) -> None:
    """ConfigError for images that networks with these filters do not fit."""
    fitting = LAST_SIDE * 2 ** len(filters)
    if side != fitting:
        raise ConfigError(
            [f"image_size = {side}: networks with {len(filters)} layers of filters need {fitting} pixels."]
        )


def features(channels: int, filters: Sequence[int]) -> nn.Sequential:
    """image (B, C, S, S) -> (B, 16 filters[-1]), as encoder and discriminator have them, each its own."""
    layers = [
        nn.Sequential(nn.Conv2d(a, b, 5, stride=2, padding=2), nn.ReLU())
        for a, b in itertools.pairwise([channels, *filters])
    ]
    return nn.Sequential(*layers, nn.Flatten())


class Discriminator(nn.Sequential):
    """C_chi: image (B, C, S, S) -> logit of its being real, (B,)."""

    def __init__(self, channels: int, filters: Sequence[int]):
        super().__init__(features(channels, filters), nn.Linear(filters[-1] * LAST_SIDE**2, 1), nn.Flatten(0))

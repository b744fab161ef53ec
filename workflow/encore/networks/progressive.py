"""Networks that grow from 4 x 4 pixels on (Karras et al. 2018), as Reverse-VAE's released code has them.

A stage doubles the side: stage 0 has 4 pixels, stage s 4 * 2^s. While a new stage fades in, what it adds is
mixed with what the stage before would have given, by a weight that rises from 0 to 1. All stages are there
from the start; a network at stage s uses those up to s.

The weights of convolutions are drawn from N(0, 1) and scaled when they are used, so that Adam moves all of
them alike (equalised learning rate); linear layers are plain ones, as in that code.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encore.strict import ConfigError

FIRST = 4  # side at stage 0, pixels
# Constants of the released code.
NEGATIVE_SLOPE = 0.2
EPSILON = 1e-8


def stages_of(side: int) -> int:
    """How many stages lead to images of `side` pixels; ConfigError for sides that are not 4, 8, 16 ..."""
    stages = side.bit_length() - 2
    if side < FIRST or side != FIRST << (stages - 1):
        raise ConfigError([f"image_size = {side}: networks that grow need 4, 8, 16, 32 ... pixels."])
    return stages


# --- layers ------------------------------------------------------------------------------------------


class EqualisedConv2d(nn.Conv2d):
    """A convolution that keeps the side: weights from N(0, 1), used times sqrt(2 / fan-in); biases 0."""

    def __init__(self, before: int, after: int, kernel: int):
        super().__init__(before, after, kernel, padding=kernel // 2)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)
        self.gain = (2 / self.weight[0].numel()) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, S, S) -> (B, after, S, S)."""
        return F.conv2d(x, self.weight * self.gain, self.bias, padding=self.padding)


class PixelNorm(nn.Module):
    """Every pixel's features divided by the root of their mean square."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, S, S) -> the same shape."""
        return x / (x.square().mean(dim=1, keepdim=True) + EPSILON).sqrt()


class MinibatchDeviation(nn.Module):
    """One more map: the standard deviation over the batch, mean over all features and pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, S, S) -> (B, C + 1, S, S)."""
        deviation = (x.var(dim=0, correction=0) + EPSILON).sqrt().mean()
        return torch.cat([x, deviation.expand(len(x), 1, *x.shape[2:])], dim=1)


def leaky_relu() -> nn.Module:
    """Leaky ReLU with the code's slope."""
    return nn.LeakyReLU(NEGATIVE_SLOPE)


def shrunk(x: Tensor, side: int) -> Tensor:
    """Images (B, C, S, S) to (B, C, side, side), S a multiple of side: of each square its middle pixel."""
    step = x.shape[-1] // side
    return x[..., step // 2 :: step, step // 2 :: step]


def doubled(x: Tensor) -> Tensor:
    """(B, C, S, S) -> (B, C, 2S, 2S), each pixel four times."""
    return F.interpolate(x, scale_factor=2)


# --- networks ----------------------------------------------------------------------------------------


class GrowingGenerator(nn.Module):
    """z (B, latent) -> image (B, C, S, S), linear; filters: of each stage's convolutions."""

    def __init__(self, latent: int, filters: list[int], channels: int):
        super().__init__()
        first = filters[0]
        start = [
            nn.Linear(latent, first * FIRST**2),
            leaky_relu(),
            nn.Unflatten(1, (first, FIRST, FIRST)),
            *_conv_norm(first, first),
        ]
        later = [
            nn.Sequential(
                nn.UpsamplingNearest2d(scale_factor=2), *_conv_norm(before, after), *_conv_norm(after, after)
            )
            for before, after in itertools.pairwise(filters)
        ]
        self.blocks = nn.ModuleList([nn.Sequential(*start), *later])
        self.colours = nn.ModuleList(EqualisedConv2d(own, channels, 1) for own in filters)

    def forward(self, z: Tensor, stage: int, fade: float = 1.0) -> Tensor:
        """Images of 4 * 2^stage pixels; fade: the newest stage's share of them."""
        before, x = z, self.blocks[0](z)
        for block in self.blocks[1 : stage + 1]:
            before, x = x, block(x)
        image = self.colours[stage](x)
        if not stage:
            return image
        return fade * image + (1 - fade) * doubled(self.colours[stage - 1](before))


class GrowingEncoder(nn.Module):
    """image (B, C, S, S) -> (B, out), linear; filters: of each stage, as its generator has them.

    critic: -> (B,), and the last block sees the minibatch deviation; `out` is then 1.
    """

    def __init__(self, channels: int, filters: list[int], out: int, critic: bool):
        super().__init__()
        first = filters[0]
        last = [
            *([MinibatchDeviation()] if critic else []),
            *_conv(first + critic, first),
            nn.Flatten(),
            nn.Linear(first * FIRST**2, first),
            leaky_relu(),
            nn.Linear(first, out),
            *([nn.Flatten(0)] if critic else []),
        ]
        later = [
            nn.Sequential(*_conv(own, own), *_conv(own, below), nn.AvgPool2d(2))
            for below, own in itertools.pairwise(filters)
        ]
        self.blocks = nn.ModuleList([nn.Sequential(*last), *later])
        self.colours = nn.ModuleList(
            nn.Sequential(EqualisedConv2d(channels, own, 1), leaky_relu()) for own in filters
        )

    def forward(self, x: Tensor, stage: int, fade: float = 1.0) -> Tensor:
        """Of images of 4 * 2^stage pixels; fade: the newest stage's share of what the stage below sees."""
        y = self.colours[stage](x)
        for number in range(stage, 0, -1):
            y = self.blocks[number](y)
            if number == stage:
                y = fade * y + (1 - fade) * self.colours[stage - 1](F.avg_pool2d(x, 2))
        return self.blocks[0](y)


def in_use(network: GrowingGenerator | GrowingEncoder, stage: int) -> list[nn.Parameter]:
    """The parameters that a stage learns: of the blocks up to it, its colours, and those it fades from."""
    blocks, colours = network.blocks[: stage + 1], network.colours[max(0, stage - 1) : stage + 1]
    return [parameter for part in (blocks, colours) for parameter in part.parameters()]


def _conv(before: int, after: int) -> list[nn.Module]:
    return [EqualisedConv2d(before, after, 3), leaky_relu()]


def _conv_norm(before: int, after: int) -> list[nn.Module]:
    return [*_conv(before, after), PixelNorm()]

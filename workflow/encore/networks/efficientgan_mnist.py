"""EfficientGAN's generator and encoder for MNIST (Zenati et al. 2018), as its released code has them, and the
parts of its discriminators.

Sides and filters are arguments, so that smaller or larger images have networks of the same kind. For MNIST's,
two layers halve or double the side; for larger ones there are more such layers, a number of filters each.

The released code also has a bias before every batch norm, which takes it away again. Its gradient is nothing
but rounding, out of which Adam makes steps of full size, and the running means that scores rest on lag behind
them: it is left out here.
"""

import itertools

from torch import nn

from encore.strict import ConfigError

# Constants of the released code, and of TensorFlow where the code leaves its defaults.
NEGATIVE_SLOPE = 0.1
WEIGHT_STD = 0.02
BATCH_NORM = {"eps": 1e-3, "momentum": 0.01}  # PyTorch's momentum is the weight of the newest batch

OUTPUTS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "linear": nn.Identity}


def initialise(network: nn.Module) -> nn.Module:
    """Weights from N(0, 0.02^2), biases 0; batch norms keep scale 1 and shift 0."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(module.weight, std=WEIGHT_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def smallest_map(side: int, halvings: int) -> int:
    """Its side, pixels, after so many halvings; ConfigError for images that do not fit."""
    shrink = 2**halvings
    if side % shrink:
        raise ConfigError([f"image_size = {side}: these networks need a multiple of {shrink} pixels."])
    return side // shrink


def leaky_relu() -> nn.Module:
    """Leaky ReLU with the code's slope."""
    return nn.LeakyReLU(NEGATIVE_SLOPE)


class ConvSame(nn.Sequential):
    """A convolution with TensorFlow's padding "same", which puts an odd pixel at the right and the bottom."""

    def __init__(self, in_filters: int, out_filters: int, kernel: int, stride: int, bias: bool = True):
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
        super().__init__(
            nn.ZeroPad2d((before, after, before, after)),
            nn.Conv2d(in_filters, out_filters, kernel, stride, bias=bias),
        )


class Generator(nn.Sequential):
    """z (B, latent) -> image (B, C, S, S) in the range of its `output`, one of OUTPUTS.

    filters: of the second layer, which makes the smallest map, then of each transposed convolution but the
    last.
    """

    def __init__(self, latent: int, units: int, filters: list[int], channels: int, side: int, output: str):
        first, last = filters[0], filters[-1]
        inner = smallest_map(side, len(filters))
        super().__init__(
            nn.Sequential(
                nn.Linear(latent, units, bias=False), nn.BatchNorm1d(units, **BATCH_NORM), nn.ReLU()
            ),
            nn.Sequential(
                nn.Linear(units, first * inner**2, bias=False),
                nn.BatchNorm1d(first * inner**2, **BATCH_NORM),
                nn.ReLU(),
                nn.Unflatten(1, (first, inner, inner)),
            ),
            *(
                nn.Sequential(
                    nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(after, **BATCH_NORM),
                    nn.ReLU(),
                )
                for before, after in itertools.pairwise(filters)
            ),
            nn.Sequential(nn.ConvTranspose2d(last, channels, 4, stride=2, padding=1), OUTPUTS[output]()),
        )


class Encoder(nn.Sequential):
    """image (B, C, S, S) -> (B, out), linear; filters: of the convolutions; all but the first halve."""

    def __init__(self, channels: int, filters: list[int], out: int, side: int):
        last = filters[-1] * smallest_map(side, len(filters) - 1) ** 2
        super().__init__(
            nn.Sequential(ConvSame(channels, filters[0], 3, 1), leaky_relu()),
            *(
                nn.Sequential(
                    ConvSame(before, after, 3, 2, bias=False),
                    nn.BatchNorm2d(after, **BATCH_NORM),
                    leaky_relu(),
                )
                for before, after in itertools.pairwise(filters)
            ),
            nn.Sequential(nn.Flatten(), nn.Linear(last, out)),
        )

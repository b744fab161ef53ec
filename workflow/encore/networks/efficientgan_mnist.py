"""EfficientGAN's generator and encoder for MNIST (Zenati et al. 2018), as its released code has them, and the
parts of its discriminators.

Sides and filters are arguments, so that smaller images have smaller networks of the same kind. An image's
side is a multiple of 4, since two layers halve or double it.

The released code also has a bias before every batch norm, which takes it away again. Its gradient is nothing
but rounding, out of which Adam makes steps of full size, and the running means that scores rest on lag behind
them: it is left out here.
"""

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


def quarter(side: int) -> int:
    """Side of the smallest map, pixels; ConfigError for images that these networks do not fit."""
    if side % 4:
        raise ConfigError([f"image_size = {side}: these networks need a multiple of 4 pixels."])
    return side // 4


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

    filters: of the second layer, which makes a map of S/4 pixels, and of the first transposed convolution.
    """

    def __init__(self, latent: int, units: int, filters: list[int], channels: int, side: int, output: str):
        first, second = filters
        inner = quarter(side)
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
            nn.Sequential(
                nn.ConvTranspose2d(first, second, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(second, **BATCH_NORM),
                nn.ReLU(),
            ),
            nn.Sequential(nn.ConvTranspose2d(second, channels, 4, stride=2, padding=1), OUTPUTS[output]()),
        )


class Encoder(nn.Sequential):
    """image (B, C, S, S) -> (B, out), linear; filters: of the three convolutions."""

    def __init__(self, channels: int, filters: list[int], out: int, side: int):
        first, second, third = filters
        super().__init__(
            nn.Sequential(ConvSame(channels, first, 3, 1), leaky_relu()),
            nn.Sequential(
                ConvSame(first, second, 3, 2, bias=False),
                nn.BatchNorm2d(second, **BATCH_NORM),
                leaky_relu(),
            ),
            nn.Sequential(
                ConvSame(second, third, 3, 2, bias=False), nn.BatchNorm2d(third, **BATCH_NORM), leaky_relu()
            ),
            nn.Sequential(nn.Flatten(), nn.Linear(third * quarter(side) ** 2, out)),
        )

"""EfficientGAN's networks for MNIST (Zenati et al. 2018), as its released code has them: a generator, an
encoder, and a discriminator of images alone or of images with their latents.

Sides and filters are arguments, so that smaller images have smaller networks of the same kind. An image's
side is a multiple of 4, since two layers halve or double it.

The released code also has a bias before every batch norm, which takes it away again. Its gradient is nothing
but rounding, out of which Adam makes steps of full size, and the running means that scores rest on lag behind
them: it is left out here.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.networks.dropout import Dropout

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


def check_side(side: int) -> None:
    """ValueError for images that these networks do not fit."""
    if side % 4:
        raise ValueError(f"image_size = {side}: these networks need a multiple of 4 pixels.")


def _leaky_relu() -> nn.Module:
    return nn.LeakyReLU(NEGATIVE_SLOPE)


class _ConvSame(nn.Sequential):
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
        quarter = side // 4
        super().__init__(
            nn.Sequential(
                nn.Linear(latent, units, bias=False), nn.BatchNorm1d(units, **BATCH_NORM), nn.ReLU()
            ),
            nn.Sequential(
                nn.Linear(units, first * quarter**2, bias=False),
                nn.BatchNorm1d(first * quarter**2, **BATCH_NORM),
                nn.ReLU(),
                nn.Unflatten(1, (first, quarter, quarter)),
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
            nn.Sequential(_ConvSame(channels, first, 3, 1), _leaky_relu()),
            nn.Sequential(
                _ConvSame(first, second, 3, 2, bias=False),
                nn.BatchNorm2d(second, **BATCH_NORM),
                _leaky_relu(),
            ),
            nn.Sequential(
                _ConvSame(second, third, 3, 2, bias=False), nn.BatchNorm2d(third, **BATCH_NORM), _leaky_relu()
            ),
            nn.Sequential(nn.Flatten(), nn.Linear(third * (side // 4) ** 2, out)),
        )


class ImageDiscriminator(nn.Sequential):
    """image (B, C, S, S) -> (B,), linear: the critic or the logit of an image.

    filters: of the two convolutions; units: of the dense layer; norm: "batch", as in the released code, or
    "none", which a penalty on the gradient of each sample asks for (Gulrajani et al. 2017, Section 4).
    """

    def __init__(self, channels: int, filters: list[int], units: int, side: int, norm: str):
        first, second = filters
        batch = norm == "batch"
        super().__init__(
            nn.Sequential(_ConvSame(channels, first, 4, 2), _leaky_relu()),
            nn.Sequential(
                _ConvSame(first, second, 4, 2, bias=not batch),
                nn.BatchNorm2d(second, **BATCH_NORM) if batch else nn.Identity(),
                _leaky_relu(),
            ),
            nn.Sequential(
                nn.Flatten(),
                nn.Linear(second * (side // 4) ** 2, units, bias=not batch),
                nn.BatchNorm1d(units, **BATCH_NORM) if batch else nn.Identity(),
                _leaky_relu(),
            ),
            nn.Sequential(nn.Linear(units, 1), nn.Flatten(0)),
        )

    def features(self, x: Tensor, layer: int) -> Tensor:
        """What `layer`, counted from 1, gives: (B, C, S, S) -> (B, numbers)."""
        for part in list(self)[:layer]:
            x = part(x)
        return x.flatten(1)


class JointDiscriminator(nn.Module):
    """(image (B, C, S, S), z (B, latent)) -> logit (B,).

    filters: of the two convolutions on the image; latent_units: of the dense layer on z; units: of the dense
    layer on both; p: of every dropout; random: draws its masks, None where nothing is trained.
    """

    def __init__(
        self,
        channels: int,
        filters: list[int],
        latent: int,
        latent_units: int,
        units: int,
        side: int,
        p: float,
        random: torch.Generator | None,
    ):
        super().__init__()
        first, second = filters
        self.x = nn.Sequential(
            nn.Sequential(_ConvSame(channels, first, 4, 2), _leaky_relu(), Dropout(p, random)),
            nn.Sequential(
                _ConvSame(first, second, 4, 2, bias=False),
                nn.BatchNorm2d(second, **BATCH_NORM),
                _leaky_relu(),
                Dropout(p, random),
            ),
            nn.Flatten(),
        )
        self.z = nn.Sequential(nn.Linear(latent, latent_units), _leaky_relu(), Dropout(p, random))
        joined = second * (side // 4) ** 2 + latent_units
        self.y = nn.Sequential(nn.Linear(joined, units), _leaky_relu(), Dropout(p, random))
        self.last = nn.Linear(units, 1)

    def features(self, x: Tensor, z: Tensor) -> Tensor:
        """The layer before the last, in which features are matched: (B, units)."""
        return self.y(torch.cat([self.x(x), self.z(z)], dim=1))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.last(self.features(x, z)).flatten()


def logit_loss(logits: Tensor, real: bool) -> Tensor:
    """Binary cross-entropy of logits against "real" or "not real", its mean over the batch; 0-d."""
    return F.softplus(-logits if real else logits).mean()

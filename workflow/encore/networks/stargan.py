"""StarGAN's generator and discriminator (Choi et al. 2018, Tables 4 and 5), as the released code has them.

Sides, channels and filters are arguments, so that smaller images have smaller networks of the same kind.
Weights are PyTorch's default. The released code's instance norms also gather running statistics, and the code
never uses them: they are left out here, so that a network does the same in training and after it.
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

NEGATIVE_SLOPE = 0.01  # of the discriminator's Leaky ReLUs
KERNEL = {"kernel_size": 4, "stride": 2, "padding": 1}  # of every convolution that halves or doubles the side


def check_side(side: int, generator_filters: Sequence[int], discriminator_filters: Sequence[int]) -> None:
    """ValueError for images that these networks do not fit."""
    smallest = 2 ** (len(generator_filters) - 1)
    # A norm over the one pixel of an instance would leave nothing of it.
    if side % smallest or side == smallest:
        raise ValueError(
            f"image_size = {side}: generator_filters = {generator_filters} need a multiple of {smallest} "
            f"pixels, and more than {smallest}."
        )
    if side % 2 ** len(discriminator_filters):
        raise ValueError(
            f"image_size = {side}: discriminator_filters = {discriminator_filters} need a multiple of "
            f"{2 ** len(discriminator_filters)} pixels."
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

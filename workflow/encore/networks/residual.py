"""Pre-activation residual blocks without normalisation (PIAD, supplement Section 1.3, Figure 1), and
the minibatch standard deviation layer (Karras et al. 2018, Section 3)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEGATIVE_SLOPE = 0.2  # of every Leaky ReLU (PIAD, supplement Section 1.3)


def leaky_relu(x: Tensor) -> Tensor:
    """Leaky ReLU with the paper's slope."""
    return F.leaky_relu(x, NEGATIVE_SLOPE)


class PreActivationBlock(nn.Module):
    """x + conv(lrelu(conv(lrelu(x)))), at twice, half or the same resolution.

    (B, in, H, W) -> (B, out, sH, sW) with s = 2 (`up`, nearest neighbour), 1/2 (`down`, average pooling)
    or 1. A 1x1 convolution stands in the skip connection only where the number of filters changes.
    """

    def __init__(self, in_filters: int, out_filters: int, resample: str = "none"):
        super().__init__()
        if resample not in ("up", "down", "none"):
            raise ValueError(f"resample is {resample!r}, expected 'up', 'down' or 'none'.")
        self.resample = resample
        self.conv1 = nn.Conv2d(in_filters, out_filters, 3, padding=1)
        self.conv2 = nn.Conv2d(out_filters, out_filters, 3, padding=1)
        self.skip = nn.Identity() if in_filters == out_filters else nn.Conv2d(in_filters, out_filters, 1)

    def forward(self, x: Tensor) -> Tensor:
        residual = leaky_relu(x)
        if self.resample == "up":
            residual, x = _upsample(residual), _upsample(x)
        residual = self.conv2(leaky_relu(self.conv1(residual)))
        if self.resample == "down":
            residual, x = F.avg_pool2d(residual, 2), F.avg_pool2d(x, 2)
        return self.skip(x) + residual


class ResidualBlock(nn.Module):
    """x + conv(lrelu(conv(x))), (B, in, H, W) -> (B, out, H, W): the generator's first block on a spatial
    latent (PIAD, supplement Table 3), with a 1x1 convolution in the skip connection where filters change."""

    def __init__(self, in_filters: int, out_filters: int):
        super().__init__()
        self.conv1 = nn.Conv2d(in_filters, out_filters, 3, padding=1)
        self.conv2 = nn.Conv2d(out_filters, out_filters, 3, padding=1)
        self.skip = nn.Identity() if in_filters == out_filters else nn.Conv2d(in_filters, out_filters, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + self.conv2(leaky_relu(self.conv1(x)))


def _upsample(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class MinibatchStd(nn.Module):
    """Appends one map that holds the mean over all features of their standard deviation over the batch.

    (B, C, H, W) -> (B, C + 1, H, W).
    """

    EPSILON = 1e-8  # under the root, as in the released code

    def forward(self, x: Tensor) -> Tensor:
        variance = x.var(dim=0, unbiased=False)
        spread = (variance + self.EPSILON).sqrt().mean()
        return torch.cat([x, spread.expand(x.shape[0], 1, *x.shape[2:])], dim=1)

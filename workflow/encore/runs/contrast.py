"""How perceptual losses depend on an image's contrast (PIAD, Figures 1 and 3)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from encore.datasets.photographs import photographs, read_photographs
from encore.methods.piad import perceptual_l2, relative_perceptual_l1
from encore.networks.perceptual import VGGFeatures, load_features
from encore.runs.device import setup_torch

AMOUNTS = [step / 10 for step in range(10)]  # of contrast taken away, the x axis of Figure 3 (right)
SHOWN = (0.0, 0.2, 0.4)  # Figure 1: (a), (b), (c)
SHIFT = 5  # pixels, Figure 1


def contrast(
    network: str, weights: Sequence[str], folder: Path, device: str
) -> tuple[dict[str, Tensor], dict[str, str], str]:
    """What `contrast_dependence` gives for the first photograph in a folder, its SHA-256, and the device.

    Besides it, at each contrast in `shown` the photograph and its shifted copy, `pairs` (6, 3, H, W), uint8;
    and `filter_std`, the standard deviation of each filter's response.
    """
    device = setup_torch(device, "float32")
    features = load_features(network, weights).to(device)
    name, digest = next(iter(photographs(folder).items()))
    image = next(read_photographs(folder, {name: digest}, device))
    pair = image, shifted(image, SHIFT)
    pairs = torch.cat([lower_contrast(one, amount) for amount in SHOWN for one in pair])
    measured = contrast_dependence(features, image, AMOUNTS, SHIFT) | {
        "pairs": ((pairs + 1) * 127.5).round().clamp(0, 255).byte(),
        "shown": torch.tensor(SHOWN),
        "filter_std": features.std.flatten(),
    }
    return measured, {name: digest}, device


def lower_contrast(image: Tensor, amount: float) -> Tensor:
    """An image with `amount` of its contrast taken away: 0 leaves it, 1 makes it grey throughout.

    (..., H, W) -> the same shape; every channel shrinks towards its mean over all channels and pixels.
    """
    return image + amount * (image.mean() - image)


def shifted(image: Tensor, pixels: int) -> Tensor:
    """(..., H, W) moved to the right by `pixels`, the left edge repeated."""
    return torch.cat([image[..., :1].expand(*image.shape[:-1], pixels), image[..., :-pixels]], dim=-1)


@torch.no_grad()
def contrast_dependence(
    features: VGGFeatures, image: Tensor, amounts: Sequence[float], shift: int
) -> dict[str, Tensor]:
    """Losses between an image and itself shifted, and its features' L1 norm, as contrast is taken away.

    image: (1, 3, H, W) in [-1, 1]. Gives "amount", "perceptual" (2), "relative_perceptual_l1" (4) and
    "l1_norm" (mean |f(x)| of responses that are not normalised), each (len(amounts),).
    """
    rows = []
    for amount in amounts:
        pair = [lower_contrast(one, amount) for one in (image, shifted(image, shift))]
        losses = [loss(features, *pair).item() for loss in (perceptual_l2, relative_perceptual_l1)]
        rows.append([amount, *losses, features.responses(pair[0]).abs().mean().item()])
    columns = torch.tensor(rows).T
    return dict(
        zip(("amount", "perceptual", "relative_perceptual_l1", "l1_norm"), columns.contiguous(), strict=True)
    )

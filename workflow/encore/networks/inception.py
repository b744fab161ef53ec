"""The Inception network of Inception Score and FID: the one of 2015-12-05, as pytorch-fid has ported it.

Both metrics are numbers of this network with these weights and of how images come to it, so that neither is
comparable with those of another one. The two metrics were published with different ways of resizing: each
keeps its own. The weights are those of the rule `weights`; pytorch-fid itself would download them here.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from pytorch_fid.inception import FIDInceptionA, FIDInceptionC, FIDInceptionE_1, FIDInceptionE_2
from torch import Tensor, nn
from torchvision.models import Inception3

SIDE = 299  # of the images that the network takes, pixels
FEATURES = 2048  # of an image, before the last layer
CLASSES = 1008


def fid_network() -> Inception3:
    """pytorch-fid's network without its weights: torchvision's with the blocks that pytorch-fid replaces."""
    network = Inception3(num_classes=CLASSES, aux_logits=False, init_weights=False)
    network.Mixed_5b = FIDInceptionA(192, pool_features=32)
    network.Mixed_5c = FIDInceptionA(256, pool_features=64)
    network.Mixed_5d = FIDInceptionA(288, pool_features=64)
    network.Mixed_6b = FIDInceptionC(768, channels_7x7=128)
    network.Mixed_6c = FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6d = FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6e = FIDInceptionC(768, channels_7x7=192)
    network.Mixed_7b = FIDInceptionE_1(1280)
    network.Mixed_7c = FIDInceptionE_2(2048)
    return network


class Inception(nn.Module):
    """What both metrics ask of an image, uint8 (B, 1 or 3, S, S); a grey one is shown in three channels."""

    def __init__(self, tensors: Mapping[str, Tensor]):
        """tensors: those of `fid_network`, by their names; a missing or wrong one is a RuntimeError."""
        super().__init__()
        self.network = fid_network()
        self.network.load_state_dict(tensors)
        self.classes = self.network.fc.weight  # (1008, 2048)
        self.network.fc = nn.Identity()
        self.eval().requires_grad_(False)

    def features(self, images: Tensor) -> Tensor:
        """For FID: the last pooled features after pytorch-fid's preprocessing; (B, 2048)."""
        x = F.interpolate(_colours(images) / 255, (SIDE, SIDE), mode="bilinear", align_corners=False)
        return self.network(2 * x - 1)

    def logits(self, images: Tensor) -> Tensor:
        """For the Inception Score: the last layer without its bias, after TensorFlow 1's; (B, 1008).

        Salimans et al.'s code multiplies the pooled features by the last layer's weights and adds no bias.
        """
        x = (resize_as_tensorflow_1(_colours(images), SIDE) - 128) / 128
        return self.network(x) @ self.classes.T


def _colours(images: Tensor) -> Tensor:
    """uint8 as float32, 0 to 255, in three channels."""
    return images.float().expand(-1, 3, -1, -1)


def resize_as_tensorflow_1(images: Tensor, side: int) -> Tensor:
    """Bilinear as TensorFlow 1 has it by default: pixel i of the result lies at i * S / side of the image.

    There is no half of a pixel, and neither corners but the first are aligned. (B, C, S, S) float32 ->
    (B, C, side, side).
    """
    length = images.shape[-1]
    places = torch.arange(side, dtype=torch.float32, device=images.device) * (length / side)
    low = places.long()
    high = (low + 1).clamp(max=length - 1)
    share = places - low
    wide = images[..., low] + (images[..., high] - images[..., low]) * share
    return wide[..., low, :] + (wide[..., high, :] - wide[..., low, :]) * share[:, None]

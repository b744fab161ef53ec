"""Features of a fixed VGG network, in which images are compared as a person would.

VGG-19 takes torchvision's weights from a safetensors file made by the rule `weights`, which has verified
their checksum. A demo or a test takes a small VGG with fixed random weights; whoever uses it must name it.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

VGG19_LAYERS = {1: (64, 64), 2: (128, 128), 3: (256,) * 4, 4: (512,) * 4, 5: (512,) * 4}
RANDOM_VGG_LAYERS = {1: (16, 16), 2: (32, 32)}
RANDOM_VGG_SEED = 0
IMAGENET_MEAN = (0.485, 0.456, 0.406)  # torchvision's preprocessing, red, green, blue, of pixels in [0, 1]
IMAGENET_STD = (0.229, 0.224, 0.225)
FILTER_STATISTICS = Path(__file__).with_name("vgg19_filter_statistics.safetensors")


class VGGFeatures(nn.Module):
    """The response of one ReLU layer, normalised filter by filter: (f(x) - mu) / sigma (PIAD, eq. 3).

    (B, 1 or 3, H, W) in [-1, 1] -> (B, C, h, w). A grey image is given to all three input channels.
    No parameter ever learns.
    """

    def __init__(self, weights: dict[str, Tensor], layers: dict[int, tuple[int, ...]], last: tuple[int, int]):
        super().__init__()
        self.pools_before = set()
        self.convs = nn.ModuleList()
        in_filters = 3
        for block, filters in layers.items():
            for index, out_filters in enumerate(filters, start=1):
                if (block, index) > last:
                    continue
                if index == 1 and block > 1:
                    self.pools_before.add(len(self.convs))
                conv = nn.Conv2d(in_filters, out_filters, 3, padding=1)
                name = f"conv{block}_{index}"
                conv.load_state_dict({"weight": weights[f"{name}.weight"], "bias": weights[f"{name}.bias"]})
                self.convs.append(conv)
                in_filters = out_filters
        self.register_buffer("image_mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("image_std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.register_buffer("mean", torch.zeros(1, in_filters, 1, 1))
        self.register_buffer("std", torch.ones(1, in_filters, 1, 1))
        self.requires_grad_(False)

    def preprocess(self, x: Tensor) -> Tensor:
        """Images in [-1, 1] as the network was trained to see them: three channels, ImageNet-normalised."""
        x = x.expand(-1, 3, -1, -1)
        return ((x + 1) / 2 - self.image_mean) / self.image_std

    def responses(self, x: Tensor) -> Tensor:
        """The layer's response before it is normalised filter by filter."""
        x = self.preprocess(x)
        for index, conv in enumerate(self.convs):
            if index in self.pools_before:
                x = F.max_pool2d(x, 2)
            x = F.relu(conv(x))
        return x

    def forward(self, x: Tensor) -> Tensor:
        return (self.responses(x) - self.mean) / self.std


def vgg19_features(weights: Path) -> VGGFeatures:
    """VGG-19's relu4_2 with the filter statistics over ImageNet that PIAD's authors published."""
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f"{weights} is missing: `snakemake {weights}` makes it from torchvision's VGG-19."
        )
    features = VGGFeatures(load_file(weights), VGG19_LAYERS, last=(4, 2))
    statistics = load_file(FILTER_STATISTICS)
    features.mean.copy_(statistics["r42.mean"].view(1, -1, 1, 1))
    features.std.copy_(statistics["r42.std"].view(1, -1, 1, 1))
    return features


def random_vgg_features() -> VGGFeatures:
    """The second block's last ReLU of a small VGG with fixed random weights, for demo and tests only."""
    generator = torch.Generator().manual_seed(RANDOM_VGG_SEED)
    weights, in_filters = {}, 3
    for block, filters in RANDOM_VGG_LAYERS.items():
        for index, out_filters in enumerate(filters, start=1):
            shape = (out_filters, in_filters, 3, 3)
            gain = (2 / (9 * in_filters)) ** 0.5  # keeps the responses' scale through ReLU (He et al. 2015)
            weights[f"conv{block}_{index}.weight"] = torch.randn(shape, generator=generator) * gain
            weights[f"conv{block}_{index}.bias"] = torch.zeros(out_filters)
            in_filters = out_filters
    return VGGFeatures(weights, RANDOM_VGG_LAYERS, last=(2, 2))

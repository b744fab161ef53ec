"""Features of a fixed VGG network, in which images are compared as a person would.

VGG-19 takes its weights from a safetensors file made by the rule `weights`, which verified their checksum.
The paper's are torchvision's; whoever computes with others declares the network's `deviation`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

VGG19_LAYERS = {1: (64, 64), 2: (128, 128), 3: (256,) * 4, 4: (512,) * 4, 5: (512,) * 4}
RANDOM_VGG_LAYERS = {1: (16, 16), 2: (32, 32)}
RANDOM_VGG_SEED = 0
PUBLISHED_STATISTICS = Path(__file__).with_name("vgg19_filter_statistics.safetensors")


@dataclass(frozen=True)
class Network:
    """A VGG that images are compared in: its layers, the one that is read, and how it wants its pixels."""

    layers: Mapping[int, tuple[int, ...]]  # block -> filters of its convolutions
    last: tuple[int, int]  # block and convolution whose ReLU is read
    image_mean: tuple[float, float, float]  # red, green, blue, of pixels in [0, 1]
    image_std: tuple[float, float, float]
    published_statistics: str | None  # key in PUBLISHED_STATISTICS; None: they are to be measured
    deviation: str  # what a result with it must declare; "" for the paper's own


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # torchvision's preprocessing
CAFFE = ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3)
NETWORKS = {
    "vgg19": Network(VGG19_LAYERS, (4, 2), *IMAGENET, "r42", ""),
    "vgg19_caffe": Network(
        VGG19_LAYERS,
        (3, 4),
        *CAFFE,
        None,
        "perceptual features of the Caffe VGG-19's relu3_4 in place of torchvision's relu4_2",
    ),
    "random_vgg": Network(
        RANDOM_VGG_LAYERS,
        (2, 2),
        *IMAGENET,
        None,
        "perceptual features of a small VGG with fixed random weights in place of VGG-19",
    ),
}


class VGGFeatures(nn.Module):
    """The response of one ReLU layer, normalised filter by filter: (f(x) - mu) / sigma (PIAD, eq. 3).

    (B, 1 or 3, H, W) in [-1, 1] -> (B, C, h, w). A grey image is given to all three input channels.
    No parameter ever learns.
    """

    def __init__(self, network: Network, weights: Mapping[str, Tensor]):
        super().__init__()
        self.pools_before = set()
        self.convs = nn.ModuleList()
        in_filters = 3
        for block, filters in network.layers.items():
            for index, out_filters in enumerate(filters, start=1):
                if (block, index) > network.last:
                    continue
                if index == 1 and block > 1:
                    self.pools_before.add(len(self.convs))
                conv = nn.Conv2d(in_filters, out_filters, 3, padding=1)
                name = f"conv{block}_{index}"
                conv.load_state_dict({"weight": weights[f"{name}.weight"], "bias": weights[f"{name}.bias"]})
                self.convs.append(conv)
                in_filters = out_filters
        self.register_buffer("image_mean", torch.tensor(network.image_mean).view(1, 3, 1, 1))
        self.register_buffer("image_std", torch.tensor(network.image_std).view(1, 3, 1, 1))
        self.register_buffer("mean", torch.zeros(1, in_filters, 1, 1))
        self.register_buffer("std", torch.ones(1, in_filters, 1, 1))
        self.requires_grad_(False)

    def preprocess(self, x: Tensor) -> Tensor:
        """Images in [-1, 1] as the network was trained to see them: three channels, its mean and scale."""
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


def load_features(name: str, weights: Sequence[str] = ()) -> VGGFeatures:
    """The features called `name` in NETWORKS, with the filter statistics that belong to them.

    weights: the safetensors file of its convolutions, and that of its measured statistics where none are
    published; none for `random_vgg`, whose weights are drawn here, and whose responses stay as they are.
    Raises FileNotFoundError where one is missing, ValueError where one holds other tensors.
    """
    network = NETWORKS[name]
    if name == "random_vgg":
        return VGGFeatures(network, _random_weights(network))
    features = load_network(name, weights[0])
    key = network.published_statistics
    statistics = _tensors(PUBLISHED_STATISTICS if key else weights[1])
    prefix = f"{key}." if key else ""
    features.mean.copy_(statistics[f"{prefix}mean"].view(1, -1, 1, 1))
    features.std.copy_(statistics[f"{prefix}std"].view(1, -1, 1, 1))
    return features


def load_network(name: str, weights: Path | str) -> VGGFeatures:
    """The network called `name` with the convolutions in `weights`, its responses not yet normalised."""
    try:
        return VGGFeatures(NETWORKS[name], _tensors(weights))
    except (KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(f"{weights} does not hold the convolutions of {name}: {reason}.") from None


def _tensors(path: Path | str) -> dict[str, Tensor]:
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is missing; `snakemake -c1 {path}` makes it.")
    return load_file(path)


def _random_weights(network: Network) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(RANDOM_VGG_SEED)
    weights, in_filters = {}, 3
    for block, filters in network.layers.items():
        for index, out_filters in enumerate(filters, start=1):
            shape = (out_filters, in_filters, 3, 3)
            gain = (2 / (9 * in_filters)) ** 0.5  # keeps the responses' scale through ReLU (He et al. 2015)
            weights[f"conv{block}_{index}.weight"] = torch.randn(shape, generator=generator) * gain
            weights[f"conv{block}_{index}.bias"] = torch.zeros(out_filters)
            in_filters = out_filters
    return weights


def filter_statistics(responses: Iterable[Tensor]) -> dict[str, Tensor]:
    """ "mean" and "std" (population) of each filter over positions and images, float32 (C,).

    responses: one (B, C, h, w) after another, of any size; summed in float64.
    """
    count, total, squares = 0, 0.0, 0.0
    for batch in responses:
        batch = batch.double()
        count += batch.shape[0] * batch.shape[2] * batch.shape[3]
        total = total + batch.sum((0, 2, 3))
        squares = squares + batch.square().sum((0, 2, 3))
    mean = total / count
    return {"mean": mean.float(), "std": (squares / count - mean.square()).clamp(min=0).sqrt().float()}

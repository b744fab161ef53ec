"""Pretrained weights that a method compares images with or begins from: their source, their tensors by name.

PyTorch's own weights are published as pickles. Such a file is opened only after its checksum fits, only by
PyTorch's restricted reader of tensors, and once: all else reads the safetensors file made from it.
"""

import pickle
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from encore.datasets.catalogue import File
from encore.datasets.download import DownloadError, RawFile, fetch_file

PRETRAINED = {
    "vgg19": File(
        name="vgg19-dcbb9e9d.pth",  # torchvision's VGG19_Weights.IMAGENET1K_V1
        bytes=574673361,
        sha256_prefix="dcbb9e9d",  # all that the publisher gives, in the file's name
        urls=("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",),
    ),
    # A stand-in where torchvision's cannot be had: three blocks of the Caffe weights, blue channel first.
    "vgg19_caffe": File(
        name="vgg19_caffe_conv1_1_to_conv3_4.safetensors",
        bytes=9303712,
        sha256="d7f11cecd241f29b9fb9f7e88a823557f730ffc331a1911d2e2eb0c855e109fc",
    ),
    "inception_v3": File(
        name="inception_v3_google-0cc3c7bd.pth",  # torchvision's Inception_V3_Weights.IMAGENET1K_V1
        bytes=108949747,
        sha256_prefix="0cc3c7bd",  # as for vgg19
        urls=("https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",),
    ),
    # The network of Inception Score and FID, as pytorch-fid has ported it; no other one stands in for it.
    "inception_fid": File(
        name="pt_inception-2015-12-05-6726825d.pth",
        bytes=95628359,
        sha256="6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        urls=(
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
            "pt_inception-2015-12-05-6726825d.pth",
        ),
    ),
}
VGG19_CONVS = ((1, 2), (2, 2), (3, 4), (4, 4), (5, 4))  # (block, convolutions)
INCEPTION_CLASSIFIERS = ("AuxLogits.", "fc.")  # how the names of their tensors begin


def fetch_pretrained(name: str, data_dir: Path) -> tuple[RawFile, dict[str, Tensor]]:
    """The checked file of pretrained weights, and its tensors.

    A VGG-19's are called `conv<block>_<index>.weight`, `.bias`; those of Inception-v3 keep torchvision's
    names. All are without their classifier of ImageNet but the network of Inception Score and FID, which
    needs it. All take red, green and blue in this order. Raises DownloadError where the file cannot be had or
    does not fit its checksum.
    """
    # A pickle that does not fit its checksum is never opened, whatever config.yaml says.
    (raw,) = fetch_file(name, PRETRAINED[name], data_dir, accept_unverified=None)
    path = data_dir / raw.path
    if path.suffix == ".safetensors":
        return raw, red_first(load_file(path))
    try:
        published = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise DownloadError(f"{raw.path}: expected tensors and nothing else, found other objects") from None
    return raw, KEPT[name](published)


def name_convolutions(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """torchvision's `features.<n>.*` of a VGG-19 by block and index; the classifier is left out."""
    numbers = sorted({int(key.split(".")[1]) for key in published if key.startswith("features.")})
    names = [f"conv{block}_{index}" for block, count in VGG19_CONVS for index in range(1, count + 1)]
    return {
        f"{name}.{part}": published[f"features.{number}.{part}"]
        for name, number in zip(names, numbers, strict=True)
        for part in ("weight", "bias")
    }


def without_classifiers(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """torchvision's Inception-v3 by its own names, less its last layer and the auxiliary head."""
    return {name: tensor for name, tensor in published.items() if not name.startswith(INCEPTION_CLASSIFIERS)}


def red_first(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights whose first convolution takes blue, green and red, for red, green and blue."""
    return tensors | {"conv1_1.weight": tensors["conv1_1.weight"].flip(1).contiguous()}


KEPT = {"vgg19": name_convolutions, "inception_v3": without_classifiers, "inception_fid": dict}

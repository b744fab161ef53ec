"""The perceptual features: torchvision's VGG-19 where it counts, and the named stand-in of the demo."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from encore.datasets.pretrained import name_convolutions
from encore.networks.perceptual import (
    FILTER_STATISTICS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    random_vgg_features,
    vgg19_features,
)


@pytest.fixture(scope="module")
def torchvision_vgg19():
    """torchvision's VGG-19 with random weights: the same layers as the pretrained one."""
    from torchvision.models import vgg19

    torch.manual_seed(0)
    return vgg19(weights=None).eval()


def test_relu4_2_is_torchvisions(torchvision_vgg19, tmp_path):
    path = tmp_path / "vgg19.safetensors"
    save_file(name_convolutions(torchvision_vgg19.state_dict()), path)
    features = vgg19_features(path)
    x = torch.rand(2, 1, 32, 32) * 2 - 1
    rgb = (x.expand(-1, 3, -1, -1) + 1) / 2
    normalised = (rgb - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_STD).view(3, 1, 1)
    with torch.no_grad():
        expected = torchvision_vgg19.features[:23](normalised)  # features[22] is the ReLU behind conv4_2
    assert expected.shape == (2, 512, 4, 4)
    torch.testing.assert_close(features.responses(x), expected)
    statistics = load_file(FILTER_STATISTICS)
    mean, std = (statistics[f"r42.{part}"].view(1, 512, 1, 1) for part in ("mean", "std"))
    torch.testing.assert_close(features(x), (expected - mean) / std)


def test_preprocessing_is_torchvisions():
    """Constants as torchvision publishes them beside its weights."""
    from torchvision.models import VGG19_Weights

    transforms = VGG19_Weights.IMAGENET1K_V1.transforms()
    assert tuple(transforms.mean) == IMAGENET_MEAN
    assert tuple(transforms.std) == IMAGENET_STD


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"snakemake .*vgg19\.safetensors"):
        vgg19_features(tmp_path / "vgg19.safetensors")


def test_the_demos_features_are_fixed_and_do_not_learn():
    first, second = random_vgg_features(), random_vgg_features()
    x = torch.rand(3, 1, 16, 16) * 2 - 1
    assert torch.equal(first(x), second(x))
    assert first(x).shape == (3, 32, 8, 8)
    assert not any(parameter.requires_grad for parameter in first.parameters())

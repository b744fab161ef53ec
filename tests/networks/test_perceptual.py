"""The perceptual features: torchvision's VGG-19 where it counts, and the named stand-in of the demo."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from encore.datasets.pretrained import name_convolutions, red_first
from encore.networks.perceptual import (
    IMAGENET,
    NETWORKS,
    PUBLISHED_STATISTICS,
    VGGFeatures,
    filter_statistics,
    load_features,
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
    features = load_features("vgg19", [path])
    x = torch.rand(2, 1, 32, 32) * 2 - 1
    rgb = (x.expand(-1, 3, -1, -1) + 1) / 2
    normalised = (rgb - torch.tensor(IMAGENET[0]).view(3, 1, 1)) / torch.tensor(IMAGENET[1]).view(3, 1, 1)
    with torch.no_grad():
        expected = torchvision_vgg19.features[:23](normalised)  # features[22] is the ReLU behind conv4_2
    assert expected.shape == (2, 512, 4, 4)
    torch.testing.assert_close(features.responses(x), expected)
    statistics = load_file(PUBLISHED_STATISTICS)
    mean, std = (statistics[f"r42.{part}"].view(1, 512, 1, 1) for part in ("mean", "std"))
    torch.testing.assert_close(features(x), (expected - mean) / std)


def test_preprocessing_is_torchvisions():
    """Constants as torchvision publishes them beside its weights."""
    from torchvision.models import VGG19_Weights

    transforms = VGG19_Weights.IMAGENET1K_V1.transforms()
    assert tuple(transforms.mean) == IMAGENET[0]
    assert tuple(transforms.std) == IMAGENET[1]


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"snakemake .*vgg19\.safetensors"):
        load_features("vgg19", [tmp_path / "vgg19.safetensors"])


def test_the_demos_features_are_fixed_and_do_not_learn():
    first, second = load_features("random_vgg"), load_features("random_vgg")
    x = torch.rand(3, 1, 16, 16) * 2 - 1
    assert torch.equal(first(x), second(x))
    assert first(x).shape == (3, 32, 8, 8)
    assert not any(parameter.requires_grad for parameter in first.parameters())


def test_weights_of_another_network_are_named(tmp_path):
    path = tmp_path / "vgg19.safetensors"
    save_file({"conv1_1.weight": torch.zeros(64, 3, 3, 3), "conv1_1.bias": torch.zeros(64)}, path)
    with pytest.raises(ValueError, match=r"does not hold the convolutions of vgg19: 'conv1_2\.weight'"):
        load_features("vgg19", [path])


def test_the_stand_in_reads_blue_green_red_as_caffe_did(tmp_path):
    """relu3_4 of BGR pixels in 0..255 minus the Caffe mean, computed as the Caffe model is described."""
    torch.manual_seed(0)
    weights, in_filters = {}, 3
    for name in ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "3_4"):
        weights[f"conv{name}.weight"] = torch.randn(8, in_filters, 3, 3) * 0.1
        weights[f"conv{name}.bias"] = torch.randn(8)
        in_filters = 8
    small = dataclasses.replace(NETWORKS["vgg19_caffe"], layers={1: (8, 8), 2: (8, 8), 3: (8,) * 4})
    features = VGGFeatures(small, red_first(weights))
    pixels = torch.randint(0, 256, (2, 3, 16, 16)).float()
    x = pixels.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
    for block, count in ((1, 2), (2, 2), (3, 4)):
        x = F.max_pool2d(x, 2) if block > 1 else x
        for index in range(1, count + 1):
            name = f"conv{block}_{index}"
            x = F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1))
    torch.testing.assert_close(features.responses(pixels / 127.5 - 1), x, rtol=1e-4, atol=1e-3)


def test_filter_statistics_are_those_of_all_positions_together():
    torch.manual_seed(0)
    batches = [torch.randn(2, 3, 4, 5) * 2 + 1, torch.randn(1, 3, 7, 2)]
    together = torch.cat([batch.transpose(0, 1).flatten(1) for batch in batches], dim=1)
    result = filter_statistics(batches)
    torch.testing.assert_close(result["mean"], together.mean(1))
    torch.testing.assert_close(result["std"], together.std(1, unbiased=False))

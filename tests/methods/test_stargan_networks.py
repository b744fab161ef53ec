"""StarGAN's layers against the tables of its paper: shapes, counts, norms, conditioning."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from encore.methods.stargan import Discriminator, Generator, ResidualBlock, check_side
from encore.strict import ConfigError

NAN = float("nan")
GENERATOR = [64, 128, 256]
DISCRIMINATOR = [64, 128, 256, 512, 1024, 2048]


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def shapes_of(layers):
    seen = []
    for layer in layers:
        layer.register_forward_hook(lambda _module, _x, y: seen.append(tuple(y.shape[1:])))
    return seen


def test_layers_of_table_4():
    generator = Generator(3, GENERATOR, 6, 5)
    seen = shapes_of(generator)
    with torch.no_grad():
        generator(torch.zeros(1, 3, 128, 128), torch.zeros(1, 5))
    inwards = [(64, 128, 128), (128, 64, 64), (256, 32, 32)]
    assert seen == [*inwards, *[(256, 32, 32)] * 6, (128, 64, 64), (64, 128, 128), (3, 128, 128)]


def test_layers_of_table_5():
    with torch.device("meta"):
        discriminator = Discriminator(3, DISCRIMINATOR, 5, 128)
        seen = shapes_of(discriminator.layers)
        source, logits = discriminator(torch.zeros(2, 3, 128, 128))
    sides = (64, 32, 16, 8, 4, 2)
    assert seen == [(filters, side, side) for filters, side in zip(DISCRIMINATOR, sides, strict=True)]
    assert source.shape == (2, 1, 2, 2)
    assert logits.shape == (2, 5)


def test_parameter_counts():
    """53.2 million in both together, as the paper's table of them has it."""
    with torch.device("meta"):
        generator, discriminator = Generator(3, GENERATOR, 6, 5), Discriminator(3, DISCRIMINATOR, 5, 128)
    ends = 49 * (8 * 64 + 64 * 3) + 2 * 64
    halving = 16 * (64 * 128 + 128 * 256) + 2 * (128 + 256)
    doubling = 16 * (256 * 128 + 128 * 64) + 2 * (128 + 64)
    residual = 6 * 2 * (9 * 256 * 256 + 2 * 256)
    assert count(generator) == ends + halving + residual + doubling == 8_430_528
    pairs = 3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1024 + 1024 * 2048
    heads = 9 * 2048 + 2 * 2 * 2048 * 5
    assert count(discriminator) == 16 * pairs + sum(DISCRIMINATOR) + heads == 44_762_048
    assert round((count(generator) + count(discriminator)) / 1e6, 1) == 53.2


def test_norms_slopes_and_biases_stand_where_the_tables_have_them():
    generator, discriminator = Generator(1, [4, 6], 2, 3), Discriminator(1, [4, 6], 3, 8)
    norms = [part for part in generator.modules() if isinstance(part, nn.InstanceNorm2d)]
    assert len(norms) == 1 + 1 + 2 * 2 + 1
    assert all(norm.affine and not norm.track_running_stats for norm in norms)
    convolutions = [p for p in generator.modules() if isinstance(p, (nn.Conv2d, nn.ConvTranspose2d))]
    assert all(part.bias is None and part.padding_mode == "zeros" for part in convolutions)
    assert [type(part) for part in generator[-1]] == [nn.Conv2d, nn.Tanh]
    assert [type(layer[0]) for layer in discriminator.layers] == [nn.Conv2d] * 2
    assert [layer[1].negative_slope for layer in discriminator.layers] == [0.01] * 2
    assert all(layer[0].bias is not None and len(layer) == 2 for layer in discriminator.layers)
    assert discriminator.source.bias is discriminator.classes.bias is None


def instance_norm(x):
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def test_residual_block():
    block, x = ResidualBlock(3).double(), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    hidden = instance_norm(F.conv2d(x, block[0].weight, padding=1)).clamp(min=0)
    expected = x + instance_norm(F.conv2d(hidden, block[3].weight, padding=1))
    torch.testing.assert_close(block(x), expected)


def test_labels_enter_as_maps_beside_the_image_and_a_missing_one_as_0():
    generator, seen = Generator(1, [4, 6], 1, 2), []
    generator[0].register_forward_hook(lambda _module, x, _y: seen.append(x[0]))
    x = torch.randn(2, 1, 8, 8)
    generator(x, torch.tensor([[1.0, 0.0], [NAN, 1.0]]))
    assert torch.equal(seen[0][:, :1], x)
    assert seen[0][:, 1:].flatten(2).unique(dim=2).squeeze(2).tolist() == [[1, 0], [0, 1]]


def test_labels_change_the_image():
    """Not by itself clear: an instance norm takes away what is the same at every pixel."""
    generator, x = Generator(1, [4, 6], 1, 2).double(), torch.randn(1, 1, 16, 16, dtype=torch.float64)
    images = [generator(x, torch.tensor([[label, 0.0]], dtype=torch.float64)) for label in (0.0, 1.0)]
    assert (images[0] - images[1]).abs().max() > 1e-4


def test_images_are_made_alike_in_training_and_after_it_and_alone():
    generator, x = Generator(3, [4, 6], 1, 2), torch.randn(3, 3, 8, 8)
    y = torch.tensor([[1.0, 0.0], [0.0, 0.0], [NAN, 1.0]])
    made = generator(x, y)
    assert made.shape == x.shape
    assert made.abs().max() <= 1
    assert torch.equal(generator.eval()(x, y), made)
    alone = torch.cat([generator(*one) for one in zip(x.split(1), y.split(1), strict=True)])
    torch.testing.assert_close(alone, made)


def test_heads_are_convolutions_of_the_last_maps():
    discriminator, x = Discriminator(1, [3, 4], 2, 8).double(), torch.randn(2, 1, 8, 8, dtype=torch.float64)
    features = discriminator.layers(x)
    source, logits = discriminator(x)
    expected = F.conv2d(features, discriminator.source.weight, padding=1)
    torch.testing.assert_close(source, expected)
    by_hand = (features[:, None] * discriminator.classes.weight).sum((2, 3, 4))
    torch.testing.assert_close(logits, by_hand)


@pytest.mark.parametrize(
    ("side", "generator", "discriminator"),
    [(128, GENERATOR, DISCRIMINATOR), (64, GENERATOR, DISCRIMINATOR), (8, [4, 8], [8, 8, 8])],
)
def test_sides_that_fit(side, generator, discriminator):
    check_side(side, generator, discriminator)


@pytest.mark.parametrize(
    ("side", "message"),
    [
        (30, r"generator_filters = \[64, 128, 256\] need a multiple of 4 pixels, and more than 4"),
        (4, r"generator_filters = .* more than 4"),
        (96, r"discriminator_filters = .* need a multiple of 64 pixels"),
    ],
)
def test_sides_that_do_not_fit_are_refused(side, message):
    with pytest.raises(ConfigError, match=message):
        check_side(side, GENERATOR, DISCRIMINATOR)

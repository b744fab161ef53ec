"""EfficientGAN's networks against the layer tables of its code: shapes, counts, padding, constants."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from encore.methods.efficientgan import JointDiscriminator, logit_loss
from encore.methods.reverse_vae import ImageDiscriminator
from encore.networks.efficientgan_mnist import Encoder, Generator, initialise, smallest_map
from encore.strict import ConfigError


def generator(output="tanh"):
    return Generator(200, 1024, [128, 64], 1, 28, output)


def encoder():
    return Encoder(1, [32, 64, 128], 200, 28)


def image_discriminator(norm="batch"):
    return ImageDiscriminator(1, [64, 64], 1024, 28, norm)


def joint_discriminator(p=0.5, random=None):
    return JointDiscriminator(1, [64, 64], 200, 512, 1024, 28, p, random)


@pytest.mark.parametrize(
    ("network", "parameters", "without_effect"),
    [
        (generator(), 6_781_505, 1024 + 6272 + 64),
        (encoder(), 1_347_656, 64 + 128),
        (image_discriminator(), 3_282_177, 64 + 1024),
        (image_discriminator("none"), 3_280_001, 0),
        (joint_discriminator(), 3_907_329, 64),
    ],
)
def test_parameter_counts(network, parameters, without_effect):
    """Those of the released code, but for its biases before a batch norm, which have no effect."""
    found = sum(parameter.numel() for parameter in network.parameters())
    assert found == parameters - without_effect


def test_a_bias_before_a_batch_norm_has_no_effect():
    x, network = torch.randn(8, 5, dtype=torch.float64), nn.BatchNorm1d(5).double()
    torch.testing.assert_close(network(x + torch.arange(5)), network(x))
    for network in (generator(), encoder(), image_discriminator(), joint_discriminator().x):
        parts = [part for part in network.modules() if not list(part.children())]
        for before, after in itertools.pairwise(parts):
            if isinstance(after, (nn.BatchNorm1d, nn.BatchNorm2d)):
                assert before.bias is None


@pytest.mark.parametrize(
    ("network", "x", "expected"),
    [
        (generator(), torch.zeros(2, 200), [(1024,), (128, 7, 7), (64, 14, 14), (1, 28, 28)]),
        (encoder(), torch.zeros(2, 1, 28, 28), [(32, 28, 28), (64, 14, 14), (128, 7, 7), (200,)]),
        (image_discriminator(), torch.zeros(2, 1, 28, 28), [(64, 14, 14), (64, 7, 7), (1024,), ()]),
    ],
)
def test_layers_of_the_tables(network, x, expected):
    seen = []
    for layer in network:
        layer.register_forward_hook(lambda _module, _x, y: seen.append(tuple(y.shape[1:])))
    network(x)
    assert seen == expected


def test_layers_of_the_joint_discriminator():
    network, x, z = joint_discriminator(), torch.zeros(2, 1, 28, 28), torch.zeros(2, 200)
    assert (network.x(x).shape, network.z(z).shape) == ((2, 64 * 7 * 7), (2, 512))
    assert network.features(x, z).shape == (2, 1024)
    assert network(x, z).shape == (2,)


def test_norms_stand_where_the_tables_have_them():
    def norms(network):
        return [
            any(isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)) for part in layer.modules())
            for layer in network
        ]

    assert norms(generator()) == [True, True, True, False]
    assert norms(encoder()) == [False, True, True, False]
    assert norms(image_discriminator()) == [False, True, True, False]
    assert norms(image_discriminator("none")) == [False] * 4
    assert norms([*joint_discriminator().x, joint_discriminator().z]) == [False, True, False, False]


def test_batch_norms_and_slopes_are_tensorflows_and_the_codes():
    modules = [part for network in (generator(), encoder()) for part in network.modules()]
    norms = [part for part in modules if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}
    assert {part.negative_slope for part in modules if isinstance(part, nn.LeakyReLU)} == {0.1}


def test_stride_2_pads_as_tensorflow_does():
    """SAME on an even side: a 3x3 kernel sees nothing above and left, a 4x4 one a pixel on each side."""
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    conv = Encoder(1, [1, 1, 1], 1, 8).double()[1][0]
    expected = F.conv2d(F.pad(x, (0, 1, 0, 1)), conv[1].weight, stride=2)
    torch.testing.assert_close(conv(x), expected, rtol=0, atol=0)
    conv = ImageDiscriminator(1, [1, 1], 1, 8, "none").double()[0][0]
    expected = F.conv2d(x, conv[1].weight, conv[1].bias, stride=2, padding=1)
    torch.testing.assert_close(conv(x), expected, rtol=0, atol=1e-12)


def test_initialisation():
    torch.manual_seed(0)
    for network in (generator(), encoder(), joint_discriminator()):
        weights = [
            part
            for part in initialise(network).modules()
            if isinstance(part, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))
        ]
        assert weights
        assert not any(part.bias is not None and part.bias.any() for part in weights)
        values = torch.cat([part.weight.flatten() for part in weights])
        assert values.std().item() == pytest.approx(0.02, rel=0.01)
        assert abs(values.mean().item()) < 1e-4


@pytest.mark.parametrize(("output", "low", "high"), [("sigmoid", 0, 1), ("tanh", -1, 1)])
def test_images_lie_in_the_range_of_the_output(output, low, high):
    network = generator(output)
    nn.init.normal_(network[3][0].weight, std=10)
    images = network(torch.randn(4, 200)).detach()
    assert images.min().item() == pytest.approx(low, abs=1e-3)
    assert images.max().item() == pytest.approx(high, abs=1e-3)


def test_features_are_those_of_the_layer_that_is_asked_for():
    network, x = image_discriminator().eval(), torch.randn(3, 1, 28, 28)
    assert [network.features(x, layer).shape[1] for layer in (1, 2, 3)] == [64 * 14 * 14, 64 * 7 * 7, 1024]
    torch.testing.assert_close(network[3](network.features(x, 3)), network(x))


def test_logit_loss_is_binary_cross_entropy():
    logits = torch.tensor([-3.0, 0.0, 40.0], dtype=torch.float64)
    for real in (True, False):
        labels = torch.full_like(logits, float(real))
        expected = F.binary_cross_entropy_with_logits(logits, labels)
        torch.testing.assert_close(logit_loss(logits, real), expected)


def test_a_side_that_does_not_halve_so_often_is_refused():
    assert (smallest_map(28, 2), smallest_map(64, 4)) == (7, 4)
    with pytest.raises(ConfigError, match="image_size = 30: these networks need a multiple of 4 pixels"):
        smallest_map(30, 2)


def test_larger_images_have_more_layers_of_the_same_kind():
    """64 pixels by four halvings: parameters by hand, batch norms' scales and shifts included."""
    generator = Generator(9, 20, [8, 6, 5, 4], 3, 64, "sigmoid")
    expected = 9 * 20 + 2 * 20 + 20 * 8 * 16 + 2 * 8 * 16
    expected += 8 * 6 * 16 + 2 * 6 + 6 * 5 * 16 + 2 * 5 + 5 * 4 * 16 + 2 * 4 + 4 * 3 * 16 + 3
    assert sum(p.numel() for p in generator.parameters()) == expected
    assert generator(torch.zeros(2, 9)).shape == (2, 3, 64, 64)
    encoder = Encoder(3, [2, 3, 4, 5, 6], 9, 64)
    expected = 3 * 2 * 9 + 2 + 2 * 3 * 9 + 2 * 3 + 3 * 4 * 9 + 2 * 4 + 4 * 5 * 9 + 2 * 5 + 5 * 6 * 9 + 2 * 6
    assert sum(p.numel() for p in encoder.parameters()) == expected + 6 * 16 * 9 + 9
    assert encoder(torch.zeros(2, 3, 64, 64)).shape == (2, 9)


# --- whole forward passes, by hand in float64 -----------------------------------------------------------


def seeded(network):
    """In float64 and at rest, every weight and average drawn, so that no layer is near to doing nothing."""
    generator = torch.Generator().manual_seed(0)
    network = network.double().eval()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            drawn = torch.randn(value.shape, generator=generator, dtype=torch.float64) * 0.3
            value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)
    return network


def leaky(x):
    return torch.where(x > 0, x, 0.1 * x)


def normed(x, norm):
    shape = (1, -1, *[1] * (x.dim() - 2))
    mean, variance, scale, shift = (
        value.view(shape) for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (x - mean) / (variance + 1e-3).sqrt() * scale + shift


def same(x, conv, kernel, stride):
    total = kernel - stride
    padded = F.pad(x, (total // 2, total - total // 2) * 2)
    return F.conv2d(padded, conv[1].weight, conv[1].bias, stride=stride)


def test_encoder_by_hand():
    network, x = seeded(Encoder(1, [3, 4, 5], 6, 8)), torch.randn(2, 1, 8, 8, dtype=torch.float64)
    y = leaky(same(x, network[0][0], 3, 1))
    y = leaky(normed(same(y, network[1][0], 3, 2), network[1][1]))
    y = leaky(normed(same(y, network[2][0], 3, 2), network[2][1]))
    torch.testing.assert_close(network(x), F.linear(y.flatten(1), network[3][1].weight, network[3][1].bias))


@pytest.mark.parametrize(("output", "last"), [("sigmoid", torch.sigmoid), ("tanh", torch.tanh)])
def test_generator_by_hand(output, last):
    network, z = seeded(Generator(6, 7, [5, 4], 1, 8, output)), torch.randn(2, 6, dtype=torch.float64)
    y = normed(F.linear(z, network[0][0].weight), network[0][1]).clamp(min=0)
    y = normed(F.linear(y, network[1][0].weight), network[1][1]).clamp(min=0).view(2, 5, 2, 2)
    y = F.conv_transpose2d(y, network[2][0].weight, stride=2, padding=1)
    y = normed(y, network[2][1]).clamp(min=0)
    conv = network[3][0]
    y = last(F.conv_transpose2d(y, conv.weight, conv.bias, stride=2, padding=1))
    torch.testing.assert_close(network(z), y)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_image_discriminator_by_hand(norm):
    network = seeded(ImageDiscriminator(1, [3, 4], 5, 8, norm))
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    after = normed if norm == "batch" else lambda y, _: y
    y = leaky(same(x, network[0][0], 4, 2))
    y = leaky(after(same(y, network[1][0], 4, 2), network[1][1]))
    y = leaky(after(F.linear(y.flatten(1), network[2][1].weight, network[2][1].bias), network[2][2]))
    torch.testing.assert_close(network(x), F.linear(y, network[3][0].weight, network[3][0].bias).flatten())


def test_joint_discriminator_by_hand():
    network = seeded(JointDiscriminator(1, [3, 4], 6, 7, 9, 8, 0.5, None))
    x, z = torch.randn(2, 1, 8, 8, dtype=torch.float64), torch.randn(2, 6, dtype=torch.float64)
    of_x = leaky(same(x, network.x[0][0], 4, 2))
    of_x = leaky(normed(same(of_x, network.x[1][0], 4, 2), network.x[1][1])).flatten(1)
    of_z = leaky(F.linear(z, network.z[0].weight, network.z[0].bias))
    y = leaky(F.linear(torch.cat([of_x, of_z], 1), network.y[0].weight, network.y[0].bias))
    torch.testing.assert_close(network.features(x, z), y)
    torch.testing.assert_close(network(x, z), F.linear(y, network.last.weight, network.last.bias).flatten())

"""IFcVAEGAN's networks against the tables of its released code, and their layers by hand in float64."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from encore.methods.ifcvaegan import Auxiliary, Decoder, Encoder, initialise
from encore.networks.ifcvaegan_discriminator import Discriminator, check_side
from encore.strict import ConfigError

FILTERS = [64, 128, 256, 512]


def counted(network):
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(network, *arguments):
    with torch.device("meta"):
        return network(*arguments)


# --- full size: n_z = 200, 64 x 64 RGB ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "parameters", "without_effect"),
    [
        # Kernel area x inputs x outputs + biases, layer by layer.
        (
            on_meta(Encoder, 3, FILTERS, 200, "shared"),
            (25 * 3 * 64 + 64)
            + (25 * 64 * 128 + 128)
            + (25 * 128 * 256 + 256)
            + (25 * 256 * 512 + 512)
            + 2 * (8192 * 200 + 200)
            + (8192 + 1),
            0,
        ),
        (
            on_meta(Decoder, 200, FILTERS, 3),
            (201 * 8192 + 8192)
            + (9 * 512 * 256 + 256)
            + (9 * 256 * 128 + 128)
            + (9 * 128 * 64 + 64)
            + (9 * 64 * 3 + 3)
            + 2 * (256 + 128 + 64),
            256 + 128 + 64,  # biases before a batch norm
        ),
        (on_meta(Discriminator, 3, FILTERS), 4_306_560 + 8192 + 1, 0),
        (on_meta(Auxiliary, 200, [1000, 1000]), 201 * 1000 + 1001 * 1000 + 1001, 0),
    ],
)
def test_parameter_counts(network, parameters, without_effect):
    """Those of the released code, but for its biases before a batch norm, which have no effect."""
    assert counted(network) == parameters - without_effect


def test_parameter_counts_in_millions():
    encoder = on_meta(Encoder, 3, FILTERS, 200, "detached")
    decoder, discriminator = on_meta(Decoder, 200, FILTERS, 3), on_meta(Discriminator, 3, FILTERS)
    convolutions, auxiliary = counted(encoder.features), on_meta(Auxiliary, 200, [1000, 1000])
    found = [
        convolutions,
        counted(encoder) - convolutions,
        *map(counted, (decoder, discriminator, auxiliary)),
    ]
    assert [round(number / 1e6, 2) for number in found] == [4.31, 3.29, 3.21, 4.31, 1.20]


def test_layers_of_the_tables():
    x, z, y = (torch.zeros(2, *shape, device="meta") for shape in ((3, 64, 64), (200,), (1,)))
    encoder, decoder = on_meta(Encoder, 3, FILTERS, 200, "shared"), on_meta(Decoder, 200, FILTERS, 3)
    discriminator = on_meta(Discriminator, 3, FILTERS)
    auxiliary = on_meta(Auxiliary, 200, [1000, 1000])
    seen = []
    for layer in [*encoder.features, *discriminator[0], decoder.first, *decoder.layers, *auxiliary]:
        layer.register_forward_hook(lambda _module, _x, y: seen.append(tuple(y.shape[1:])))
    assert [output.shape for output in encoder(x)] == [(2, 200), (2, 200), (2, 1)]
    features = [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (8192,)]
    assert seen == features
    assert discriminator(x).shape == (2,)
    assert seen[5:] == features
    assert decoder(y, z).shape == (2, 3, 64, 64)
    assert seen[10:] == [(512, 4, 4), (256, 8, 8), (128, 16, 16), (64, 32, 32)]
    assert auxiliary(z).shape == (2, 1)
    assert seen[14:] == [(1000,), (1000,), (1,)]


def test_a_norm_stands_before_all_relus_of_the_transposed_convolutions_and_nowhere_else():
    def kinds(network):
        return [type(part).__name__ for part in network.modules() if not list(part.children())]

    block = ["ConvTranspose2d", "BatchNorm2d", "ReLU"]
    decoder = ["Linear", "ReLU", "Unflatten", *block, *block, *block, "ConvTranspose2d"]
    assert kinds(on_meta(Decoder, 200, FILTERS, 3)) == decoder
    assert kinds(on_meta(Discriminator, 3, FILTERS)) == ["Conv2d", "ReLU"] * 4 + [
        "Flatten",
        "Linear",
        "Flatten",
    ]
    assert kinds(on_meta(Auxiliary, 200, [7, 9])) == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]


# --- small ones --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "filters"), [(8, [3]), (16, [3, 5]), (32, [2, 3, 5])])
@pytest.mark.parametrize("channels", [1, 3])
def test_smaller_images_have_fewer_layers(side, filters, channels):
    check_side(side, filters)
    x = torch.rand(4, channels, side, side)
    mean, log_variance, y = Encoder(channels, filters, 6, "shared")(x)
    assert (mean.shape, log_variance.shape, y.shape) == ((4, 6), (4, 6), (4, 1))
    assert Decoder(6, filters, channels)(y, mean).shape == x.shape
    assert Discriminator(channels, filters)(x).shape == (4,)


@pytest.mark.parametrize(("side", "filters", "fitting"), [(28, [3, 5, 7], 32), (64, [3], 8), (7, [2], 8)])
def test_a_side_that_does_not_fit_the_filters_is_refused(side, filters, fitting):
    message = f"image_size = {side}: networks with {len(filters)} layers of filters need {fitting} pixels"
    with pytest.raises(ConfigError, match=message):
        check_side(side, filters)


def test_a_convolution_is_5x5_with_two_pixels_of_zeros():
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    encoder = Encoder(1, [3], 4, "shared").double()
    conv = encoder.features[0][0]
    padded = F.pad(x, (2, 2, 2, 2))
    expected = torch.empty(2, 3, 4, 4, dtype=torch.float64)
    for row, column in itertools.product(range(4), range(4)):
        window = padded[:, :, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5]
        expected[:, :, row, column] = (window.unsqueeze(1) * conv.weight).sum((2, 3, 4)) + conv.bias
    features = expected.clamp(min=0).flatten(1)
    torch.testing.assert_close(encoder.features(x), features)
    for head, output in zip((encoder.mean, encoder.log_variance, encoder.label), encoder(x), strict=True):
        torch.testing.assert_close(output, features @ head.weight.T + head.bias)


def test_the_decoder_puts_the_label_before_the_latent_and_doubles_the_side():
    """Output pixel 2 i + k - 1 gathers input pixel i by the kernel's entry k."""
    decoder = Decoder(2, [3], 1).double()
    y, z = torch.randn(4, 1, dtype=torch.float64), torch.randn(4, 2, dtype=torch.float64)
    weight, bias = decoder.first[0].weight, decoder.first[0].bias
    units = (y * weight[:, 0] + z @ weight[:, 1:].T + bias).clamp(min=0)
    small = units.reshape(4, 3, 4, 4)
    expected = torch.full((4, 1, 8, 8), decoder.last.bias.item(), dtype=torch.float64)
    for i, j, k, m in itertools.product(range(4), range(4), range(3), range(3)):
        row, column = 2 * i + k - 1, 2 * j + m - 1
        if row >= 0 and column >= 0:
            expected[:, 0, row, column] += (small[:, :, i, j] * decoder.last.weight[:, 0, k, m]).sum(1)
    torch.testing.assert_close(decoder(y, z), expected)


def convolved(features, x):
    """The encoder's and the discriminator's convolutions, each before a ReLU, as PyTorch's functions."""
    for conv, _ in itertools.islice(features, len(features) - 1):
        x = F.conv2d(x, conv.weight, conv.bias, stride=2, padding=2).clamp(min=0)
    return x.flatten(1)


def test_encoder_and_discriminator_have_a_relu_behind_every_convolution():
    x = torch.randn(4, 1, 32, 32, dtype=torch.float64)
    encoder = Encoder(1, [3, 5, 2], 4, "shared").double()
    discriminator = Discriminator(1, [3, 5, 2]).double()
    torch.testing.assert_close(encoder(x)[0], encoder.mean(convolved(encoder.features, x)))
    logits = discriminator[1](convolved(discriminator[0], x)).flatten()
    torch.testing.assert_close(discriminator(x), logits)


def test_the_decoder_normalises_and_clips_behind_every_transposed_convolution_but_the_last():
    decoder = initialise(Decoder(2, [3, 5, 2], 1)).double()
    y, z = torch.randn(6, 1, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)
    geometry = {"stride": 2, "padding": 1, "output_padding": 1}
    linear = decoder.first[0]
    maps = (torch.cat([y, z], 1) @ linear.weight.T + linear.bias).clamp(min=0).reshape(6, 2, 4, 4)
    for conv, norm, _ in decoder.layers:
        maps = F.conv_transpose2d(maps, conv.weight, **geometry)
        mean, variance = maps.mean((0, 2, 3)), maps.var((0, 2, 3), correction=0)
        scale = norm.weight / (variance + 1e-5).sqrt()
        maps = (maps - mean.view(-1, 1, 1)) * scale.view(-1, 1, 1) + norm.bias.view(-1, 1, 1)
        maps = maps.clamp(min=0)
    expected = F.conv_transpose2d(maps, decoder.last.weight, decoder.last.bias, **geometry)
    torch.testing.assert_close(decoder(y, z), expected)


def test_the_auxiliary_network_by_hand():
    network, z = Auxiliary(2, [3, 4]).double(), torch.randn(5, 2, dtype=torch.float64)
    x = z
    for layer in (network[0][0], network[1][0]):
        x = (x @ layer.weight.T + layer.bias).clamp(min=0)
    torch.testing.assert_close(network(z), x @ network[2].weight.T + network[2].bias)


@pytest.mark.parametrize("label_features", ["shared", "detached"])
def test_how_far_a_loss_of_the_label_reaches(label_features):
    encoder = Encoder(1, [3, 5], 4, label_features)
    x = torch.rand(4, 1, 16, 16, requires_grad=True)
    encoder(x)[2].sum().backward()
    reached = {name for name, parameter in encoder.named_parameters() if parameter.grad is not None}
    convolutions = {f"features.{layer}.0.{kind}" for layer in (0, 1) for kind in ("weight", "bias")}
    label = {"label.weight", "label.bias"}
    assert reached == (label | convolutions if label_features == "shared" else label)
    assert (x.grad is None) == (label_features == "detached")


def test_a_bias_before_a_batch_norm_has_no_effect():
    x, network = torch.randn(8, 5, 3, 3, dtype=torch.float64), nn.BatchNorm2d(5).double()
    torch.testing.assert_close(network(x + torch.arange(5).view(5, 1, 1)), network(x))
    assert all(layer[0].bias is None for layer in Decoder(4, [3, 5, 7], 1).layers)


def test_initialisation_is_that_of_the_released_codes_pytorch():
    torch.manual_seed(0)
    decoder = initialise(Decoder(200, [32, 64], 1))
    encoder = initialise(Encoder(3, [64], 200, "shared"))
    # A layer, and its inputs times the area of its kernel.
    layers = {
        decoder.first[0]: 201,
        decoder.layers[0][0]: 64 * 9,
        decoder.last: 32 * 9,
        encoder.features[0][0]: 3 * 25,
        encoder.mean: 64 * 16,
    }
    for layer, n in layers.items():
        bound = 1 / math.sqrt(n)
        assert layer.weight.abs().max().item() == pytest.approx(bound, rel=0.05)
        assert layer.weight.abs().max() <= bound
        # The standard error of a uniform sample's variance is 0.9 of the variance over the root of its size.
        variance = layer.weight.square().mean().item()
        assert variance == pytest.approx(bound**2 / 3, rel=4 / math.sqrt(layer.weight.numel()))
        assert layer.bias is None or 0 < layer.bias.abs().max() <= bound
    norm = initialise(nn.BatchNorm2d(10_000))
    assert 0 <= norm.weight.min() < norm.weight.max() <= 1
    assert norm.weight.mean().item() == pytest.approx(0.5, abs=0.012)
    assert not norm.bias.any()

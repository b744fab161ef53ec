"""BEGAN's networks against the layers of carpedm20/BEGAN-tensorflow, and their numbers of parameters."""

import pytest
import torch
from torch import nn

from encore.networks.began import BeganDecoder, BeganEncoder, initialise
from encore.strict import ConfigError

# side -> parameters of encoder and decoder with n = 128, a latent of 64 and three channels.
PARAMETERS = {32: (5_707_200, 1_421_443), 64: (11_688_768, 1_716_611), 128: (21_209_664, 2_011_779)}


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("side", "parameters"), PARAMETERS.items())
def test_parameters(side, parameters):
    with torch.device("meta"):
        found = count(BeganEncoder(3, 128, 64, side)), count(BeganDecoder(64, 128, 3, side))
    assert found == parameters


@pytest.mark.parametrize(("side", "blocks"), [(32, 3), (64, 4), (128, 5)])
def test_parameters_follow_from_the_layers(side, blocks):
    """By hand: a strided convolution in every block of the encoder but the last."""

    def conv(before, after):
        return 9 * before * after + after

    n, encoder = 128, conv(3, 128)
    for k in range(1, blocks + 1):
        encoder += conv(max(k - 1, 1) * n, k * n) + conv(k * n, k * n) * (2 if k < blocks else 1)
    encoder += (8 * 8 * blocks * n + 1) * 64
    decoder = (64 + 1) * 8 * 8 * n + 2 * blocks * conv(n, n) + conv(n, 3)
    assert (encoder, decoder) == PARAMETERS[side]


def shapes_of(network, x):
    """Side and filters after every convolution."""
    found = []
    for layer in network:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            found.append((x.shape[-1], x.shape[1]))
    return found, x


def test_encoder_grows_by_n_in_a_block_after_it_was_halved():
    shapes, z = shapes_of(BeganEncoder(3, 2, 7, 32), torch.zeros(2, 3, 32, 32))
    first = [(32, 2), (32, 2), (32, 2), (16, 2)]
    assert shapes == [*first, (16, 4), (16, 4), (8, 4), (8, 6), (8, 6)]
    assert z.shape == (2, 7)


def test_decoder_has_n_filters_throughout():
    shapes, x = shapes_of(BeganDecoder(7, 2, 3, 32), torch.zeros(2, 7))
    assert shapes == [(8, 2), (8, 2), (16, 2), (16, 2), (32, 2), (32, 2), (32, 3)]
    assert x.shape == (2, 3, 32, 32)


def test_every_convolution_but_a_decoders_last_has_an_elu():
    for network, without in ((BeganEncoder(1, 2, 7, 16), 0), (BeganDecoder(7, 2, 1, 16), 1)):
        layers = list(network)
        after = [layers[i + 1 : i + 2] for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
        assert sum(not (found and isinstance(found[0], nn.ELU)) for found in after) == without
        assert sum(isinstance(layer, nn.ELU) for layer in layers) == len(after) - without


def test_decoder_doubles_the_side_by_repeating_pixels():
    (up,) = (layer for layer in BeganDecoder(7, 2, 1, 16) if isinstance(layer, nn.UpsamplingNearest2d))
    x = torch.arange(4.0).view(1, 1, 2, 2)
    assert torch.equal(up(x), x.repeat_interleave(2, 2).repeat_interleave(2, 3))


@pytest.mark.parametrize("side", [4, 12, 28, 48])
def test_other_sides_are_refused(side):
    with pytest.raises(ConfigError, match=f"image_size = {side}: .* 8, 16, 32"):
        BeganEncoder(3, 2, 7, side)


def test_weights_begin_by_glorots_rule():
    encoder = initialise(BeganEncoder(3, 16, 7, 16))
    layers = [layer for layer in encoder if isinstance(layer, (nn.Conv2d, nn.Linear))]
    for layer in layers:
        area = layer.weight[0, 0].numel()
        bound = (6 / (area * (layer.weight.shape[0] + layer.weight.shape[1]))) ** 0.5
        assert 0.95 * bound < layer.weight.abs().max() <= bound
        assert not layer.bias.any()

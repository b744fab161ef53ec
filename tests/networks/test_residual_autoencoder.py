"""Encoder and decoder: layers, counts and ranges; the likelihood against a sum in numpy."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from encore.networks.residual import leaky_relu
from encore.networks.residual_autoencoder import (
    ResidualDecoder,
    ResidualEncoder,
    gaussian_log_likelihood,
)
from encore.strict import ConfigError


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def block_count(a, b):
    """Two 3x3 convolutions, and a 1x1 one in the skip connection where filters change; all with bias."""
    return (9 * a + 1) * b + (9 * b + 1) * b + ((a + 1) * b if a != b else 0)


@pytest.mark.parametrize(
    ("side", "channels", "filters"),
    [(8, 1, [4]), (8, 3, [4, 6, 8]), (28, 1, [4, 6]), (128, 3, [2, 2, 3, 3, 4])],
)
def test_sides_and_channels_are_settings(side, channels, filters):
    x = torch.rand(2, channels, side, side)
    z = ResidualEncoder(channels, filters, 7, side)(x)
    assert z.shape == (2, 7)
    image = ResidualDecoder(7, filters, channels, side)(z)
    assert image.shape == x.shape
    assert 0 < image.min() < image.max() < 1


def test_each_block_halves_or_doubles_the_side():
    encoder, decoder = ResidualEncoder(3, [4, 6, 8], 5, 16), ResidualDecoder(5, [4, 6, 8], 3, 16)
    shapes, x = [], torch.rand(1, 3, 16, 16)
    for layer in encoder:
        shapes.append(tuple((x := layer(x)).shape[1:]))
    assert shapes == [(4, 16, 16), (4, 8, 8), (6, 4, 4), (8, 2, 2), (8, 2, 2), (32,), (5,)]
    shapes, x = [], torch.rand(1, 5)
    for layer in decoder:
        shapes.append(tuple((x := layer(x)).shape[1:]))
    expected = [(32,), (8, 2, 2), (6, 4, 4), (4, 8, 8), (4, 16, 16), (4, 16, 16), (3, 16, 16), (3, 16, 16)]
    assert shapes == expected


def test_parameters_are_counted_by_hand():
    blocks = block_count(4, 4) + block_count(4, 6) + block_count(6, 8)
    outwards = block_count(8, 6) + block_count(6, 4) + block_count(4, 4)
    assert count(ResidualEncoder(3, [4, 6, 8], 5, 16)) == (9 * 3 + 1) * 4 + blocks + (8 * 4 + 1) * 5
    assert count(ResidualDecoder(5, [4, 6, 8], 3, 16)) == (5 + 1) * 32 + outwards + (9 * 4 + 1) * 3


def test_encoder_of_one_block_by_hand():
    encoder = ResidualEncoder(1, [2], 3, 4).double()
    first, block, *_, last = encoder
    x = torch.rand(2, 1, 4, 4, dtype=torch.float64)
    h = F.conv2d(x, first.weight, first.bias, padding=1)
    inner = F.conv2d(leaky_relu(h), block.conv1.weight, block.conv1.bias, padding=1)
    h = h + F.conv2d(leaky_relu(inner), block.conv2.weight, block.conv2.bias, padding=1)
    h = (h[..., ::2, ::2] + h[..., 1::2, ::2] + h[..., ::2, 1::2] + h[..., 1::2, 1::2]) / 4
    expected = leaky_relu(h).reshape(2, 8) @ last.weight.T + last.bias
    torch.testing.assert_close(encoder(x), expected, rtol=0, atol=1e-12)


def test_decoder_of_one_block_by_hand():
    decoder = ResidualDecoder(3, [2], 1, 4).double()
    first, _, block, _, last, _ = decoder
    z = torch.randn(2, 3, dtype=torch.float64)
    h = (z @ first.weight.T + first.bias).reshape(2, 2, 2, 2)
    h = h.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    inner = F.conv2d(leaky_relu(h), block.conv1.weight, block.conv1.bias, padding=1)
    h = h + F.conv2d(leaky_relu(inner), block.conv2.weight, block.conv2.bias, padding=1)
    expected = 1 / (1 + torch.exp(-F.conv2d(leaky_relu(h), last.weight, last.bias, padding=1)))
    torch.testing.assert_close(decoder(z), expected, rtol=0, atol=1e-12)


def test_no_image_depends_on_those_beside_it_nor_on_training():
    encoder, x = ResidualEncoder(1, [2, 3], 4, 8).double(), torch.rand(5, 1, 8, 8, dtype=torch.float64)
    together = encoder.train()(x)
    torch.testing.assert_close(together, torch.cat([encoder(one) for one in x.split(1)]))
    assert torch.equal(together, encoder.eval()(x))


def test_sides_that_cannot_be_halved_so_often_are_refused():
    for network in (ResidualEncoder, ResidualDecoder):
        with pytest.raises(ConfigError, match=r"image_size = 12: .* with 3 filters, need a multiple of 8"):
            network(3, [2, 2, 2], 3, 12)


def test_likelihood_is_that_of_independent_gaussian_pixels():
    x, mean = np.random.default_rng(0).random((2, 3, 1, 4, 4))
    density = np.exp(-((x - mean) ** 2) / (2 * 0.2**2)) / (0.2 * np.sqrt(2 * np.pi))
    found = gaussian_log_likelihood(torch.from_numpy(x), torch.from_numpy(mean), 0.2)
    np.testing.assert_allclose(found.numpy(), np.log(density).sum(axis=(1, 2, 3)), rtol=1e-12)

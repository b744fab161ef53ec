"""Blocks against sums written out by hand, in float64."""

import pytest
import torch
import torch.nn.functional as F

from encore.networks.residual import MinibatchStd, PreActivationBlock, leaky_relu


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_block_is_convolutions_of_activations_plus_skip():
    block = PreActivationBlock(3, 3).double()
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    inner = F.conv2d(leaky_relu(x), block.conv1.weight, block.conv1.bias, padding=1)
    expected = x + F.conv2d(leaky_relu(inner), block.conv2.weight, block.conv2.bias, padding=1)
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-12)


def test_leaky_relu_has_the_papers_slope():
    assert leaky_relu(torch.tensor([-1.0, 2.0])).tolist() == pytest.approx([-0.2, 2.0])


def test_up_block_repeats_pixels_and_down_block_averages_them():
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    for resample, expected in (
        ("up", x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)),
        ("down", (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4),
    ):
        block = PreActivationBlock(3, 3, resample).double()
        torch.nn.init.zeros_(block.conv2.weight)
        torch.nn.init.zeros_(block.conv2.bias)
        torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-12)


def test_skip_has_a_convolution_only_where_filters_change():
    assert not list(PreActivationBlock(4, 4, "up").skip.parameters())
    assert PreActivationBlock(4, 8, "down").skip.weight.shape == (8, 4, 1, 1)


def test_unknown_resampling_is_refused():
    with pytest.raises(ValueError, match="'sideways'"):
        PreActivationBlock(4, 4, "sideways")


def test_minibatch_std_appends_the_mean_spread_over_the_batch():
    x = torch.randn(5, 2, 3, 3, dtype=torch.float64)
    y = MinibatchStd()(x)
    spread = ((x - x.mean(0)).square().mean(0) + 1e-8).sqrt().mean()
    assert y.shape == (5, 3, 3, 3)
    torch.testing.assert_close(y[:, :2], x, rtol=0, atol=0)
    torch.testing.assert_close(y[:, 2], spread.expand(5, 3, 3), rtol=0, atol=1e-12)

"""The size of modules as they are kept."""

from torch import nn

from encore.networks.state import modules_bytes


def test_bytes_are_those_of_parameters_and_buffers():
    # 18 weights and 2 biases; scale, shift, mean and variance of 2 filters, and a counter of 8 bytes.
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    assert modules_bytes(network) == 4 * (18 + 2 + 2 * 2 + 2 * 2) + 8

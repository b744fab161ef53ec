"""What a training takes of a device's memory, counted."""

import pytest
import torch
from torch import nn

from encore.networks import memory
from encore.networks.memory import demand_memory, memory_of, saved_bytes
from encore.strict import ConfigError


def test_saved_tensors_are_counted_once_and_parameters_not_at_all():
    weight = nn.Parameter(torch.ones(3, 3))
    x = torch.ones(5, 3, requires_grad=True)

    def passes():
        y = x @ weight  # saves x for the weight's gradient, and the weight for that of x
        return y.exp().sum() + (x @ weight).sum()  # exp saves what it gives

    assert saved_bytes(passes) == (15 + 15) * 4


def test_a_count_on_meta_is_that_of_real_tensors_with_double_backward_too():
    def counted(device):
        with torch.device(device):
            network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(64, 1))
            x = torch.empty(5, 2, 6, 6, requires_grad=True)

        def passes():
            (gradient,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
            return gradient.square().sum()

        return saved_bytes(passes)

    assert counted("meta") == counted("cpu") > 0


def test_too_little_memory_is_said_with_a_remedy(monkeypatch):
    monkeypatch.setattr(memory, "memory_of", lambda device: 8 * 2**30)
    demand_memory(8 * 2**30, "cpu", "")
    expected = "This training needs 9.5 GiB at least, and cuda has 8.0; lower its batch_sizes."
    with pytest.raises(ConfigError, match=expected):
        demand_memory(19 * 2**29, "cuda", "lower its batch_sizes")


def test_this_machine_has_some():
    assert memory_of("cpu") > 2**28

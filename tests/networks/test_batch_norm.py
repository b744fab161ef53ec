"""Passes that batch norms' averages follow, and passes that they do not."""

import copy

import pytest
import torch
from torch import nn

from encore.networks.batch_norm import standing_averages


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Unflatten(1, (4, 1, 1)), nn.BatchNorm2d(4))


def test_averages_stand_still_within_it_and_move_after_it():
    model, x = network(), torch.randn(8, 3)
    before, plain = copy.deepcopy(model.state_dict()), copy.deepcopy(model)(x)
    with standing_averages(model):
        torch.testing.assert_close(model(x), plain, rtol=0, atol=0)  # normalised by the batch all the same
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model(x)
    assert not torch.equal(before["1.running_mean"], model[1].running_mean)


def test_other_networks_move_within_it():
    still, moving = network(), network()
    before = moving[3].running_var.clone()
    with standing_averages(still):
        moving(torch.randn(8, 3))
    assert not torch.equal(before, moving[3].running_var)


def test_they_move_again_after_an_error():
    model = network()
    with pytest.raises(RuntimeError), standing_averages(model):
        model(torch.randn(8, 99))
    assert model[1].track_running_stats


def test_a_norm_that_keeps_no_averages_goes_on_without():
    norm = nn.BatchNorm1d(4, track_running_stats=False)
    with standing_averages(norm):
        pass
    assert not norm.track_running_stats

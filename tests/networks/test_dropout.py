"""Dropout from a generator of the method's own."""

import pytest
import torch

from encore.networks.dropout import Dropout


def test_dropout_draws_from_its_own_generator_and_rests_when_nothing_is_trained():
    x = torch.ones(100, 100)
    masks = [Dropout(0.25, torch.Generator().manual_seed(5))(x) for _ in range(2)]
    assert torch.equal(*masks)
    assert masks[0].unique().tolist() == pytest.approx([0, 4 / 3])
    assert masks[0].mean().item() == pytest.approx(1, abs=0.03)
    assert torch.equal(Dropout(0.25, None).eval()(x), x)

"""The conditional variational autoencoder: its bound by hand in float64, and how labels go in."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from encore.methods.cvae import CVAE, label_code
from encore.methods.dualvae import DualVAE
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

SIDE, LABELS = 8, 3
NAN = float("nan")
SETTINGS = shared.VAE_SETTINGS


def method(seed=0, channels=1, **changed):
    return CVAE(SETTINGS | changed, (channels, SIDE, SIDE), seed, "cpu", n_labels=LABELS)


def batch(seed=0, missing=0.3, dtype=torch.float32):
    return shared.labelled_batch(6, (1, SIDE, SIDE), LABELS, seed, missing, dtype)


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(*batch(iteration))
    return model


def test_a_missing_label_stands_midway():
    assert label_code(torch.tensor([[0.0, 1.0, NAN]])).tolist() == [[-1.0, 1.0, 0.0]]


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_step_goes_up_the_conditional_bound(missing, monkeypatch):
    model = method()
    model.networks.double()
    noise = torch.randn(6, 5, dtype=torch.float64)
    monkeypatch.setattr(torch, "randn", lambda *shape, **how: noise)
    monkeypatch.setattr(model.optimizers["adam"], "step", lambda: None)
    x, y = batch(missing=missing, dtype=torch.float64)
    losses = model.step(x, y)
    found = [parameter.grad.clone() for parameter in model.networks.parameters()]

    code = torch.where(y == 1, 1.0, torch.where(y == 0, -1.0, 0.0)).double()
    maps = torch.stack([torch.stack([one * torch.ones(SIDE, SIDE) for one in row]) for row in code])
    encoded = model.encoder(torch.cat([x, maps], dim=1))
    q = Normal(encoded[:, :5], (encoded[:, 5:] / 2).exp())
    decoded = model.decoder(torch.cat([q.mean + q.stddev * noise, code], dim=1))
    reconstruction = -Normal(decoded, 0.1).log_prob(x).sum()
    to_prior = kl_divergence(q, Normal(0.0, 1.0)).sum()
    torch.testing.assert_close(losses["reconstruction"], reconstruction.detach() / 6)
    torch.testing.assert_close(losses["divergence"], to_prior.detach() / 6)
    shared.assert_gradients(found, reconstruction + to_prior, model.networks.parameters(), atol=1e-9)


def test_a_step_moves_encoder_and_decoder():
    model = method()
    assert shared.moved_by_a_step(model, *batch()) == shared.names_of(model, {"encoder", "decoder"})


def test_losses_are_single_numbers_without_history():
    shared.assert_losses(method().step(*batch()), ["reconstruction", "divergence"])


def test_edit_changes_one_label_on_the_way_out_alone():
    model = trained()
    x, y = batch(missing=0.0)
    z = model.encode(x, y)[0]
    wanted = torch.stack([y[:, 0], torch.ones(6), y[:, 2]], dim=1)
    kept = y.clone()
    edited = model.edit(x, y, 1, True)
    torch.testing.assert_close(edited, model.decode(z, wanted).detach())
    assert torch.equal(y, kept)
    shared.assert_images_like(edited, x, low=0)
    assert not torch.equal(edited, model.edit(x, y, 1, False))


def test_edit_to_the_label_that_an_image_has_reconstructs_it():
    model = trained()
    x, y = batch(missing=0.0)
    reconstructed = model.reconstruct(x, y)
    for value in (True, False):
        have = y[:, 1] == value
        edited = model.edit(x, y, 1, value)
        assert torch.equal(edited[have], reconstructed[have])
        assert not torch.equal(edited[~have], reconstructed[~have])


def test_edit_sets_a_label_that_was_missing():
    model, (x, y) = trained(), batch(missing=0.0)
    unknown = y.clone()
    unknown[:, 0] = NAN
    assert model.edit(x, unknown, 0, True).isfinite().all()
    assert not torch.equal(model.edit(x, unknown, 0, True), model.reconstruct(x, unknown))


def test_networks_are_dualvaes_but_for_the_labels_that_go_in():
    of_dual = {"learning_rate_labels": 1e-3, "alpha": 1.0, "transfer": "fixed", "lambda": 1.0}
    dual = DualVAE(SETTINGS | of_dual, (3, SIDE, SIDE), 0, "cpu", n_labels=LABELS)
    own = method(channels=3)
    sizes = [
        {name: sum(p.numel() for p in part.parameters()) for name, part in model.networks.items()}
        for model in (own, dual)
    ]
    # A map for each label into the first convolution; a number for each into the first dense layer.
    assert sizes[0]["encoder"] - sizes[1]["encoder"] == LABELS * 3 * 9
    assert sizes[0]["decoder"] - sizes[1]["decoder"] == LABELS * 4 * 2 * 2
    assert set(CVAE.SETTINGS) == set(SETTINGS) - {"image_size"}
    assert set(CVAE.SETTINGS) < set(DualVAE.SETTINGS)


def test_state_goes_on_to_the_same_bits():
    batches = [batch(iteration) for iteration in range(6)]
    shared.assert_goes_on_to_the_same_bits(method(seed=3), method(seed=4), batches, stop=3)


def test_a_loaded_model_edits_the_same():
    shared.assert_loaded_edits_the_same(trained(), method(seed=7), *batch(), domain=1)


def test_bytes_of_the_model_are_known():
    model = method()
    assert CVAE.model_bytes(model.settings, 1, n_labels=LABELS) == shared.held_bytes(model)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 10"):
        CVAE(SETTINGS, (1, 10, 10), 0, "cpu", n_labels=LABELS)

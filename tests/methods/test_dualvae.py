"""DualVAE against its paper: Algorithm 1 and equations 1 to 3, by hand in float64."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from encore.methods.dualvae import DualVAE, by_fixed_amount, label_log_likelihood, to_logit
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

SIDE, LABELS = 8, 3
NAN = float("nan")
SETTINGS = shared.VAE_SETTINGS | {
    "learning_rate_labels": 2e-3,
    "alpha": 0.7,
    "transfer": "fixed",
    "lambda": 1.5,
}


def method(seed=0, channels=1, **changed):
    return DualVAE(SETTINGS | changed, (channels, SIDE, SIDE), seed, "cpu", n_labels=LABELS)


def batch(seed=0, missing=0.3, dtype=torch.float32):
    return shared.labelled_batch(6, (1, SIDE, SIDE), LABELS, seed, missing, dtype)


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(*batch(iteration))
    return model


def exact(monkeypatch, **changed):
    """A method in float64 whose draws are known: `noise`."""
    model = method(**changed)
    model.networks.double()
    model.noise = torch.randn(6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    monkeypatch.setattr(torch, "randn", lambda *shape, **how: model.noise)
    return model


def by_hand(model, x, y):
    """Sums over the batch: log p(x | z), KL(q || p) and I log p(y | z, u), with torch's distributions."""
    encoded = model.encoder(x)
    q = Normal(encoded[:, :5], (encoded[:, 5:] / 2).exp())
    z = q.mean + q.stddev * model.noise
    log_p_x = Normal(model.decoder(z), 0.1).log_prob(x).sum()
    to_prior = kl_divergence(q, Normal(0.0, 1.0)).sum()
    log_p_y = 0.0
    for j in range(6):
        for i in range(LABELS):
            if not y[j, i].isnan():
                p = 1 / (1 + torch.exp(-(z[j] * model.U[i]).sum()))
                log_p_y = log_p_y + (p.log() if y[j, i] == 1 else (1 - p).log())
    return log_p_x, to_prior, log_p_y


# --- Algorithm 1 -------------------------------------------------------------------------------------


def test_label_likelihood_counts_known_labels_alone():
    y = torch.tensor([[1.0, 0.0, NAN], [NAN, 1.0, 0.0]], dtype=torch.float64)
    logits = torch.tensor([[0.3, -2.0, 5.0], [1.0, 0.5, 4.0]], dtype=torch.float64, requires_grad=True)
    found = label_log_likelihood(y, logits)
    p = 1 / (1 + np.exp(-logits.detach().numpy()))
    expected = [[np.log(p[0, 0]), np.log(1 - p[0, 1]), 0], [0, np.log(p[1, 1]), np.log(1 - p[1, 2])]]
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-12)
    found.sum().backward()
    of_known = (y.nan_to_num() - torch.from_numpy(p)) * ~y.isnan()  # y - sigma(u z)
    torch.testing.assert_close(logits.grad, of_known)


@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_step_follows_both_gradients_of_algorithm_1(missing, monkeypatch):
    model = exact(monkeypatch)
    x, y = batch(missing=missing, dtype=torch.float64)
    found = {}
    monkeypatch.setattr(model, "_update", lambda name, gradients: found.setdefault(name, gradients))
    losses = model.step(x, y)

    log_p_x, to_prior, log_p_y = by_hand(model, x, y)
    torch.testing.assert_close(losses["reconstruction"], -log_p_x.detach() / 6)
    torch.testing.assert_close(losses["divergence"], to_prior.detach() / 6)
    torch.testing.assert_close(losses["labels"], -log_p_y.detach() / 6)
    phi, theta = list(model.encoder.parameters()), list(model.decoder.parameters())
    assert list(found) == ["g", "g_e"]
    shared.assert_gradients(found["g"], -(log_p_x - to_prior), [*phi, *theta], atol=1e-9)
    shared.assert_gradients(found["g_e"], -0.7 * log_p_y, [*phi, model.U], atol=1e-9)


def test_both_optimisers_step_from_where_z_was_sampled(monkeypatch):
    """Adam's first step is lr g / (|g| + eps): phi takes one of each, with gradients at the same phi."""
    model = exact(monkeypatch)
    x, y = batch(dtype=torch.float64)
    log_p_x, to_prior, log_p_y = by_hand(model, x, y)
    phi = list(model.encoder.parameters())
    of_image = torch.autograd.grad(to_prior - log_p_x, phi, retain_graph=True)
    of_labels = torch.autograd.grad(-0.7 * log_p_y, phi)
    expected = [
        p.detach() - 1e-3 * g / (g.abs() + 1e-8) - 2e-3 * h / (h.abs() + 1e-8)
        for p, g, h in zip(phi, of_image, of_labels, strict=True)
    ]
    model.step(x, y)
    for parameter, value in zip(phi, expected, strict=True):
        torch.testing.assert_close(parameter.detach(), value, rtol=0, atol=1e-8)


# Optimiser -> the networks whose parameters it moves, and no others.
MOVES = {"g": {"encoder", "decoder"}, "g_e": {"encoder", "dual"}}


@pytest.mark.parametrize(("optimizer", "networks"), MOVES.items())
def test_each_optimiser_moves_its_own_networks_alone(optimizer, networks, monkeypatch):
    model = method()
    assert set(model.optimizers) == set(MOVES)
    shared.leave_one_optimizer(model, optimizer, monkeypatch)
    assert shared.moved_by_a_step(model, *batch(missing=0.0)) == shared.names_of(model, networks)


def test_without_labels_it_is_a_variational_autoencoder(monkeypatch):
    """Where all labels are missing, g_e moves nothing, and the labels' loss is 0."""
    alone, both = method(), method()
    monkeypatch.setattr(alone.optimizers["g_e"], "step", lambda: None)
    x, y = batch()
    nothing = torch.full_like(y, NAN)
    for model in (alone, both):
        assert model.step(x, nothing)["labels"] == 0
    for a, b in zip(alone.networks.parameters(), both.networks.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_label_that_nobody_knows_leaves_its_dual_vector():
    model = method()
    before, (x, y) = model.U.detach().clone(), batch(missing=0.0)
    y[:, 1] = NAN
    model.step(x, y)
    assert [torch.equal(a, b) for a, b in zip(before, model.U.detach(), strict=True)] == [False, True, False]


def test_alpha_hardly_counts_under_adam():
    little, much = trained(steps=2, alpha=0.1), trained(steps=2, alpha=10.0)
    for a, b in zip(little.networks.parameters(), much.networks.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=2e-4)  # a fifth of one step


def test_losses_are_single_numbers_without_history():
    shared.assert_losses(method().step(*batch()), ["reconstruction", "divergence", "labels"])


def test_networks_are_of_the_size_that_settings_say():
    model = method(channels=3)
    assert model.U.shape == (LABELS, 5)
    assert [name for name, _ in model.networks["dual"].named_parameters()] == ["weight"]  # no bias
    assert model.encoder(torch.rand(2, 3, SIDE, SIDE)).shape == (2, 10)
    assert set(DualVAE.SETTINGS) == set(SETTINGS) - {"image_size"}
    assert model.images_per_step == 6


# --- transfer (3) ------------------------------------------------------------------------------------


def test_fixed_is_equation_3_as_it_stands():
    z, u = torch.tensor([[1.0, 2.0], [0.0, -1.0]]), torch.tensor([0.5, -1.0])
    assert by_fixed_amount(z, u, 2.0).tolist() == [[2.0, 0.0], [1.0, -3.0]]


def test_logit_goes_along_u_to_the_logit_and_no_further():
    z, u = torch.tensor([[1.0, 2.0], [0.0, -1.0], [0.0, -9.0]]), torch.tensor([0.5, -1.0])
    # u z is -1.5, 1 and 9; |u|^2 is 1.25: lambda is 4.5 / 1.25, 2 / 1.25 and none.
    expected = [[1 + 0.5 * 3.6, 2 - 3.6], [0.5 * 1.6, -1 - 1.6], [0.0, -9.0]]
    w = to_logit(z, u, 3.0)
    torch.testing.assert_close(w, torch.tensor(expected))
    torch.testing.assert_close(w @ u, torch.tensor([3.0, 3.0, 9.0]))


@pytest.mark.parametrize("transfer", ["fixed", "logit"])
@pytest.mark.parametrize("value", [True, False])
def test_edit_decodes_the_mean_latent_moved_along_its_dual_vector(transfer, value):
    model = trained(transfer=transfer)
    x, y = batch()
    z, u, sign = model.encoder(x)[:, :5].detach(), model.U[2].detach(), 1 if value else -1
    amount = torch.full((6,), 1.5)
    if transfer == "logit":  # until sign u w = 1.5
        amount = torch.tensor([max(1.5 - sign * float(u @ one), 0.0) for one in z]) / float(u @ u)
    w = torch.stack([one + sign * float(lambda_) * u for one, lambda_ in zip(z, amount, strict=True)])
    edited = model.edit(x, y, 2, value)
    torch.testing.assert_close(edited, model.decoder(w).detach())
    shared.assert_images_like(edited, x, low=0)


def test_edit_goes_as_far_as_was_chosen_for_the_model():
    model, (x, y) = trained(), batch()
    assert torch.equal(model.edit(x, y, 1, True), model.transfer(x, 1, True, 1.5))  # of the settings
    model.amount = 20.0
    assert torch.equal(model.edit(x, y, 1, True), model.transfer(x, 1, True, 20.0))
    assert not torch.equal(model.edit(x, y, 1, True), model.transfer(x, 1, True, 1.5))


def test_the_length_of_the_dual_vectors_by_hand():
    model = method()
    with torch.no_grad():
        model.U.copy_(torch.tensor([[3.0, 4, 0, 0, 0], [0, 0, 0, 0, 1], [0, 2, 0, 0, 0]]))
    assert model.mean_length() == pytest.approx((5 + 1 + 2) / 3)


def test_edit_needs_no_labels_and_draws_nothing():
    model = trained()
    x, y = batch()
    expected = model.edit(x, y, 1, True)
    assert torch.equal(model.edit(x, torch.full_like(y, NAN), 1, True), expected)
    assert not torch.equal(model.edit(x, y, 1, False), expected)
    assert not torch.equal(model.edit(x, y, 0, True), expected)


def test_transfer_by_nothing_is_the_reconstruction():
    model, (x, _) = trained(), batch()
    assert torch.equal(model.transfer(x, 0, True, 0.0), model.reconstruct(x))


def test_a_reading_of_lambda_that_is_none_is_refused():
    with pytest.raises(KeyError, match="sideways"):
        method(transfer="sideways")


def test_it_learns_to_brighten_the_half_that_a_label_names():
    """Three labels: which of the left half, the right half and the middle rows are bright."""
    model = method(learning_rate=3e-3, learning_rate_labels=3e-3, batch_size=32)
    generator = torch.Generator().manual_seed(0)
    for _ in range(250):
        y = torch.randint(2, (32, LABELS), generator=generator).float()
        x = torch.full((32, 1, SIDE, SIDE), 0.2)
        x[..., :4] += 0.3 * y[:, 0, None, None, None]
        x[..., 4:] += 0.3 * y[:, 1, None, None, None]
        x[..., 3:5, :] += 0.3 * y[:, 2, None, None, None]
        hidden = torch.rand(y.shape, generator=generator) < 0.5
        model.step(x, y.masked_fill(hidden, NAN))
    logits = model.encode(x)[0] @ model.U.T
    assert ((logits > 0) == (y == 1)).float().mean() > 0.9
    z_per_logit = 1 / model.U[0].square().sum().item()
    change = model.transfer(x, 0, True, 3 * z_per_logit) - model.transfer(x, 0, False, 3 * z_per_logit)
    left, right = change[..., :4].mean(), change[..., 4:].mean()
    assert left > 0.1
    assert left > 2 * right.abs()


# --- state -------------------------------------------------------------------------------------------


def test_state_goes_on_to_the_same_bits():
    batches = [batch(iteration) for iteration in range(6)]
    shared.assert_goes_on_to_the_same_bits(method(seed=3), method(seed=4), batches, stop=3)


def test_a_seed_gives_the_same_networks():
    models = [method(seed=seed).model() for seed in (1, 1, 2)]
    shared.assert_a_seed_decides(*models, "dual.weight")


def test_a_loaded_model_edits_the_same():
    shared.assert_loaded_edits_the_same(trained(), method(seed=7), *batch(), domain=1)


def test_bytes_of_the_model_are_known():
    model = method()
    assert DualVAE.model_bytes(model.settings, 1, n_labels=LABELS) == shared.held_bytes(model)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 10"):
        DualVAE(SETTINGS, (1, 10, 10), 0, "cpu", n_labels=LABELS)

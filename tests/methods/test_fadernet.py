"""Fader Networks against their paper: both objectives, lambda_E, updates and editing, by hand in float64."""

import importlib.util
from pathlib import Path

import pytest
import torch

from encore.methods.fadernet import FaderNetworks
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

SIDE, LABELS, BATCH = 8, 3, 6
SETTINGS = {
    "image_size": SIDE,
    "filters": [4, 6],
    "discriminator_filters": [5],
    "discriminator_units": 7,
    "dropout": 0.3,
    "iterations": 10,
    "batch_size": BATCH,
    "n_dis": 1,
    "mirror": 0.5,
    "learning_rate": 0.01,
    "betas": [0.5, 0.999],
    "gradient_norm": 5,
    "lambda_e": 0.5,
    "lambda_iterations": 4,
}


def method(seed=0, channels=1, **changed):
    return FaderNetworks(SETTINGS | changed, (channels, SIDE, SIDE), seed, "cpu", n_labels=LABELS)


def batch(model, seed=0, missing=0.3):
    shape = (model.encoder[0][0].in_channels, SIDE, SIDE)
    x, y = shared.labelled_batch(model.images_per_step, shape, LABELS, seed, missing)
    return x * 2 - 1, y


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(*batch(model, iteration))
    return model


def exact(iteration=0, **changed):
    """A method in float64 that mirrors and drops nothing, before update `iteration`."""
    model = method(mirror=0, dropout=0, **changed)
    model.networks.double()
    model.iteration = iteration
    return model


# --- Section 3.2 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "networks"),
    [("discriminator", {"discriminator"}), ("autoencoder", {"encoder", "decoder"})],
)
def test_each_update_moves_its_own_networks_alone(optimizer, networks, monkeypatch):
    """Parameters, and the batch norms' statistics, which move without an optimizer."""
    model = method()
    model.iteration = 2  # lambda_E is above 0
    other = {"discriminator": "_update_autoencoder", "autoencoder": "_update_discriminator"}[optimizer]
    monkeypatch.setattr(model, other, lambda x, y: {} if "auto" in other else torch.zeros(()))
    assert shared.moved_by_a_step(model, *batch(model)) == shared.names_of(model, networks)


def test_images_are_fresh_for_every_update(monkeypatch):
    model = method(n_dis=2, mirror=0)
    assert model.images_per_step == 3 * BATCH
    seen = []
    monkeypatch.setattr(
        model, "_update_discriminator", lambda x, y: (seen.append((x, y)), torch.zeros(()))[1]
    )
    monkeypatch.setattr(model, "_update_autoencoder", lambda x, y: (seen.append((x, y)), {})[1])
    x, y = batch(model, missing=0)
    model.step(x, y)
    assert len(seen) == 3
    assert torch.equal(torch.cat([images for images, _ in seen]), x)
    assert torch.equal(torch.cat([labels for _, labels in seen]), y)


def log_probability(model, z, y):
    """Sum over known labels of log P_dis(y | z), from the two outputs of each label; a mean over images."""
    for layer in model.discriminator:
        z = layer(z)
    total = 0.0
    for outputs, labels in zip(z, y, strict=True):
        for (of_0, of_1), label in zip(outputs, labels.tolist(), strict=True):
            if label == label:  # not missing
                total = total + (of_1 if label else of_0) - torch.log(of_0.exp() + of_1.exp())
    return total / len(y)


def test_discriminator_objective(monkeypatch):
    """-log P_dis(y | E(x)), E in evaluation mode and the discriminator in training mode."""
    model = exact(gradient_norm=1e9)
    seen = shared.gradients_of(model, monkeypatch)
    x, y = (part[:BATCH].double() for part in batch(model))
    z = model.encoder.eval()(x).detach()
    expected = -log_probability(model, z, y)
    torch.testing.assert_close(model._update_discriminator(x, y), expected)
    assert y.isnan().any()
    shared.assert_gradients(seen["discriminator"], expected, model.discriminator.parameters(), atol=1e-11)


@pytest.mark.parametrize(("iteration", "lambda_e"), [(0, 0), (1, 0.125), (3, 0.375), (9, 0.5)])
def test_adversarial_objective(iteration, lambda_e, monkeypatch):
    """Squared error less lambda_E log P_dis(1 - y | E(x)): the discriminator rests, the rest trains."""
    model = exact(iteration, gradient_norm=1e9)
    seen = shared.gradients_of(model, monkeypatch)
    x, y = (part[:BATCH].double() for part in batch(model))
    model.discriminator.eval()
    z = model.encoder(x)
    error = sum((a - b) ** 2 for a, b in zip(model.decoder(z, y).flatten(), x.flatten(), strict=True))
    reconstruction, adversarial = error / x.numel(), -log_probability(model, z, 1 - y)
    losses = model._update_autoencoder(x, y)
    torch.testing.assert_close(losses["reconstruction"], reconstruction)
    torch.testing.assert_close(losses["adversarial"], adversarial)
    learners = [*model.encoder.parameters(), *model.decoder.parameters()]
    loss = reconstruction + lambda_e * adversarial
    shared.assert_gradients(seen["autoencoder"], loss, learners, atol=1e-11)


def test_lambda_rises_by_one_share_a_step():
    model, seen = method(), []
    for iteration in range(6):
        seen.append(model.lambda_e)
        model.step(*batch(model, iteration))
    assert seen == pytest.approx([0, 0.125, 0.25, 0.375, 0.5, 0.5])


@pytest.mark.parametrize("norm", [1e-4, 1e4])
def test_a_long_gradient_is_shortened_over_both_networks_of_the_autoencoder(norm, monkeypatch):
    model, free = exact(2, gradient_norm=norm), exact(2, gradient_norm=1e9)
    x, y = (part[:BATCH].double() for part in batch(model))
    found, whole = (shared.gradients_of(either, monkeypatch) for either in (model, free))
    model._update_autoencoder(x, y)
    free._update_autoencoder(x, y)
    length = sum(gradient.square().sum() for gradient in whole["autoencoder"]).sqrt()
    share = min(1, norm / (length + 1e-6))
    for a, b in zip(found["autoencoder"], whole["autoencoder"], strict=True):
        torch.testing.assert_close(a, share * b)


def test_losses_are_finite_numbers_without_gradients_even_without_any_label():
    model = method()
    losses = model.step(*batch(model, missing=1))
    shared.assert_losses(losses, ["discriminator", "reconstruction", "adversarial"])
    assert losses["discriminator"] == losses["adversarial"] == 0


# --- after training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_edit_tells_the_decoder_one_other_label(channels):
    model = trained(channels=channels)
    x, y = (part[:5] for part in batch(model))
    edited = model.edit(x, y, 1, True)
    told = y.clone()
    told[:, 1] = 1
    with torch.no_grad():
        expected = model.decoder.eval()(model.encoder.eval()(x), told)
    assert torch.equal(edited, expected)
    shared.assert_images_like(edited, x, low=-1)
    assert (edited - model.edit(x, y, 1, False)).abs().max() > 1e-4


def test_edit_to_the_own_labels_is_the_reconstruction():
    model = trained()
    x, y = (part[:5] for part in batch(model, missing=0))
    y[:, 2] = 0
    assert torch.equal(model.edit(x, y, 2, False), model.reconstruct(x, y))


def test_no_image_depends_on_those_beside_it():
    model = trained()
    shared.assert_edits_each_image_alone(model, *batch(model))


def test_the_decoder_learns_to_take_the_label_from_what_it_is_told():
    """Bright images have label 1 and dark ones label 0: told the other, it makes the other."""
    model = method(
        seed=1,
        lambda_e=0.3,
        lambda_iterations=50,
        learning_rate=0.01,
        batch_size=16,
        filters=[8, 8],
        mirror=0,
    )
    random = torch.Generator().manual_seed(0)

    def images(count):
        y = torch.randint(2, (count, LABELS), generator=random).float()
        noise = torch.randn(count, 1, SIDE, SIDE, generator=random) * 0.1
        return noise + (y[:, 0] - 0.5)[:, None, None, None], y

    for _ in range(250):
        model.step(*images(model.images_per_step))
    x, y = images(32)
    brightness = [model.edit(x, y, 0, value).mean((1, 2, 3)) for value in (False, True)]
    assert (brightness[0] < -0.4).all()
    assert (brightness[1] > 0.4).all()


# --- state -------------------------------------------------------------------------------------------


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3), method(seed=4)
    batches = [batch(straight, iteration) for iteration in range(6)]
    shared.assert_goes_on_to_the_same_bits(straight, resumed, batches, stop=3)


def test_a_seed_decides_all():
    states = [trained(steps=1, seed=seed).state() for seed in (5, 5, 6)]
    shared.assert_a_seed_decides(*states, "encoder.0.0.weight")


def test_a_loaded_model_edits_the_same():
    model, loaded = trained(), method(seed=9)
    shared.assert_loaded_edits_the_same(model, loaded, *batch(model), domain=0)
    assert {name.split(".")[0] for name in model.model()} == {"encoder", "decoder"}


@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_of_the_model_are_known(channels):
    model = method(channels=channels)
    known = FaderNetworks.model_bytes(model.settings, channels, n_labels=LABELS)
    assert known == shared.held_bytes(model)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="images have 16"):
        FaderNetworks(SETTINGS, (1, 16, 16), 0, "cpu", n_labels=LABELS)

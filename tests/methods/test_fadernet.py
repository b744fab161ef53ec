"""Fader Networks against their paper: both objectives, lambda_E, updates and editing, by hand in float64."""

import pytest
import torch

from encore.methods.fadernet import FaderNetworks, label_loss, mirror, with_label

SIDE, LABELS, BATCH = 8, 3, 6
NAN = float("nan")
SETTINGS = {
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
    random = torch.Generator().manual_seed(seed)
    count = model.images_per_step
    x = torch.rand(count, model.encoder[0][0].in_channels, SIDE, SIDE, generator=random) * 2 - 1
    y = torch.randint(2, (count, LABELS), generator=random).float()
    return x, y.masked_fill(torch.rand(count, LABELS, generator=random) < missing, NAN)


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


def tensors(module):
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def gradients_of(model, monkeypatch):
    """Name of an optimizer -> the gradients that it would have followed; nothing moves."""
    seen = {}
    for name, optimizer in model.optimizers.items():
        parameters = optimizer.param_groups[0]["params"]
        monkeypatch.setattr(
            optimizer,
            "step",
            lambda name=name, of=parameters: seen.update({name: [p.grad.clone() for p in of]}),
        )
    return seen


# --- functions ---------------------------------------------------------------------------------------


def test_label_loss_sums_over_known_labels_and_averages_over_images():
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 0.0, NAN], [NAN, 0.0, 1.0]], dtype=torch.float64)
    p = 1 / (1 + (-logits).exp())
    expected = -(p[0, 0].log() + (1 - p[0, 1]).log() + (1 - p[1, 1]).log() + p[1, 2].log()) / 2
    torch.testing.assert_close(label_loss(logits, y), expected)


def test_missing_labels_have_neither_loss_nor_gradient():
    logits = torch.randn(3, 2, requires_grad=True)
    loss = label_loss(logits, torch.tensor([[NAN, NAN], [1.0, NAN], [NAN, NAN]]))
    loss.backward()
    assert torch.equal(logits.grad != 0, torch.tensor([[False, False], [True, False], [False, False]]))


def test_with_label_changes_one_label_of_every_image():
    y = torch.tensor([[0.0, 1.0], [1.0, NAN]])
    assert with_label(y, 1, False).tolist() == [[0, 0], [1, 0]]
    assert with_label(y, 0, True)[:, 0].tolist() == [1, 1]
    assert y[0].tolist() == [0, 1]
    assert y[1].isnan().tolist() == [False, True]


def test_mirror_turns_whole_images_left_to_right():
    x = torch.randn(200, 2, 3, 4)
    turned = mirror(x, 0.25, torch.Generator().manual_seed(0))
    backwards = x[..., [3, 2, 1, 0]]
    chosen = (turned == backwards).flatten(1).all(1)
    assert 30 < chosen.sum() < 70
    assert torch.equal(turned[~chosen], x[~chosen])
    assert torch.equal(mirror(x, 0, torch.Generator()), x)
    assert torch.equal(mirror(x, 1, torch.Generator()), backwards)


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
    before = tensors(model.networks)
    model.step(*batch(model))
    after = tensors(model.networks)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if name.split(".")[0] in networks}


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
    seen = gradients_of(model, monkeypatch)
    x, y = (part[:BATCH].double() for part in batch(model))
    z = model.encoder.eval()(x).detach()
    expected = -log_probability(model, z, y)
    torch.testing.assert_close(model._update_discriminator(x, y), expected)
    assert y.isnan().any()
    for found, wanted in zip(
        seen["discriminator"],
        torch.autograd.grad(expected, list(model.discriminator.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize(("iteration", "lambda_e"), [(0, 0), (1, 0.125), (3, 0.375), (9, 0.5)])
def test_adversarial_objective(iteration, lambda_e, monkeypatch):
    """Squared error less lambda_E log P_dis(1 - y | E(x)): the discriminator rests, the rest trains."""
    model = exact(iteration, gradient_norm=1e9)
    seen = gradients_of(model, monkeypatch)
    x, y = (part[:BATCH].double() for part in batch(model))
    model.discriminator.eval()
    z = model.encoder(x)
    error = sum((a - b) ** 2 for a, b in zip(model.decoder(z, y).flatten(), x.flatten(), strict=True))
    reconstruction, adversarial = error / x.numel(), -log_probability(model, z, 1 - y)
    losses = model._update_autoencoder(x, y)
    torch.testing.assert_close(losses["reconstruction"], reconstruction)
    torch.testing.assert_close(losses["adversarial"], adversarial)
    learners = [*model.encoder.parameters(), *model.decoder.parameters()]
    expected = torch.autograd.grad(reconstruction + lambda_e * adversarial, learners)
    for found, wanted in zip(seen["autoencoder"], expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-8, atol=1e-11)


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
    found, whole = gradients_of(model, monkeypatch), gradients_of(free, monkeypatch)
    model._update_autoencoder(x, y)
    free._update_autoencoder(x, y)
    length = sum(gradient.square().sum() for gradient in whole["autoencoder"]).sqrt()
    share = min(1, norm / (length + 1e-6))
    for a, b in zip(found["autoencoder"], whole["autoencoder"], strict=True):
        torch.testing.assert_close(a, share * b)


def test_losses_are_finite_numbers_without_gradients_even_without_any_label():
    model = method()
    losses = model.step(*batch(model, missing=1))
    assert set(losses) == {"discriminator", "reconstruction", "adversarial"}
    assert all(value.dim() == 0 and not value.requires_grad and value.isfinite() for value in losses.values())
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
    assert edited.shape == x.shape
    assert edited.abs().max() <= 1
    assert not edited.requires_grad
    assert (edited - model.edit(x, y, 1, False)).abs().max() > 1e-4


def test_edit_to_the_own_labels_is_the_reconstruction():
    model = trained()
    x, y = (part[:5] for part in batch(model, missing=0))
    y[:, 2] = 0
    assert torch.equal(model.edit(x, y, 2, False), model.reconstruct(x, y))


def test_no_image_depends_on_those_beside_it():
    model = trained()
    x, y = batch(model)
    alone = [model.edit(*one, 0, True) for one in zip(x.split(1), y.split(1), strict=True)]
    torch.testing.assert_close(model.edit(x, y, 0, True), torch.cat(alone))


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
    for iteration in range(3):
        straight.step(*batch(straight, iteration))
    resumed.load_state({name: tensor.clone() for name, tensor in straight.state().items()})
    for iteration in range(3, 6):
        losses = [model.step(*batch(model, iteration)) for model in (straight, resumed)]
        assert all(torch.equal(losses[0][name], losses[1][name]) for name in losses[0])
    a, b = straight.state(), resumed.state()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_seed_decides_all():
    a, b, c = (method(seed=seed) for seed in (5, 5, 6))
    for model in (a, b, c):
        model.step(*batch(model))
    assert all(torch.equal(tensor, b.state()[name]) for name, tensor in a.state().items())
    assert not torch.equal(a.encoder[0][0].weight, c.encoder[0][0].weight)


def test_a_loaded_model_edits_the_same():
    model, loaded = trained(), method(seed=9)
    x, y = batch(model)
    loaded.load_model({name: tensor.clone() for name, tensor in model.model().items()})
    assert torch.equal(loaded.edit(x, y, 0, True), model.edit(x, y, 0, True))
    assert {name.split(".")[0] for name in model.model()} == {"encoder", "decoder"}


@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_of_the_model_are_known(channels):
    model = method(channels=channels)
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.model().values())
    assert FaderNetworks.model_bytes(model.settings, channels, n_labels=LABELS) == held


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="images have 16"):
        FaderNetworks(SETTINGS, (1, 16, 16), 0, "cpu", n_labels=LABELS)

"""StarGAN against its paper: equations 1 to 8, updates, decay and editing, by hand in float64."""

import importlib.util
from pathlib import Path

import pytest
import torch

from encore.methods.stargan import StarGAN, decayed_rate
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

SIDE, LABELS, BATCH = 8, 3, 5
SETTINGS = {
    "image_size": SIDE,
    "generator_filters": [4, 6],
    "residual_blocks": 1,
    "discriminator_filters": [4, 6],
    "iterations": 10,
    "batch_size": BATCH,
    "n_critic": 2,
    "mirror": 0.5,
    "learning_rate": 0.01,
    "betas": [0.5, 0.999],
    "decay_updates": 10,
    "decay_every": 2,
    "decay_share": 0.2,
    "gradient_penalty_weight": 10,
    "classification_weight": 1,
    "reconstruction_weight": 10,
}


def method(seed=0, channels=1, **changed):
    return StarGAN(SETTINGS | changed, (channels, SIDE, SIDE), seed, "cpu", n_labels=LABELS)


def batch(model, seed=0, missing=0.3):
    shape = (model.D.layers[0][0].in_channels, SIDE, SIDE)
    x, y = shared.labelled_batch(model.images_per_step, shape, LABELS, seed, missing)
    return x * 2 - 1, y


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(*batch(model, iteration))
    return model


# --- equations ---------------------------------------------------------------------------------------


def exact(monkeypatch, **changed):
    """A method in float64, and the gradients that its optimizers would have followed."""
    model = method(**changed)
    model.networks.double()
    return model, shared.gradients_of(model, monkeypatch)


def labels_of(model):
    """Images, their labels, other labels, all in float64, some labels of both kinds missing."""
    x, y = (part.double() for part in batch(model))
    own, target = y[:BATCH], y[BATCH : 2 * BATCH]
    assert own.isnan().any()
    assert target.isnan().any()
    return x[:BATCH], own, target


def cross_entropy(logits, y):
    """-log D_cls(y | x): a sum over known labels, a mean over images."""
    p, total = 1 / (1 + (-logits).exp()), 0.0
    for i in range(len(y)):
        for k in range(LABELS):
            if y[i, k] == 1:
                total = total - p[i, k].log()
            elif y[i, k] == 0:
                total = total - (1 - p[i, k]).log()
    return total / len(y)


def zeroed(y):
    return torch.where(y == 1, 1.0, 0.0).double()


@pytest.mark.parametrize(("penalty_weight", "classification_weight"), [(10, 1), (3, 0.5)])
def test_discriminator_loss_is_equation_5(penalty_weight, classification_weight, monkeypatch):
    weights = {
        "gradient_penalty_weight": penalty_weight,
        "classification_weight": classification_weight,
    }
    model, seen = exact(monkeypatch, **weights)
    x, own, target = labels_of(model)
    mix = torch.rand(BATCH, dtype=torch.float64)
    monkeypatch.setattr(torch, "rand", lambda *shape, **how: mix)
    losses = model._update_discriminator(x, own, target)

    made = model.G(x, zeroed(target)).detach()
    penalty = 0.0
    for i in range(BATCH):
        point = (mix[i] * x[i] + (1 - mix[i]) * made[i]).unsqueeze(0).requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.D(point)[0].sum(), point, create_graph=True)
        penalty = penalty + ((gradient**2).sum().sqrt() - 1) ** 2 / BATCH
    patches = BATCH * 2 * 2
    critic = model.D(made)[0].sum() / patches - model.D(x)[0].sum() / patches + penalty_weight * penalty
    classification = cross_entropy(model.D(x)[1], own)
    torch.testing.assert_close(losses["critic"], critic)
    torch.testing.assert_close(losses["classification_real"], classification)
    loss = critic + classification_weight * classification
    shared.assert_gradients(seen["discriminator"], loss, model.D.parameters(), atol=1e-10)


@pytest.mark.parametrize(("classification_weight", "reconstruction_weight"), [(1, 10), (0.5, 3)])
def test_generator_loss_is_equation_6(classification_weight, reconstruction_weight, monkeypatch):
    weights = {
        "classification_weight": classification_weight,
        "reconstruction_weight": reconstruction_weight,
    }
    model, seen = exact(monkeypatch, **weights)
    x, own, target = labels_of(model)
    losses = model._update_generator(x, own, target)

    made = model.G(x, zeroed(target))
    source, logits = model.D(made)
    adversarial = -source.sum() / (BATCH * 2 * 2)
    classification = cross_entropy(logits, target)
    reconstruction = (x - model.G(made, zeroed(own))).abs().sum() / x.numel()
    torch.testing.assert_close(losses["adversarial"], adversarial)
    torch.testing.assert_close(losses["classification_fake"], classification)
    torch.testing.assert_close(losses["reconstruction"], reconstruction)
    loss = adversarial + classification_weight * classification + reconstruction_weight * reconstruction
    shared.assert_gradients(seen["generator"], loss, model.G.parameters(), atol=1e-10)


# --- updates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["discriminator", "generator"])
def test_each_adam_moves_its_own_network_alone(optimizer, monkeypatch):
    model = method()
    assert set(model.optimizers) == {"discriminator", "generator"}
    shared.leave_one_optimizer(model, optimizer, monkeypatch)
    assert shared.moved_by_a_step(model, *batch(model)) == shared.names_of(model, {optimizer})


def test_d_learns_from_fresh_images_and_g_from_the_last_of_them(monkeypatch):
    model = method(n_critic=3, mirror=0)
    assert model.images_per_step == 3 * BATCH
    seen = []

    def note(*batch):
        seen.append(batch)
        return {}

    monkeypatch.setattr(model, "_update_discriminator", note)
    monkeypatch.setattr(model, "_update_generator", note)
    x, y = batch(model, missing=0)
    model.step(x, y)
    *of_d, of_g = seen
    assert torch.equal(torch.cat([images for images, _, _ in of_d]), x)
    assert torch.equal(torch.cat([own for _, own, _ in of_d]), y)
    assert all(a is b for a, b in zip(of_g, of_d[-1], strict=True))


def test_target_labels_are_those_of_other_images_of_the_batch(monkeypatch):
    model, targets = method(n_critic=6), []
    y = torch.arange(6 * BATCH * LABELS).view(-1, LABELS).float()  # no two images have the same
    monkeypatch.setattr(
        model, "_update_discriminator", lambda x, own, target: (targets.append((own, target)), {})[1]
    )
    monkeypatch.setattr(model, "_update_generator", lambda x, own, target: {})
    model.step(torch.zeros(6 * BATCH, 1, SIDE, SIDE), y)
    for own, target in targets:
        assert sorted(target.tolist()) == own.tolist()
    orders = {tuple((target[:, 0] - own[0, 0]).tolist()) for own, target in targets}
    assert len(orders) > 3


def test_images_are_mirrored_before_both_updates(monkeypatch):
    model, seen = method(mirror=1), []
    monkeypatch.setattr(model, "_update_discriminator", lambda x, own, target: (seen.append(x), {})[1])
    monkeypatch.setattr(model, "_update_generator", lambda x, own, target: {})
    x, y = batch(model)
    model.step(x, y)
    assert torch.equal(torch.cat(seen), x[..., list(range(SIDE))[::-1]])


def test_losses_are_finite_numbers_without_gradients_even_without_any_label():
    model = method()
    losses = model.step(*batch(model, missing=1))
    of_discriminator = ["critic", "classification_real"]
    of_generator = ["adversarial", "classification_fake", "reconstruction"]
    shared.assert_losses(losses, of_discriminator + of_generator)
    assert losses["classification_real"] == losses["classification_fake"] == 0


# --- decay -------------------------------------------------------------------------------------------

LONG = {
    "n_critic": 5,
    "iterations": 40_000,
    "learning_rate": 1e-4,
    "decay_updates": 100_000,
    "decay_every": 1000,
}


def rates_by_counting(share):
    """After every update of D: what a loop has that decays at the multiples of 1000 above 100,000."""
    rate, rates = 1e-4, [1e-4]
    for update in range(1, 200_001):
        if update % 1000 == 0 and update > 100_000:
            rate -= 1e-4 * share
        rates.append(rate)
    return rates


@pytest.mark.parametrize(("share", "last"), [(0.01, 0.0), (0.00001, 0.999e-4)])
def test_step_size_decays_at_the_end_of_training(share, last):
    """To 0 as in the paper; as the released code has it, by a thousandth in all."""
    settings, expected = LONG | {"decay_share": share}, rates_by_counting(share)
    for updates in (0, 99_999, 100_000, 100_999, 101_000, 101_001, 150_000, 199_999, 200_000):
        assert decayed_rate(settings, updates) == pytest.approx(expected[updates], rel=1e-9, abs=1e-15)
    assert decayed_rate(settings, 200_000) == pytest.approx(last, abs=1e-15)
    between = settings | {"decay_updates": 99_500}  # the first decay is still that of update 101,000
    assert decayed_rate(between, 101_000) == pytest.approx(expected[101_000], rel=1e-9)


def test_step_size_never_falls_below_0_nor_before_the_first_update():
    settings = LONG | {"decay_updates": 300_000, "decay_share": 0.4}
    assert [decayed_rate(settings, updates) for updates in (0, 999)] == [1e-4, 1e-4]
    assert decayed_rate(settings, 3000) == 0


def test_both_adams_take_the_step_size_of_the_update(monkeypatch):
    """n_critic = 2, 20 updates of D, decays from the 12th on; G has the step size of D's update before it."""
    model, used = method(), {"discriminator": [], "generator": []}
    for name, optimizer in model.optimizers.items():
        monkeypatch.setattr(
            optimizer, "step", lambda of=used[name], adam=optimizer: of.append(adam.param_groups[0]["lr"])
        )
    for iteration in range(model.iterations):
        model.step(*batch(model, iteration))
    whole = [0.01] * 12 + [0.008] * 2 + [0.006] * 2 + [0.004] * 2 + [0.002] * 2
    assert used["discriminator"] == pytest.approx(whole)
    assert used["generator"] == pytest.approx(whole[1::2])


# --- after training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_edit_tells_the_generator_one_other_label(channels):
    model = trained(channels=channels)
    x, y = batch(model)
    edited = model.edit(x, y, 1, True)
    told = zeroed(y).float()
    told[:, 1] = 1
    with torch.no_grad():
        expected = model.G(x, told)
    assert torch.equal(edited, expected)
    shared.assert_images_like(edited, x, low=-1)
    assert (edited - model.edit(x, y, 1, False)).abs().max() > 1e-5


def test_no_image_depends_on_those_beside_it():
    model = trained()
    shared.assert_edits_each_image_alone(model, *batch(model))


def test_it_learns_to_change_one_label_and_to_leave_the_other():
    """The upper half is bright where label 0 is 1, the lower half where label 1 is."""
    changes = {"generator_filters": [8, 8], "discriminator_filters": [8, 8], "batch_size": 8}
    model = method(mirror=0, learning_rate=0.005, iterations=100, decay_updates=0, **changes)
    random = torch.Generator().manual_seed(0)

    def images(count):
        y = torch.randint(2, (count, LABELS), generator=random).float()
        halves = (y[:, :2] - 0.5).repeat_interleave(SIDE // 2, dim=1).view(-1, 1, SIDE, 1)
        return halves + 0.1 * torch.randn(count, 1, SIDE, SIDE, generator=random), y

    for _ in range(model.iterations):
        model.step(*images(model.images_per_step))
    x, y = images(32)
    for value, bright in ((False, -1), (True, 1)):
        edited = model.edit(x, y, 0, value).view(-1, 2, SIDE // 2 * SIDE).mean(2)
        assert (edited[:, 0] * bright > 0.3).all()
        assert (edited[:, 1] * (2 * y[:, 1] - 1) > 0.3).all()


# --- state -------------------------------------------------------------------------------------------


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3), method(seed=4)
    batches = [batch(straight, iteration) for iteration in range(9)]
    # The step size decays after the stop.
    shared.assert_goes_on_to_the_same_bits(straight, resumed, batches, stop=6)


def test_a_seed_decides_all():
    states = [trained(steps=1, seed=seed).state() for seed in (5, 5, 6)]
    shared.assert_a_seed_decides(*states, "generator.0.0.weight")


def test_a_loaded_model_edits_the_same():
    model, loaded = trained(), method(seed=9)
    shared.assert_loaded_edits_the_same(model, loaded, *batch(model), domain=0)
    assert {name.split(".")[0] for name in model.model()} == {"generator"}


@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_of_the_model_are_known(channels):
    model = method(channels=channels)
    known = StarGAN.model_bytes(model.settings, channels, n_labels=LABELS)
    assert known == shared.held_bytes(model)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 10"):
        StarGAN(SETTINGS | {"image_size": 10}, (1, 10, 10), 0, "cpu", n_labels=LABELS)

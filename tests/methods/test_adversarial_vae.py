"""Adversarial VAE against its paper: Algorithm 1 and its controller, by hand in float64."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from encore.methods.adversarial_vae import AdversarialVAE, Controller, similarity
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

COUNT, SIDE, LATENT = 6, 8, 5
SETTINGS = {
    "image_size": SIDE,
    "generator": "vae",
    "discriminator": "autoencoder",
    "filters": 3,
    "latent": LATENT,
    "iterations": 6,
    "batch_size": COUNT,
    "learning_rate": 1e-3,
    "betas": [0.9, 0.999],
    "alpha": 0.3,
    "beta": 0.2,
    "gamma": 0.7,
    "eta": 0.5,
    "lambda_1": 0.1,
    "lambda_2": 0.2,
    "lambda_3": 0.4,
    "kl_reduction": "mean",
    "pairing": "images",
}
BEGAN = {"generator": "decoder", "beta": 0, "lambda_2": 0, "lambda_3": 0}
VAE = {"discriminator": "none"}
MODELS = {  # what a model is in settings -> the losses that it has
    "VAE + BEGAN* + LSM": ({}, "L_e L_n L_s L_d L_v L_g diversity k error imbalance convergence"),
    "BEGAN* + LSM": ({"generator": "decoder"}, "L_s L_d L_g diversity k error imbalance convergence"),
    "BEGAN + LSM": (BEGAN | {"beta": 0.2}, "L_s L_d L_g diversity k error imbalance convergence"),
    "BEGAN*": ({"generator": "decoder", "beta": 0}, "L_d L_g diversity k error imbalance convergence"),
    "BEGAN": (BEGAN, "L_d L_g diversity k error imbalance convergence"),
    "VAE": (VAE, "L_e L_n"),
}


def method(seed=0, channels=1, **changed):
    return AdversarialVAE(SETTINGS | changed, (channels, SIDE, SIDE), seed, "cpu")


def batch(seed=0, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(COUNT, 1, SIDE, SIDE, generator=random, dtype=dtype) * 2 - 1


def exact(monkeypatch, k=0.0, **changed):
    """A method in float64 whose draws are known: `noise`, one after the other; k_{t-1} is `k`."""
    model = method(**changed)
    model.networks.double()
    random = torch.Generator().manual_seed(9)
    model.noise = [torch.randn(COUNT, LATENT, dtype=torch.float64, generator=random) for _ in range(2)]
    draws = iter(model.noise)
    monkeypatch.setattr(model, "prior", lambda count: next(draws))
    zero = torch.zeros((), dtype=torch.float64)
    model.controller.k, model.controller.last, model.controller.last_but_one = zero + k, zero, zero
    return model


def mean_l1(a, b):
    return (a - b).abs().sum() / a.numel()


def by_hand(model, x):
    """Losses of the full model with their graph, from its four networks and the noise."""
    Enc, Dec, DisEnc, DisDec = model.networks.values()
    eps, z_g = model.noise
    encoded = Enc(x)
    mu, sigma = encoded[:, :LATENT], (encoded[:, LATENT:] / 2).exp()
    x_v, x_g = Dec(mu + eps * sigma), Dec(z_g)
    to_prior = kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0))
    return {
        "L_e": mean_l1(x, x_v),
        "L_n": to_prior.sum() / COUNT,  # of an image, summed over the latent
        "L_s": mean_l1(DisEnc(x), DisEnc(x_v)),
        "L_d": mean_l1(x, DisDec(DisEnc(x))),
        "L_v": mean_l1(x_v, DisDec(DisEnc(x_v))),
        "L_g": mean_l1(x_g, DisDec(DisEnc(x_g))),
    }


def updates_of(model, monkeypatch, x):
    """Losses of a step, and the gradients that each optimizer would have followed."""
    found = {}
    monkeypatch.setattr(model, "_update", lambda name, gradients: found.setdefault(name, gradients))
    return model.step(x), found


# --- Algorithm 1 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reduction", "divisor"), [("sum", 1), ("mean", LATENT), ("pixels", SIDE * SIDE)])
def test_step_follows_the_gradients_of_algorithm_1(reduction, divisor, monkeypatch):
    model, x = exact(monkeypatch, k=0.4, kl_reduction=reduction), batch(dtype=torch.float64)
    losses, found = updates_of(model, monkeypatch, x)
    hand = by_hand(model, x)
    hand["L_n"] = hand["L_n"] / divisor
    for name, value in hand.items():
        torch.testing.assert_close(losses[name], value.detach(), rtol=1e-10, atol=1e-12)

    fake = hand["L_g"] + 0.3 * hand["L_v"]
    guidance = 0.2 * hand["L_s"] + 0.7 * hand["L_e"]
    Enc, Dec, DisEnc, DisDec = model.networks.values()
    shared.assert_gradients(found["encoder"], hand["L_n"] + guidance, Enc.parameters(), atol=1e-12)  # (15)
    shared.assert_gradients(found["decoder"], fake + guidance, Dec.parameters(), atol=1e-12)  # (14)
    of_both = [*DisEnc.parameters(), *DisDec.parameters()]
    shared.assert_gradients(found["discriminator"], hand["L_d"] - 0.4 * fake, of_both, atol=1e-12)  # (13)
    assert set(found) == {"encoder", "decoder", "discriminator"}


@pytest.mark.parametrize("pairing", ["images", "batch_means"])
def test_without_a_vae_the_similarity_is_that_of_random_images(pairing, monkeypatch):
    model = exact(monkeypatch, k=0.4, generator="decoder", pairing=pairing)
    x = batch(dtype=torch.float64)
    losses, found = updates_of(model, monkeypatch, x)
    Dec, DisEnc, DisDec = model.networks.values()
    x_g = Dec(model.noise[0])
    L_d, L_g = mean_l1(x, DisDec(DisEnc(x))), mean_l1(x_g, DisDec(DisEnc(x_g)))
    real, generated = DisEnc(x), DisEnc(x_g)
    if pairing == "batch_means":
        real, generated = real.sum(0) / COUNT, generated.sum(0) / COUNT
    L_s = mean_l1(real, generated)
    torch.testing.assert_close(losses["L_s"], L_s.detach())
    shared.assert_gradients(found["decoder"], L_g + 0.2 * L_s, Dec.parameters(), atol=1e-12)
    of_both = [*DisEnc.parameters(), *DisDec.parameters()]
    shared.assert_gradients(found["discriminator"], L_d - 0.4 * L_g, of_both, atol=1e-12)
    torch.testing.assert_close(losses["error"], (0.5 * L_d - L_g).detach())


def test_a_vae_by_itself_follows_equations_2_and_3(monkeypatch):
    model, x = exact(monkeypatch, **VAE), batch(dtype=torch.float64)
    losses, found = updates_of(model, monkeypatch, x)
    Enc, Dec = model.networks.values()
    encoded = Enc(x)
    mu, sigma = encoded[:, :LATENT], (encoded[:, LATENT:] / 2).exp()
    L_e = mean_l1(x, Dec(mu + model.noise[0] * sigma))
    L_n = kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(torch.stack([*losses.values()]), torch.stack([L_e, L_n]).detach())
    shared.assert_gradients(found["encoder"], L_n + 0.7 * L_e, Enc.parameters(), atol=1e-12)
    shared.assert_gradients(found["decoder"], 0.7 * L_e, Dec.parameters(), atol=1e-12)


def test_all_updates_step_from_where_the_images_were_made(monkeypatch):
    """Adam's first step is lr g / (|g| + eps): of gradients that no other update of the step has touched."""
    model, x = exact(monkeypatch, k=0.4), batch(dtype=torch.float64)
    hand, networks = by_hand(model, x), [*model.networks.values()]
    hand["L_n"] = hand["L_n"] / LATENT
    fake, guidance = hand["L_g"] + 0.3 * hand["L_v"], 0.2 * hand["L_s"] + 0.7 * hand["L_e"]
    L_dis = hand["L_d"] - 0.4 * fake
    expected = []
    for network, loss in zip(networks, [hand["L_n"] + guidance, fake + guidance, L_dis, L_dis], strict=True):
        for p, g in zip(
            network.parameters(),
            torch.autograd.grad(loss, list(network.parameters()), retain_graph=True),
            strict=True,
        ):
            expected.append(p.detach() - 1e-3 * g / (g.abs() + 1e-8))
    model.step(x)
    for parameter, value in zip(model.networks.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.detach(), value, rtol=0, atol=1e-8)


# Optimizer -> the networks whose parameters it moves, and no others.
MOVES = {
    "encoder": {"encoder"},
    "decoder": {"decoder"},
    "discriminator": {"discriminator_encoder", "discriminator_decoder"},
}


@pytest.mark.parametrize(("optimizer", "networks"), MOVES.items())
def test_each_optimizer_moves_its_own_networks_alone(optimizer, networks, monkeypatch):
    model = method()
    assert set(model.optimizers) == set(MOVES)
    shared.leave_one_optimizer(model, optimizer, monkeypatch)
    assert shared.moved_by_a_step(model, batch()) == shared.names_of(model, networks)


def test_the_discriminator_learns_to_tell_and_the_generator_to_be_taken_for_real(monkeypatch):
    """Signs: the discriminator's step widens the gap of energies where k = 1, the decoder's closes it."""
    raised = {}
    for optimizer in ("decoder", "discriminator"):
        model = method(beta=0, gamma=0, learning_rate=1e-4)
        model.controller.k = torch.ones(())
        shared.leave_one_optimizer(model, optimizer, monkeypatch)
        z = torch.randn(2 * COUNT, LATENT, generator=torch.Generator().manual_seed(1))
        monkeypatch.setattr(model, "prior", lambda count, z=z: z[:count])
        before = model.step(batch())
        after = model.step(batch())
        raised[optimizer] = {name: float(after[name] - before[name]) for name in ("L_d", "L_g", "L_v")}
    fake = {name: of["L_g"] + 0.3 * of["L_v"] for name, of in raised.items()}
    assert fake["decoder"] < 0
    assert raised["discriminator"]["L_d"] - fake["discriminator"] < 0
    assert raised["decoder"]["L_d"] == 0


@pytest.mark.parametrize(("changed", "names"), MODELS.values(), ids=MODELS)
def test_a_model_has_its_own_losses_and_no_others(changed, names):
    model = method(**changed)
    shared.assert_losses(model.step(batch()), names.split())
    networks = shared.names_of(model, model.networks.keys())
    assert shared.moved_by_a_step(model, batch(1)) == networks


def test_diversity_is_the_spread_of_generated_images_beside_that_of_real_ones(monkeypatch):
    model, x = exact(monkeypatch), batch(dtype=torch.float64)
    x_g = model.Dec(model.noise[1]).detach()
    expected = x_g.var(dim=0).sqrt().mean() / x.var(dim=0).sqrt().mean()
    torch.testing.assert_close(model.step(x)["diversity"], expected)


def test_a_batch_may_be_one_image():
    losses = method().step(batch()[:1])
    assert losses["diversity"] == 0
    assert all(loss.isfinite() for loss in losses.values())


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(ConfigError, match="nothing to learn from"):
        method(generator="decoder", discriminator="none")


def test_pairing_by_means_is_blind_to_the_order_of_images():
    real, generated = batch(0).flatten(1), batch(1).flatten(1)
    turned = generated.roll(1, dims=0)
    assert similarity(real, generated, "images") != similarity(real, turned, "images")
    torch.testing.assert_close(
        similarity(real, generated, "batch_means"), similarity(real, turned, "batch_means")
    )


# --- the controller ----------------------------------------------------------------------------------


def signal(seed=0, steps=40):
    """Recorded errors in float64 that keep k inside its bounds."""
    random = torch.Generator().manual_seed(seed)
    wave = torch.sin(torch.arange(steps, dtype=torch.float64) / 3)
    return 0.02 * wave + 0.005 * torch.randn(steps, dtype=torch.float64, generator=random)


def controlled(errors, gains, k=0.5):
    """k after each error, float64, from k_0 = k."""
    controller, found = Controller(gains, "cpu"), []
    controller.k = torch.tensor(k, dtype=torch.float64)
    for error in errors:
        controller.update(error)
        found.append(controller.k)
    return torch.stack(found)


def test_velocity_form_sums_up_to_the_position_form():
    """u_t = Kp e_t + Ki sum e + Kd (e_t - e_{t-1}), with e = 0 before the first."""
    errors, (K_i, K_p, K_d) = signal(), (0.3, 2.0, 1.5)
    before = torch.cat([torch.zeros(1, dtype=torch.float64), errors[:-1]])
    position = 0.5 + K_p * errors + K_i * errors.cumsum(0) + K_d * (errors - before)
    assert 0 < position.min() < position.max() < 1
    torch.testing.assert_close(controlled(errors, (K_i, K_p, K_d)), position, rtol=0, atol=1e-14)


def test_without_the_other_gains_it_is_began_s_update():
    errors = signal() * 100
    k, expected = 0.5, []
    for error in errors.tolist():
        k = min(max(k + 0.3 * error, 0), 1)
        expected.append(k)
    assert min(expected) == 0
    assert max(expected) == 1
    torch.testing.assert_close(
        controlled(errors, (0.3, 0, 0)), torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-14
    )


def test_k_stays_within_0_and_1_and_does_not_wind_up():
    """At its bound k keeps nothing of what was cut off: the first error of the other sign moves it."""
    up = controlled(torch.ones(5, dtype=torch.float64), (0.3, 0, 0))
    assert up.tolist() == [0.8, 1, 1, 1, 1]
    errors = torch.tensor([1.0, 1, 1, -1], dtype=torch.float64)
    assert controlled(errors, (0.3, 0, 0))[-1] == 0.7


def test_the_error_is_that_of_the_convergence_measure():
    """e_t = eta L_d - L_g - alpha L_v, and L_d + |e_t| beside it; k of the row is that of the losses."""
    model = method()
    rows = [model.step(batch(seed)) for seed in range(4)]
    errors = []
    for row in rows:
        expected = 0.5 * row["L_d"] - row["L_g"] - 0.3 * row["L_v"]
        torch.testing.assert_close(row["error"], expected)
        torch.testing.assert_close(row["imbalance"], expected.abs())
        torch.testing.assert_close(row["convergence"], row["L_d"] + expected.abs())
        errors.append(row["error"])
    k, before = torch.zeros(()), [torch.zeros(())] * 2
    for row, e in zip(rows, errors, strict=True):
        assert torch.equal(row["k"], k)
        change = 0.1 * e + 0.2 * (e - before[0]) + 0.4 * (e + before[1] - 2 * before[0])
        k = (k + change).clamp(0, 1)
        before = [e, before[0]]
    torch.testing.assert_close(model.controller.k, k)


def test_too_easy_fakes_raise_k():
    """Where the fakes' energy is below eta L_d, e > 0 and the discriminator turns to telling them apart."""
    model = method(eta=100)
    model.step(batch())
    assert model.controller.k == 1
    model = method(eta=1e-3)
    model.controller.k = torch.ones(())
    model.step(batch())
    assert model.controller.k < 1


# --- after training ----------------------------------------------------------------------------------


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(batch(iteration))
    return model


def test_samples_are_the_decoders_of_the_prior():
    model, again = trained(), trained()
    z = again.prior(9)
    images = model.sample(9)
    assert images.shape == (9, 1, SIDE, SIDE)
    assert not images.requires_grad
    assert torch.equal(images, again.decode(z))


def test_latents_are_the_means_that_images_are_drawn_around():
    model, x = trained(), batch(7)
    z = model.encode(x)
    assert z.shape == (COUNT, LATENT)
    torch.testing.assert_close(z, model.Enc(x)[:, :LATENT])
    assert torch.equal(model.encode(x), z)
    with pytest.raises(ConfigError, match="no encoder"):
        trained(generator="decoder").encode(x)


def test_autoencoders_are_those_of_the_model():
    x = batch(7)
    made = {name: trained(**changed).autoencode(x) for name, (changed, _) in MODELS.items()}
    assert list(made["VAE + BEGAN* + LSM"]) == ["VAE", "discriminator"]
    assert list(made["BEGAN"]) == ["discriminator"]
    assert list(made["VAE"]) == ["VAE"]
    model = trained()
    full = model.autoencode(x)
    torch.testing.assert_close(full["VAE"], model.decode(model.encode(x)))
    torch.testing.assert_close(full["discriminator"], model.DisDec(model.DisEnc(x)))


def test_no_image_depends_on_those_beside_it():
    model, x = trained(), batch(7)
    for name, together in model.autoencode(x).items():
        alone = torch.cat([model.autoencode(one)[name] for one in x.split(1)])
        torch.testing.assert_close(together, alone)


# --- state -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [of for of, _ in MODELS.values()], ids=MODELS)
def test_state_goes_on_to_the_same_bits(changed):
    batches = [(batch(seed),) for seed in range(5)]
    shared.assert_goes_on_to_the_same_bits(method(**changed), method(seed=4, **changed), batches, stop=3)


def test_the_controller_is_part_of_the_state():
    model = trained(eta=3, lambda_1=1e-3, lambda_2=0, lambda_3=0)
    state = model.state()
    assert 0 < state["controller.k"] < 1
    assert state["controller.last"] != state["controller.last_but_one"]


def test_a_seed_decides():
    models = [method(seed=seed) for seed in (0, 0, 1)]
    for model in models:
        model.step(batch())
    one, again, other = (model.state() for model in models)
    shared.assert_a_seed_decides(one, again, other, "decoder.0.weight")


def test_a_loaded_model_makes_the_same_images():
    model, loaded, x = trained(), method(seed=9), batch(7)
    loaded.load_model(shared.copies(model.model()))
    shared.assert_same(model.autoencode(x), loaded.autoencode(x))


@pytest.mark.parametrize("changed", [{}, BEGAN, VAE])
def test_bytes_of_the_model_are_known(changed):
    model = method(**changed)
    assert AdversarialVAE.model_bytes(model.settings, 1) == shared.held_bytes(model)

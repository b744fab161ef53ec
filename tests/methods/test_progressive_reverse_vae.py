"""Progressively growing Reverse-VAE against its paper and its released code, by hand in float64."""

import importlib.util
from pathlib import Path

import pytest
import torch

from encore.methods import progressive_reverse_vae as module
from encore.methods.progressive_reverse_vae import (
    ProgressiveReverseVAE,
    bytes_needed,
    penalty_of_pixels,
    stage_ends,
)
from encore.networks.progressive import doubled, shrunk
from encore.papers.find import find_experiment
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

COUNT, SIDE, LATENT = 4, 16, 5
PAPER = {  # the text's reading
    "image_size": SIDE,
    "latent": LATENT,
    "filters": [4, 3, 2],
    "iterations": 50,
    "batch_sizes": [COUNT, COUNT, COUNT],
    "n_dis": 2,
    "learning_rate": 1e-3,
    "learning_rate_reconstruction": 2e-4,
    "betas": [0.0, 0.99],
    "generator_steps": "two",
    "latents": "shared",
    "gradient_penalty_weight": 10,
    "penalty": "sample",
    "drift": 0,
    "eta": 0.7,
    "ema_decay": 0,
}
CODE = {"n_dis": 1, "generator_steps": "one", "latents": "fresh", "penalty": "pixel", "drift": 0.1}
CODE |= {"ema_decay": 0.9}
FADING = 34  # an iteration in the last stage's fade


def method(seed=0, **changed):
    return ProgressiveReverseVAE(PAPER | changed, (1, SIDE, SIDE), seed, "cpu")


def batch(model, seed=0, dtype=torch.float32):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(model.images_per_step, 1, SIDE, SIDE, generator=random, dtype=dtype) * 2 - 1


def exact(monkeypatch, at, **changed):
    """A method in float64 at an iteration, whose draws of the prior and of the mix are known."""
    model = method(**changed)
    model.networks.double()
    model.kept.double()
    model.iteration = at
    model._enter(model.stage)
    random = torch.Generator().manual_seed(9)
    model.noise = torch.randn(8, COUNT, LATENT, dtype=torch.float64, generator=random)
    model.mixes = torch.rand(4, COUNT, dtype=torch.float64, generator=random)
    draws, mixes = iter(model.noise), iter(model.mixes)
    monkeypatch.setattr(model, "prior", lambda count: next(draws))
    monkeypatch.setattr(module.torch, "rand", lambda *size, **of: next(mixes))
    return model


def updates_of(model, monkeypatch, x):
    """Losses of a step, and the gradients that each optimizer would have followed, in order."""
    found = []
    monkeypatch.setattr(model, "_update", lambda name, gradients: found.append((name, gradients)))
    return model.step(x), found


def critic_by_hand(model, Dis, x, generated, mix, *, norm, drift):
    point = (mix.view(-1, 1, 1, 1) * x + (1 - mix.view(-1, 1, 1, 1)) * generated).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(Dis(point).sum(), point, create_graph=True)
    of = {"sample": gradient.square().sum(dim=(1, 2, 3)).sqrt(), "pixel": gradient.square().sum(dim=1).sqrt()}
    penalty = ((of[norm] - 1) ** 2).mean()
    return Dis(generated).mean() - Dis(x).mean() + 10 * penalty + drift * (Dis(x) ** 2).mean()


# --- Algorithm 1 -------------------------------------------------------------------------------------


def test_a_step_as_the_text_has_it(monkeypatch):
    """Two updates of Dis, then lines 11 to 18 on one pass, in the middle of a fade."""
    x = batch(method(), dtype=torch.float64)
    model = exact(monkeypatch, FADING)
    stage, fade = model.stage, model.fade
    assert (stage, 0 < fade < 1) == (2, True)
    losses, found = updates_of(model, monkeypatch, x)

    def at(network):
        return lambda images: network(images, stage, fade)

    Gen, Enc, Dis = (at(network) for network in model.networks.values())
    seen = fade * x + (1 - fade) * doubled(shrunk(x, 8))
    for update, images in enumerate(seen.split(COUNT)):
        generated = Gen(model.noise[update]).detach()
        loss = critic_by_hand(model, Dis, images, generated, model.mixes[update], norm="sample", drift=0)
        name, gradients = found[update]
        assert name == "critic"
        shared.assert_gradients(gradients, loss, model._parameters("critic"), atol=1e-12)
    torch.testing.assert_close(losses["critic"], loss.detach(), rtol=1e-10, atol=1e-12)

    z = model.noise[2]
    z_hat = Enc(Gen(z))
    adversarial = -Dis(Gen(z)).mean()
    recon_z, std = ((z - z_hat) ** 2).sum() / COUNT, (z_hat.std() - 1).abs()
    expected = {
        "generator": (adversarial, "generator"),
        "reconstruction": (recon_z, "generator"),
        "encoder": (recon_z + 0.7 * std, "encoder"),
    }
    assert [name for name, _ in found[2:]] == list(expected)
    for name, gradients in found[2:]:
        loss, of = expected[name]
        shared.assert_gradients(gradients, loss, model._parameters(of), atol=1e-12)
    for name, value in (("adversarial", adversarial), ("recon_z", recon_z), ("std", std)):
        torch.testing.assert_close(losses[name], value.detach(), rtol=1e-10, atol=1e-12)
    assert model.optimizers["reconstruction"].param_groups[0]["lr"] == 2e-4


def test_a_step_as_the_released_code_has_it(monkeypatch):
    """One update of Dis with drift and a norm a pixel; one of Gen by the sum; Enc with a draw of its own."""
    x = batch(method(**CODE), dtype=torch.float64)
    model = exact(monkeypatch, FADING, **CODE)
    stage, fade = model.stage, model.fade
    _, found = updates_of(model, monkeypatch, x)
    assert [name for name, _ in found] == ["critic", "generator", "encoder"]

    def at(network):
        return lambda images: network(images, stage, fade)

    Gen, Enc, Dis = (at(network) for network in model.networks.values())
    seen = fade * x + (1 - fade) * doubled(shrunk(x, 8))
    loss = critic_by_hand(
        model, Dis, seen, Gen(model.noise[0]).detach(), model.mixes[0], norm="pixel", drift=0.1
    )
    shared.assert_gradients(found[0][1], loss, model._parameters("critic"), atol=1e-12)

    def to_encode(z):
        z_hat = Enc(Gen(z))
        return ((z - z_hat) ** 2).sum() / COUNT + 0.7 * (z_hat.std() - 1).abs()

    of_generator = -Dis(Gen(model.noise[1])).mean() + to_encode(model.noise[1])
    shared.assert_gradients(found[1][1], of_generator, model._parameters("generator"), atol=1e-12)
    of_encoder = to_encode(model.noise[2])
    shared.assert_gradients(found[2][1], of_encoder, model._parameters("encoder"), atol=1e-12)


def test_both_penalties_of_a_linear_critic():
    """Of D(x) = <w, x> the gradient is w: one norm of all of it, or one of each pixel's colours."""
    w = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    real, fake = torch.randn(2, 5, 3, 4, 4, dtype=torch.float64)
    mix = torch.rand(5, dtype=torch.float64)
    of_pixels = penalty_of_pixels(lambda x: (x * w).flatten(1).sum(dim=1), real, fake, mix)
    torch.testing.assert_close(of_pixels, ((w.square().sum(dim=0).sqrt() - 1) ** 2).mean())
    of_samples = module.gradient_penalty(lambda x: (x * w).flatten(1).sum(dim=1), real, fake, mix)
    torch.testing.assert_close(of_samples, (w.norm() - 1) ** 2)


def test_the_penalty_is_at_a_mix_of_both_a_sample():
    """D(x) = sum x^3 / 3 has the gradient x^2, which tells where it was taken."""
    random = torch.Generator().manual_seed(0)
    real, fake = torch.rand(2, 3, 1, 2, 2, generator=random, dtype=torch.float64)
    mix = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    point = mix.view(-1, 1, 1, 1) * real + (1 - mix.view(-1, 1, 1, 1)) * fake
    found = penalty_of_pixels(lambda x: (x**3 / 3).flatten(1).sum(dim=1), real, fake, mix)
    torch.testing.assert_close(found, ((point**2 - 1) ** 2).mean())


# --- growing -----------------------------------------------------------------------------------------


def test_schedules_of_the_released_code_and_of_its_notebook():
    experiment = find_experiment("reverse-vae-celeba256")
    code = experiment.values("code")
    expected = [50000, 150000, 250000, 350000, 450000, 650000, 850000]  # 800,000 images a phase
    assert stage_ends(code["iterations"], code["batch_sizes"]) == expected
    notebook = experiment.values("code,iterations=notebook,batch_sizes=notebook")
    ends = stage_ends(notebook["iterations"], notebook["batch_sizes"])
    images = [
        (end - start) * batch / (1 if stage == 0 else 2)
        for stage, (start, end, batch) in enumerate(
            zip([0, *ends], ends, notebook["batch_sizes"], strict=False)
        )
    ]
    assert images == pytest.approx([800000] * 7, rel=0.001)
    paper = experiment.values("paper")
    assert stage_ends(paper["iterations"], paper["batch_sizes"])[-1] == 107496


def test_stages_and_fades_of_a_training():
    model = method(iterations=50)
    seen = []
    for _ in range(50):
        seen.append((model.stage, model.fade))
        model.step(batch(model))
    assert [stage for stage, _ in seen] == [0] * 10 + [1] * 20 + [2] * 20
    assert [fade for stage, fade in seen if stage == 1] == [i / 10 for i in range(10)] + [1] * 10
    assert (model.iteration, model.stage, model.fade) == (50, 2, 1)


def test_a_stage_moves_what_it_uses_and_nothing_else():
    model = method(iterations=50)
    model.iteration = 12
    model._enter(model.stage)
    moved = shared.moved_by_a_step(model, batch(model))
    for network in ("generator", "encoder", "critic"):
        parts = {".".join(name.split(".")[1:3]) for name in moved if name.startswith(network)}
        assert parts == {"blocks.0", "blocks.1", "colours.0", "colours.1"}


def test_a_batch_of_its_own_a_stage():
    model = method(batch_sizes=[4, 3, 2], n_dis=2, iterations=50)
    assert model.images_per_step == 8
    model.iteration = model.ends[1]
    assert model.images_per_step == 4


def test_real_images_are_those_of_the_stage_before_when_a_fade_begins():
    model = method(iterations=50)
    x = batch(model)
    model.iteration = model.ends[0] - 1
    before = model._as_seen(x)
    model.iteration = model.ends[0]
    assert model.fade == 0
    assert torch.equal(model._as_seen(x), doubled(before))


@pytest.mark.parametrize("stop", [1, 10, 13, 24, 30, 41])  # at the ends of stages and in fades, too
def test_a_training_goes_on_to_the_same_bits_from_anywhere(stop):
    def started():
        return method(iterations=50, **CODE)

    straight, resumed = started(), started()
    for number in range(stop):
        straight.step(batch(straight, number))
    resumed.load_state(shared.copies(straight.state()))
    for number in range(stop, 46):
        x = batch(straight, number)
        assert resumed.images_per_step == straight.images_per_step
        shared.assert_same(straight.step(x), resumed.step(x))
    shared.assert_same(straight.state(), resumed.state())


def test_each_stage_begins_with_new_moments():
    model = method(iterations=50)
    for number in range(11):  # the last step is the first one of stage 1
        model.step(batch(model, number))
    steps = {key: value for key, value in model.state().items() if key.endswith(".step")}
    assert steps
    assert all(value == (model.settings["n_dis"] if "critic" in key else 1) for key, value in steps.items())


# --- after training ----------------------------------------------------------------------------------


def test_what_is_kept_are_averages_or_the_weights_themselves():
    for decay in (0, 0.9):
        model = method(ema_decay=decay)
        old = shared.copies(model.model())
        model.step(batch(model))
        for name, tensor in model.model().items():
            network, _, parameter = name.partition(".")
            new = model.networks[network].state_dict()[parameter]
            torch.testing.assert_close(tensor, decay * old[name] + (1 - decay) * new)
    assert set(model.kept) == {"generator", "encoder"}


def test_a_loaded_model_makes_the_same_images():
    model, loaded = method(**CODE), method(seed=1, **CODE)
    for number in range(3):
        model.step(batch(model, number))
    loaded.load_model(shared.copies(model.model()))
    x = batch(model)
    assert torch.equal(model.reconstruct(x), loaded.reconstruct(x))
    assert torch.equal(model.reconstruct(x), model.decode(model.encode(x)))
    assert model.sample(3).shape == (3, 1, SIDE, SIDE)
    assert list(model.autoencode(x)) == ["Reverse-VAE"]
    error = (x - model.reconstruct(x)).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(model.score(x)["score"], error)
    assert shared.held_bytes(model) == ProgressiveReverseVAE.model_bytes(model.settings, 1)


# --- memory ------------------------------------------------------------------------------------------


def test_256_pixels_fit_16_gb_as_the_released_code_trains_on_one_gpu():
    settings = find_experiment("reverse-vae-celeba256").values("code")
    needed = bytes_needed(settings, (3, 256, 256))
    generator, encoder, critic = 23_051_989, 23_309_888, 23_052_353  # parameters, older colours included
    weights = 4 * (generator + encoder + critic)
    assert 4 * weights < needed < 16e9
    twice = settings | {"batch_sizes": [2 * size for size in settings["batch_sizes"]]}
    fixed = 2 * needed - bytes_needed(twice, (3, 256, 256))  # what no batch changes
    held = 4 * weights + 4 * (generator + encoder)  # with gradients and two moments, and averages
    assert held < fixed < held + 3 * 4 * critic  # and the scaled weights of the critic's three passes


def test_too_little_memory_is_said_before_anything_is_learnt(monkeypatch):
    model = method()
    before = shared.copies(model.networks.state_dict())
    monkeypatch.setattr("encore.networks.memory.memory_of", lambda device: 1000)
    with pytest.raises(ConfigError, match=r"GiB at least, and cpu has 0\.0; lower its batch_sizes"):
        model.step(batch(model))
    shared.assert_same(before, model.networks.state_dict())


def test_a_stage_that_would_not_be_trained_is_refused():
    """Its layers would be what they were drawn as, and all images would be made by them."""
    for changed, said in (
        ({"batch_sizes": [1, 1, 1000]}, "leave 0 for 16 pixels"),
        ({"batch_sizes": [1, 1000, 4]}, "leave 0 for 8 pixels"),
        ({"batch_sizes": [4, 4, 40], "iterations": 13}, "iterations: 13 leave 1 for 16 pixels"),
        ({"iterations": 4}, "iterations: 4 leave"),
    ):
        with pytest.raises(ConfigError, match=said):
            method(**changed)


def test_a_latent_of_one_entry_is_compared_entry_by_entry():
    model = method(latent=1)
    z = model.prior(COUNT)
    z_hat = model.Enc(model.Gen(z, 2), 2)
    assert z_hat.shape == z.shape
    found = model._of_latents(z, z_hat)["recon_z"]
    torch.testing.assert_close(found, ((z - z_hat) ** 2).sum() / COUNT)


def test_numbers_for_other_stages_than_there_are():
    for name in ("filters", "batch_sizes"):
        with pytest.raises(ConfigError, match=f"{name}: expected 3 numbers, one for each side from 4 to 16"):
            method(**{name: [4, 4]})

"""EfficientGAN against its released code: losses, updates, moving averages and score, by hand in float64."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from encore.methods.efficientgan import EfficientGAN
from encore.papers.find import find_experiment
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("averages", Path(__file__).with_name("averages.py"))
norms = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(norms)

SIDE = 8


def method(seed=0, **changed):
    settings = find_experiment("demo-efficientgan").values("code") | changed
    return EfficientGAN(settings, (1, SIDE, SIDE), seed, "cpu")


def batch(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(model.images_per_step, 1, SIDE, SIDE, generator=generator) * 2 - 1


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(batch(model, iteration))
    return model


def parameters(module):
    return {name: value.detach().clone() for name, value in module.named_parameters()}


def test_settings_are_those_of_the_released_code():
    values = find_experiment("efficientgan-mnist").values("code")
    named = ("learning_rate", "betas", "batch_size", "ema_decay", "feature_weight", "pixel_range", "dropout")
    assert [values[name] for name in named] == [1e-5, [0.5, 0.999], 100, 0.999, 0.1, [-1, 1], 0.5]


def test_images_per_step_are_fresh_for_both_updates():
    assert method(batch_size=8).images_per_step == 16


@pytest.mark.parametrize(
    ("optimizer", "networks"),
    [("discriminator", {"discriminator"}), ("generator_encoder", {"generator", "encoder"})],
)
def test_each_adam_moves_its_own_networks_alone(optimizer, networks, monkeypatch):
    model = method()
    for name, other in model.optimizers.items():
        if name != optimizer:
            monkeypatch.setattr(other, "step", lambda: None)
    before = parameters(model.networks)
    model.step(batch(model))
    after = parameters(model.networks)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if name.split(".")[0] in networks}


def cross_entropy(logits, label):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def test_both_losses_are_cross_entropies_of_pairs(monkeypatch):
    """Discriminator: (x, E(x)) is 1 and (G(z), z) is 0. Generator and encoder: the other way round."""
    model = method(dropout=0)
    model.networks.double()
    latents = torch.randn(2, 32, 16, dtype=torch.float64)
    monkeypatch.setattr(model, "prior", _give(latents))
    seen = {}
    monkeypatch.setattr(
        model,
        "_update",
        lambda name, gradients: seen.update({name: gradients}),
    )
    monkeypatch.setattr(model, "_follow", lambda: None)
    images = batch(model).double()
    losses = model.step(images)
    first, second = images[:32], images[32:]

    def pairs(x, z):
        return model.D(x, model.E(x)), model.D(model.G(z), z)

    real, fake = pairs(first, latents[0])
    loss = cross_entropy(real, 1.0) + cross_entropy(fake, 0.0)
    torch.testing.assert_close(losses["discriminator"], loss.detach())
    expected = torch.autograd.grad(loss, list(model.D.parameters()))
    for a, b in zip(seen["discriminator"], expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)

    real, fake = pairs(second, latents[1])
    torch.testing.assert_close(losses["generator"], cross_entropy(fake, 1.0).detach())
    torch.testing.assert_close(losses["encoder"], cross_entropy(real, 0.0).detach())
    of_g = torch.autograd.grad(cross_entropy(fake, 1.0), list(model.G.parameters()))
    of_e = torch.autograd.grad(cross_entropy(real, 0.0), list(model.E.parameters()))
    for a, b in zip(seen["generator_encoder"], [*of_g, *of_e], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def _give(values):
    """A `prior` that gives each of `values` once."""
    rest = iter(values)
    return lambda count: next(rest)


def test_averages_of_batch_norms_are_those_of_the_released_script(monkeypatch):
    """After one step, by hand: D's over x and G(z) in its own update; E's over E(x) and G's over G(z) and
    G(E(x)) in theirs, on the second batch."""
    model = method(dropout=0)
    model.networks.double()
    model.average.double()
    latents = torch.randn(2, 32, 16, dtype=torch.float64)
    monkeypatch.setattr(model, "prior", _give(latents))
    images = batch(model).double()
    first, second = images[:32], images[32:]
    start = copy.deepcopy(model.networks).train()
    G, E, D = start.values()
    pairs = (first, E(first).detach()), (G(latents[0]).detach(), latents[0])
    encoded = E(second).detach()
    start.load_state_dict(model.networks.state_dict())  # as if these passes had not been
    expected = {
        "generator": norms.averages_after(G, (latents[1],), (encoded,)),
        "encoder": norms.averages_after(E, (second,)),
        "discriminator": norms.averages_after(D, *pairs),
    }
    model.step(images)
    for network, of_norms in expected.items():
        for networks in (model.networks, model.average):
            found = norms.averages(networks[network])
            assert found.keys() == of_norms.keys() != set()
            for name, values in of_norms.items():
                for a, b in zip(found[name], values, strict=True):
                    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_all_networks_are_in_training_mode_in_every_pass_of_a_step():
    model, modes = method(), []
    model.networks.eval()
    for part in model.networks.modules():
        part.register_forward_hook(lambda part, x, y: modes.append(part.training))
    model.step(batch(model))
    assert modes
    assert all(modes)


def test_averages_decay_by_the_setting_and_take_the_norms_statistics():
    model = method(ema_decay=0.9)
    expected = parameters(model.networks)
    for iteration in range(4):
        model.step(batch(model, iteration))
        for name, value in parameters(model.networks).items():
            expected[name] = 0.9 * expected[name] + 0.1 * value
    for name, value in model.average.named_parameters():
        torch.testing.assert_close(value, expected[name])
    for (name, a), b in zip(model.average.named_buffers(), model.networks.buffers(), strict=True):
        assert torch.equal(a, b), name


def test_only_averages_are_scored_with_and_kept():
    model, x = trained(), batch(method())[:5]
    before = model.score(x)["score"], model.reconstruct(x)
    model.networks.load_state_dict(method(seed=8).networks.state_dict())
    assert torch.equal(model.score(x)["score"], before[0])
    assert torch.equal(model.reconstruct(x), before[1])
    loaded = method(seed=9)
    loaded.load_model({name: tensor.clone() for name, tensor in model.model().items()})
    assert torch.equal(loaded.score(x)["score"], before[0])


def test_score_is_l1_in_pixels_and_in_features():
    """Both pairs of features have the same latent, E(x)."""
    model, x = method(feature_weight=0.3), batch(method())[:5].double()
    model.average.double()
    for parameter in model.average.parameters():  # such that images and latents differ by much
        torch.nn.init.normal_(parameter, std=0.3)
    G, E, D = model.average.values()
    with torch.no_grad():
        z = E(x)
        y = G(z)
        in_pixels = torch.stack([(x[i] - y[i]).abs().sum() for i in range(5)])
        f, g = (D.y(torch.cat([D.x(images), D.z(z)], dim=1)) for images in (x, y))
        expected = 0.7 * in_pixels + 0.3 * (f - g).abs().sum(1)
        assert (E(y) - z).abs().mean() > 0.1
    assert f.shape == (5, 128)
    torch.testing.assert_close(model.score(x)["score"], expected)


def test_no_image_depends_on_those_beside_it():
    model, x = trained(), batch(method())[:12]
    alone = torch.cat([model.score(one)["score"] for one in x.split(1)])
    torch.testing.assert_close(model.score(x)["score"], alone)


def test_images_are_between_minus_1_and_1():
    model = trained()
    for images in (model.sample(6), model.reconstruct(batch(model)[:6])):
        assert images.shape == (6, 1, SIDE, SIDE)
        assert -1 <= images.min() < images.max() <= 1


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3), method(seed=4)
    for iteration in range(3):
        straight.step(batch(straight, iteration))
    resumed.load_state({name: tensor.clone() for name, tensor in straight.state().items()})
    for iteration in range(3, 6):
        losses = [model.step(batch(model, iteration)) for model in (straight, resumed)]
        assert all(torch.equal(losses[0][name], losses[1][name]) for name in losses[0])
    a, b = straight.state(), resumed.state()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_bytes_of_the_model_are_known():
    model = method()
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.model().values())
    assert EfficientGAN.model_bytes(model.settings, 1) == held


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 10"):
        EfficientGAN(find_experiment("demo-efficientgan").values("code"), (1, 10, 10), 0, "cpu")

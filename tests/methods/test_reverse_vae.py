"""Reverse-VAE against its paper: Algorithms 1 and 2 and equations 1 to 12, by hand in float64."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch

from encore.methods.reverse_vae import ReverseVAE
from encore.papers.find import find_experiment
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("averages", Path(__file__).with_name("averages.py"))
norms = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(norms)

SIDE = 8


def settings(**changed):
    """The demo's small networks under the paper's layer of features."""
    return find_experiment("demo-reverse-vae").values("code") | {"feature_layer": 3} | changed


def method(seed=0, **changed):
    return ReverseVAE(settings(**changed), (1, SIDE, SIDE), seed, "cpu")


def exact(monkeypatch, **changed):
    """A method in float64 whose latents are known: `z` in every draw."""
    model = method(**changed)
    model.networks.double()
    model.z = torch.randn(model.settings["batch_size"], model.settings["latent"], dtype=torch.float64)
    monkeypatch.setattr(model, "prior", lambda count: model.z[:count])
    return model


def batch(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(model.images_per_step, 1, SIDE, SIDE, generator=generator)


def gradients_of(model, monkeypatch):
    """Name of an optimizer -> the gradients that it would have followed; nothing moves."""
    seen = {}
    monkeypatch.setattr(model, "_update", lambda name, gradients: seen.setdefault(name, gradients))
    return seen


def assert_gradients(found, parameters):
    for gradient, parameter in zip(found, parameters, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-9, atol=1e-11)


# --- Algorithm 1 -------------------------------------------------------------------------------------


def test_settings_are_those_of_algorithm_1():
    values = find_experiment("reverse-vae-mnist").values("code")
    assert values["learning_rate_reconstruction"] == pytest.approx(values["learning_rate"] / 5)
    assert values["feature_layer"] == 3
    named = ("gradient_penalty_weight", "batch_size", "n_dis", "learning_rate", "betas", "xi", "eta")
    assert [values[name] for name in named] == [10, 100, 5, 1e-4, [0.0, 0.99], 1, 1]


def test_xi_is_1_but_in_the_notebook():
    """Line 17 and train.py have no factor; the head of Algorithm 1 and the notebook have 0.01."""
    experiment = find_experiment("reverse-vae-mnist")
    readings = ("paper", "code", "code,xi=notebook")
    assert [experiment.values(reading)["xi"] for reading in readings] == [1, 1, 0.01]
    paper, code = experiment.values("paper"), experiment.values("code")
    assert {name: (paper[name], code[name]) for name in paper if paper[name] != code[name]} == {
        "critic_norm": ("batch", "none")
    }


@pytest.mark.parametrize("reading", ["paper", "code"])
def test_settings_are_those_of_sections_4_3_to_4_5(reading):
    values = find_experiment("reverse-vae-mnist").values(reading)
    # Pixels in [0, 1], the range of the sigmoid that Section 4.3 takes away; L_recon_x by default.
    assert (values["pixel_range"], values["output"], values["recon_x_weight"]) == ([0, 1], "sigmoid", 1)
    assert values["learning_rate_recon_x"] == values["learning_rate_reconstruction"]


def test_images_per_step_are_fresh_for_every_update():
    assert method(n_dis=5, batch_size=8).images_per_step == 48
    assert method(n_dis=5, batch_size=8, recon_x_weight=0).images_per_step == 40


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 10"):
        ReverseVAE(settings(image_size=10), (1, 10, 10), 0, "cpu")


# Optimizer -> the network whose parameters it may move, and no others.
MOVES = {
    "critic": "critic",
    "adversarial": "generator",
    "reconstruction": "generator",
    "recon_x": "generator",
    "encoder": "encoder",
}


@pytest.mark.parametrize(("optimizer", "network"), MOVES.items())
def test_each_adam_moves_its_own_network_alone(optimizer, network, monkeypatch):
    model = method()
    assert set(model.optimizers) == set(MOVES)
    for name, other in model.optimizers.items():
        if name != optimizer:
            monkeypatch.setattr(other, "step", lambda: None)
    before = {name: value.detach().clone() for name, value in model.networks.named_parameters()}
    model.step(batch(model))
    after = dict(model.networks.named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    without_effect = {"critic.3.0.bias"}  # Dis's last bias cancels in (6)
    assert moved == {name for name in before if name.startswith(network)} - without_effect


def test_step_sizes_are_alpha_and_shares_of_it_for_both_reconstructions():
    model = method(learning_rate=0.05, learning_rate_reconstruction=0.01, learning_rate_recon_x=0.02)
    sizes = {name: optimizer.param_groups[0]["lr"] for name, optimizer in model.optimizers.items()}
    assert sizes == {
        "critic": 0.05,
        "adversarial": 0.05,
        "reconstruction": 0.01,
        "encoder": 0.05,
        "recon_x": 0.02,
    }


def test_neither_reconstruction_loss_drowns_the_other():
    """However much greater L_recon_x is, line 17 takes the step that it would take without it."""
    steps = []
    for recon_x_weight in (0, 1, 1e6):
        model = method(recon_x_weight=recon_x_weight, n_dis=1)
        for name in model.optimizers.keys() - {"reconstruction"}:
            model.optimizers[name].step = lambda: None
        before = copy.deepcopy(model.Gen.state_dict())
        model.step(batch(model))
        steps.append([value - before[name] for name, value in model.Gen.named_parameters()])
    assert any(step.any() for step in steps[0])
    for other in steps[1:]:
        for one, two in zip(steps[0], other, strict=True):
            assert torch.equal(one, two)


def test_dis_is_updated_n_dis_times_on_fresh_images_and_latents(monkeypatch):
    model = method(n_dis=3, batch_size=4)
    seen, drawn, prior = [], [], model.prior
    update = model._update_critic
    monkeypatch.setattr(model, "_update_critic", lambda x: (seen.append(x), update(x))[1])
    monkeypatch.setattr(model, "prior", lambda count: (drawn.append(prior(count)), drawn[-1])[1])
    images = batch(model)
    model.step(images)
    assert torch.equal(torch.cat(seen), images[:12])
    assert [len(z) for z in drawn] == [4] * 4  # line 4 three times, line 11 once for all three updates
    assert len({tuple(z.flatten().tolist()) for z in drawn}) == 4


class Quadratic(torch.nn.Module):
    """A critic whose gradient, q x + w, is another at every point."""

    def __init__(self):
        super().__init__()
        self.q, self.w = (torch.nn.Parameter(torch.randn(SIDE**2, dtype=torch.float64)) for _ in range(2))

    def forward(self, x):
        x = x.flatten(1)
        return (self.q * x.square() / 2 + self.w * x).sum(1)


def test_critic_loss_is_equation_6(monkeypatch):
    """Its penalty lies between x and generated images, at a place of its own for each sample."""
    model = exact(monkeypatch)
    real, fake = torch.rand(2, 32, 1, SIDE, SIDE, dtype=torch.float64)
    critic = Quadratic()
    monkeypatch.setattr(model, "Dis", critic)
    monkeypatch.setitem(model.optimizers, "critic", torch.optim.Adam(critic.parameters()))
    monkeypatch.setattr(model, "Gen", lambda z: fake)
    monkeypatch.setattr("encore.methods.reverse_vae.standing_averages", lambda *_: torch.no_grad())
    seen = gradients_of(model, monkeypatch)
    epsilon = torch.rand(32, generator=model.random.clone_state())
    found = model._update_critic(real)
    penalty = 0.0
    for x, x_tilde, share in zip(real.flatten(1), fake.flatten(1), epsilon.tolist(), strict=True):
        gradient = critic.q * (share * x + (1 - share) * x_tilde) + critic.w
        penalty += (gradient.square().sum().sqrt() - 1) ** 2 / 32
    expected = critic(fake).mean() - critic(real).mean() + 10 * penalty
    torch.testing.assert_close(found, expected)
    expected.backward()
    assert_gradients(seen["critic"], critic.parameters())


@pytest.mark.parametrize(("xi", "eta", "recon_x_weight"), [(0.01, 1, 1), (1, 0.5, 3), (0.3, 2, 4)])
def test_gradients_of_lines_16_to_18(monkeypatch, xi, eta, recon_x_weight):
    """By plain back-propagation, each loss from a forward pass of its own."""
    model = exact(monkeypatch, n_dis=1, xi=xi, eta=eta, recon_x_weight=recon_x_weight)
    monkeypatch.setattr(model, "_update_critic", lambda x: torch.tensor(0.0))
    seen = gradients_of(model, monkeypatch)
    images = batch(model).double()
    losses = model.step(images)
    z, m = model.z, len(model.z)
    x = images[m:]

    generated = model.Gen(z)
    adversarial = -sum(model.Dis(generated)) / m
    model.networks.zero_grad()
    adversarial.backward()
    assert_gradients(seen["adversarial"], model.Gen.parameters())

    z_hat = model.Enc(model.Gen(z))
    recon_z = ((z - z_hat) ** 2).sum() / m
    sigma = ((z_hat - z_hat.mean()) ** 2).sum().div(z_hat.numel() - 1).sqrt()
    model.networks.zero_grad()
    (recon_z + eta * (sigma - 1).abs()).backward()
    assert_gradients(seen["encoder"], model.Enc.parameters())

    f_real = model.Dis[2](model.Dis[1](model.Dis[0](x))).detach()
    f_fake = model.Dis[2](model.Dis[1](model.Dis[0](model.Gen(model.Enc(x).detach()))))
    recon_x = ((f_real - f_fake) ** 2).sum() / m
    model.networks.zero_grad()
    (recon_x_weight * recon_x).backward()
    assert_gradients(seen["recon_x"], model.Gen.parameters())

    z_hat = model.Enc(model.Gen(z))
    model.networks.zero_grad()
    (xi * ((z - z_hat) ** 2).sum() / m).backward()
    assert_gradients(seen["reconstruction"], model.Gen.parameters())

    expected = {"adversarial": adversarial, "recon_z": recon_z, "recon_x": recon_x, "std": (sigma - 1).abs()}
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value.detach())


@pytest.mark.parametrize("recon_x_weight", [1, 0])
def test_averages_of_batch_norms_follow_a_networks_own_update(monkeypatch, recon_x_weight):
    """Dis: line 10, at x_int, Gen(z), x. Gen and Enc: lines 12 and 13, and L_recon_x where it weighs."""
    model = exact(monkeypatch, n_dis=1, critic_norm="batch", recon_x_weight=recon_x_weight)
    images, z = batch(model).double(), model.z
    x, *rest = images.split(len(z))
    start = copy.deepcopy(model.networks).train()
    Gen, Enc, Dis = start.values()
    epsilon = torch.rand(len(z), generator=model.random.clone_state()).view(-1, 1, 1, 1)
    generated = Gen(z).detach()
    again = [Enc(batch).detach() for batch in rest]
    assert len(again) == recon_x_weight
    start.load_state_dict(model.networks.state_dict())  # as if these passes had not been
    expected = {
        "generator": norms.averages_after(Gen, (z,), *((codes,) for codes in again)),
        "encoder": norms.averages_after(Enc, (generated,), *((batch,) for batch in rest)),
        "critic": norms.averages_after(Dis, (epsilon * x + (1 - epsilon) * generated,), (generated,), (x,)),
    }
    model.step(images)
    assert all(norm.track_running_stats for norm in model.networks.modules() if hasattr(norm, "running_mean"))
    for network, of_norms in expected.items():
        found = norms.averages(model.networks[network])
        assert found.keys() == of_norms.keys() != set()
        for name, values in of_norms.items():
            for a, b in zip(found[name], values, strict=True):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_at_weight_0_recon_x_leaves_no_trace(monkeypatch):
    model = method(recon_x_weight=0)
    monkeypatch.setattr(model, "_recon_x", lambda x: pytest.fail("L_recon_x was computed"))
    assert set(model.step(batch(model))) == {"critic", "adversarial", "recon_z", "std"}
    assert set(model.optimizers) == MOVES.keys() - {"recon_x"}
    assert not any("recon_x" in name for name in model.state())


def test_all_networks_are_in_training_mode_in_every_pass_of_a_step():
    model, modes = method(critic_norm="batch"), []
    model.networks.eval()  # as scoring leaves them
    for part in (part for network in model.networks.values() for part in network):
        part.register_forward_hook(lambda part, x, y: modes.append(part.training))
    model.step(batch(model))
    assert modes
    assert all(modes)


def test_a_critic_with_batch_norm_learns_too():
    model = method(critic_norm="batch")
    assert all(torch.isfinite(loss) for loss in model.step(batch(model)).values())


# --- Section 4.5 -------------------------------------------------------------------------------------


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(batch(model, iteration))
    return model


def test_error_is_equation_11_on_features_of_layer_3():
    model, x = trained(), batch(method())[:5]
    error = model.reconstruction_error(x)
    with torch.no_grad():
        x_hat = model.Gen(model.Enc(x))  # scoring has put the batch norms to rest
        f, g = (model.Dis[2](model.Dis[1](model.Dis[0](images))) for images in (x, x_hat))
    torch.testing.assert_close(error, ((f - g) ** 2).sum(1).sqrt())
    assert f.shape == (5, 128)


def test_no_image_depends_on_those_beside_it():
    model, x = trained(), batch(method())[:20]
    model.after_training(batch(model, seed=1).split(7))
    together, alone = model.score(x), [model.score(one) for one in x.split(1)]
    for name, values in together.items():
        torch.testing.assert_close(values, torch.cat([one[name] for one in alone]))


def test_score_is_the_share_of_training_images_with_a_smaller_error(monkeypatch):
    """Equation 12: only errors that are less count, so that a tie with the least scores 0."""
    model = method()
    errors = torch.tensor([3.0, 1.0, 2.0, 2.0])
    monkeypatch.setattr(model, "reconstruction_error", lambda images: images)
    model.after_training([errors[:3], errors[3:]])
    assert model.training_errors.tolist() == [1, 2, 2, 3]
    scores = model.score(torch.tensor([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0]))
    assert scores["score"].tolist() == [0, 0, 0.25, 0.25, 0.75, 0.75, 1]
    assert scores["reconstruction_error"].tolist() == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 9.0]


def test_algorithm_2_calls_anomalous_what_lies_above_the_threshold(monkeypatch):
    model = method()
    monkeypatch.setattr(model, "reconstruction_error", lambda images: images)
    model.after_training([torch.tensor([1.0, 2.0, 3.0, 4.0])])
    assert model.is_anomaly(torch.tensor([1.5, 2.5, 4.5]), 0.5).tolist() == [False, False, True]


def test_training_images_score_evenly_from_0_to_1():
    model, x = trained(), batch(method())[:40]
    model.after_training(x.split(11))
    scores = model.score(x)["score"].sort().values
    torch.testing.assert_close(scores, torch.arange(40) / 40, rtol=0, atol=1.01 / 40)


def test_a_model_that_is_no_number_gives_no_score():
    """Every error is NaN then, and would stand above all training errors: a score of 1 for every image."""
    model, x = trained(), batch(method())[:5]
    model.after_training([x])
    with torch.no_grad():
        next(model.Enc.parameters()).fill_(torch.nan)
    assert model.score(x)["score"].isnan().all()


def test_scores_before_the_training_errors_are_refused():
    model = method()
    with pytest.raises(RuntimeError, match="call after_training first"):
        model.score(batch(model)[:2])


def test_images_are_between_0_and_1():
    model = trained()
    for images in (model.sample(6), model.reconstruct(batch(model)[:6])):
        assert images.shape == (6, 1, SIDE, SIDE)
        assert 0 <= images.min() < images.max() <= 1


# --- state -------------------------------------------------------------------------------------------


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


def test_a_loaded_model_scores_the_same():
    model, loaded, x = trained(), method(seed=9), batch(method())[:10]
    model.after_training([x])
    loaded.load_model({name: tensor.clone() for name, tensor in model.model().items()})
    for name, values in model.score(x).items():
        assert torch.equal(loaded.score(x)[name], values)


def test_bytes_of_the_model_are_known_but_for_the_training_errors():
    model = method()
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.model().values())
    assert ReverseVAE.model_bytes(model.settings, 1) == held

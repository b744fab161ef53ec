"""PIAD against its paper: layer tables, losses, weights policy and Algorithm 1, by hand in float64."""

import pytest
import torch

from encore.files import ROOT
from encore.methods import piad
from encore.methods.piad import PIAD, Generator, LatentCritic
from encore.networks.perceptual import load_features
from encore.papers.find import find_experiment
from encore.strict import ConfigError, load_yaml

# Supplement Tables 1 to 4: settings, image channels, parameters of G, E, D_X and D_Z.
TABLES = {
    "networks-table-1": (1, (90_433, 73_280, 72_769, 20_865)),
    "networks-table-1 in colour": (3, (90_499, 73_856, 73_345, 20_865)),
    "networks-table-2": (3, (2_897_539, 2_338_304, 571_137, 1_313_793)),
    "networks-table-3": (3, (427_011, 373_152, 363_905, 5_249_025)),
    "networks-table-4": (3, (435_075, 366_976, 363_905, 82_689)),
}

# And the output of G, E and D_X after each row of their tables, from the first convolution or block on.
SHAPES = {
    "networks-table-1": (
        [(32, 4, 4), (32, 8, 8), (32, 16, 16), (32, 32, 32), (32, 32, 32), (1, 32, 32)],
        [(32, 32, 32), (32, 16, 16), (32, 8, 8), (32, 4, 4), (32, 1, 1), (32, 1, 1)],
        [(32, 32, 32), (32, 16, 16), (32, 8, 8), (32, 4, 4), (33, 4, 4), (32, 1, 1), (1, 1, 1)],
    ),
    "networks-table-2": (
        [(256, 4, 4), (256, 8, 8), (128, 16, 16), (64, 32, 32), (64, 32, 32), (3, 32, 32)],
        [(64, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4), (256, 1, 1), (256, 1, 1)],
        [(32, 32, 32), (32, 16, 16), (64, 8, 8), (128, 4, 4), (129, 4, 4), (128, 1, 1), (1, 1, 1)],
    ),
    "networks-table-3": (
        [(64, 4, 4), (64, 8, 8), (64, 16, 16), (64, 32, 32), (64, 64, 64), (64, 64, 64), (3, 64, 64)],
        [(64, 64, 64), (64, 32, 32), (64, 16, 16), (64, 8, 8), (64, 4, 4), (64, 4, 4), (32, 4, 4)],
        [*((64, side, side) for side in (64, 32, 16, 8, 4)), (65, 4, 4), (64, 1, 1), (1, 1, 1)],
    ),
    "networks-table-4": (
        [(64, 4, 4), (64, 8, 8), (64, 16, 16), (64, 32, 32), (64, 64, 64), (64, 64, 64), (3, 64, 64)],
        [(64, 64, 64), (64, 32, 32), (64, 16, 16), (64, 8, 8), (64, 4, 4), (64, 1, 1), (64, 1, 1)],
        [*((64, side, side) for side in (64, 32, 16, 8, 4)), (65, 4, 4), (64, 1, 1), (1, 1, 1)],
    ),
}


def networks(table, channels):
    """G, E, D_X and D_Z of a group of settings in the paper's YAML, and the shapes of their inputs."""
    group = load_yaml(ROOT / "workflow" / "papers" / "piad.yaml")["settings"][table.split()[0]]
    values = {name: setting["value"] for name, setting in group.items()}
    side = values["image_size"]
    return values, list(PIAD.build_networks(values, (channels, side, side), 0, None).values())


@pytest.mark.parametrize("table", TABLES)
def test_parameter_counts(table):
    channels, expected = TABLES[table]
    _, built = networks(table, channels)
    assert (
        tuple(sum(parameter.numel() for parameter in network.parameters()) for network in built) == expected
    )


@pytest.mark.parametrize("table", SHAPES)
def test_layer_shapes(table):
    channels, _ = TABLES[table]
    values, (generator, encoder, critic, latent_critic) = networks(table, channels)
    z = torch.zeros(2, values["latent"], values["latent_side"], values["latent_side"])
    image = torch.zeros(2, channels, values["image_size"], values["image_size"])
    rows = (
        (generator, z, [generator.first, *generator.blocks, generator.last_block, generator.last]),
        (encoder, image, [encoder.first, *encoder.blocks, encoder.collapse, encoder.last]),
        (critic, image, [critic.first, *critic.blocks, critic.minibatch_std, critic.collapse, critic.last]),
    )
    for (network, x, layers), expected in zip(rows, SHAPES[table], strict=True):
        seen = []
        for layer in layers:
            layer.register_forward_hook(lambda _module, _x, y, seen=seen: seen.append(tuple(y.shape[1:])))
        network(x)
        assert seen == expected
    assert encoder(image).shape == z.shape
    assert latent_critic(z).shape == critic(image).shape == (2,)


def test_initialisation_follows_the_released_code():
    torch.manual_seed(0)
    critic = piad.initialise(LatentCritic(256, [1024, 1024]))
    linear = [module for module in critic if isinstance(module, torch.nn.Linear)]
    for module, gain in zip(
        linear, (1.3868, 1.3868, 1.0), strict=True
    ):  # sqrt(2 / (1 + 0.2^2)) before Leaky ReLU
        fan_in, fan_out = module.in_features, module.out_features
        bound = gain * (6 / (fan_in + fan_out)) ** 0.5
        assert bound * 0.98 < module.weight.abs().max() <= bound * 1.0001
    generator = piad.initialise(Generator(256, [256, 256, 128, 64], 3))
    conv = generator.blocks[0].conv1  # Kaiming normal, fan out: sqrt(2 / (1.04 * 9 * 256))
    assert conv.weight.std().item() == pytest.approx((2 / (1.04 * 9 * 256)) ** 0.5, rel=0.01)


# --- losses ------------------------------------------------------------------------------------------


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.rand(2, 3, 1, 16, 16, dtype=torch.float64) * 2 - 1


@pytest.fixture
def features():
    network = load_features("random_vgg").double()
    network.mean.uniform_(-1, 1)
    network.std.uniform_(0.5, 2)
    return network


def test_relative_perceptual_l1_is_equation_4(images, features):
    real, fake = images
    f, g = features(real), features(fake)
    expected = [(f[i] - g[i]).abs().sum() / f[i].abs().sum() for i in range(3)]
    torch.testing.assert_close(piad.relative_perceptual_l1(features, real, fake), torch.stack(expected))


def test_features_are_normalised_as_equation_3(images, features):
    real, _ = images
    torch.testing.assert_close(features(real), (features.responses(real) - features.mean) / features.std)


def test_perceptual_l1_is_the_mean_of_normalised_differences(images, features):
    real, fake = images
    f, g = features(real), features(fake)
    expected = [(f[i] - g[i]).abs().sum() / f[i].numel() for i in range(3)]
    torch.testing.assert_close(piad.perceptual_l1(features, real, fake), torch.stack(expected))


def test_perceptual_l2_is_equation_2_on_raw_features(images, features):
    real, fake = images
    f, g = features.responses(real), features.responses(fake)
    expected = [(f[i] - g[i]).square().sum() / f[i].numel() for i in range(3)]
    torch.testing.assert_close(piad.perceptual_l2(features, real, fake), torch.stack(expected))


def test_l2_on_pixels_and_on_imagenet_normalised_pixels(images, features):
    real, fake = images
    pixels = (real - fake).square().flatten(1).mean(1)
    torch.testing.assert_close(piad.l2(features, real, fake), pixels)
    # Three channels of the same grey difference, halved to [0, 1] and divided by each channel's deviation.
    factor = sum(1 / (2 * std) ** 2 for std in (0.229, 0.224, 0.225)) / 3
    # The features' constants are float32 numbers, hence the tolerance.
    torch.testing.assert_close(piad.l2_imagenet(features, real, fake), pixels * factor, rtol=1e-6, atol=0)


@pytest.mark.parametrize("name", sorted(piad.LOSSES))
def test_no_gradient_flows_through_the_real_image(name, images, features):
    real, fake = images[0].clone().requires_grad_(), images[1].clone().requires_grad_()
    piad.LOSSES[name](features, real, fake).sum().backward()
    assert fake.grad.abs().sum() > 0
    if name not in ("l2", "l2_imagenet"):
        assert real.grad is None


# --- weights policy ----------------------------------------------------------------------------------


def test_exponential_smoothing_by_hand():
    history = torch.tensor([[1.0], [3.0], [5.0]], dtype=torch.float64)
    # 1; 0.9 * 1 + 0.1 * 3; 0.9 * 1.2 + 0.1 * 5
    expected = torch.tensor([[1.0], [1.2], [1.58]], dtype=torch.float64)
    torch.testing.assert_close(piad.exponential_smoothing(history, 0.1), expected)


def test_both_readings_of_algorithm_3_by_hand():
    adversarial = torch.tensor([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]], dtype=torch.float64)
    reconstruction = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 8.0]], dtype=torch.float64)
    # Smoothed with 0.5: adversarial 1, 2, 3.5 and 2, 2, 2; reconstruction 1, 1, 1 and 1, 1, 4.5.
    # Ratios of the last two: layer 0: 2, 3.5; layer 1: 2, 2 / 4.5.
    how = {"n": 2, "factor": 0.5}
    mean = piad.select_weight(adversarial, reconstruction, how="mean", **how)
    median = piad.select_weight(adversarial, reconstruction, how="median", **how)
    assert mean.item() == pytest.approx(((2 + 3.5) / 2 + (2 + 2 / 4.5) / 2) / 2)
    assert median.item() == pytest.approx(2.0)


def test_both_readings_of_a_gradients_norm():
    gradient = torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float64)
    assert piad.GRADIENT_NORMS["l2"](gradient).item() == pytest.approx(5.0)
    assert piad.GRADIENT_NORMS["std"](gradient).item() == pytest.approx(gradient.std().item())


# --- Algorithm 1 -------------------------------------------------------------------------------------


def settings(**changed):
    """The demo's small networks under the paper's schedule and policy."""
    paper = {"n_dis": 2, "weights": "gradient_normalising", "gamma_g": 1, "gamma_e": 1}
    return find_experiment("demo-piad").values("code") | paper | changed


def method(seed=0, **changed):
    return PIAD(settings(**changed), (1, 16, 16), seed, "cpu")


def batch(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(model.images_per_step, 1, 16, 16, generator=generator) * 2 - 1


def snapshot(*modules):
    return [parameter.detach().clone() for module in modules for parameter in module.parameters()]


def test_networks_for_another_size_are_refused():
    with pytest.raises(ConfigError, match="networks for 16 pixels, images have 32"):
        PIAD(settings(), (1, 32, 32), 0, "cpu")


def test_images_per_step_are_fresh_for_every_update():
    assert method(n_dis=2).images_per_step == 96
    assert method(n_dis=3, batch_size=8).images_per_step == 32


def test_critic_update_moves_the_critics_alone():
    model = method()
    learners, critics = snapshot(model.G, model.E), snapshot(model.D_X, model.D_Z)
    model._update_critics(batch(model)[:32])
    assert all(torch.equal(a, b) for a, b in zip(learners, snapshot(model.G, model.E), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(critics, snapshot(model.D_X, model.D_Z), strict=True))


def test_generator_update_moves_generator_and_encoder_alone(monkeypatch):
    model = method()
    monkeypatch.setattr(model, "_update_critics", lambda x: {})
    learners, critics = snapshot(model.G, model.E), snapshot(model.D_X, model.D_Z)
    model.step(batch(model))
    assert all(torch.equal(a, b) for a, b in zip(critics, snapshot(model.D_X, model.D_Z), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(learners, snapshot(model.G, model.E), strict=True))


@pytest.mark.parametrize("drift_on", ["real", "both"])
def test_critic_loss_is_equation_5_with_drift(drift_on):
    model = method(drift_on=drift_on)
    critic = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 1), torch.nn.Flatten(0)).double()
    real, fake = torch.randn(2, 32, 1, 16, 16, dtype=torch.float64)
    norm = critic[1].weight.norm()  # of a linear critic's gradient, wherever it is taken
    d_real, d_fake = critic(real), critic(fake)
    drift = (d_real**2).mean() + ((d_fake**2).mean() if drift_on == "both" else 0)
    expected = d_fake.mean() - d_real.mean() + 10 * (norm - 1) ** 2 + 0.001 * drift
    torch.testing.assert_close(model._critic_loss(critic, real, fake), expected)


def test_gradients_of_an_update_are_lines_15_to_17(monkeypatch):
    """grad G = gamma_G dL_rec + dL_adv(G); grad E = gamma_E dL_rec + dL_adv(E), by plain back-propagation."""
    model = method(weights="fixed", gamma_g=7, gamma_e=3)
    for network in (*model.networks.values(), model.features):
        network.double()
    monkeypatch.setattr(model, "_update_critics", lambda x: {})
    z = torch.randn(32, 16, 1, 1, dtype=torch.float64)
    monkeypatch.setattr(model, "prior", lambda n: z)
    monkeypatch.setattr(model.optimizers["generator_encoder"], "step", lambda: None)
    images = batch(model).double()
    model.step(images)
    found = [parameter.grad.clone() for parameter in model.learners]

    x = images[64:]
    for parameter in model.learners:
        parameter.grad = None
    piad.relative_perceptual_l1(model.features, x, model.G(model.E(x))).mean().backward()
    for network, gamma in ((model.G, 7), (model.E, 3)):
        for parameter in network.parameters():
            parameter.grad *= gamma
    (-model.D_X(model.G(z)).mean() - model.D_Z(model.E(x)).mean()).backward()
    for a, b in zip(found, model.learners, strict=True):
        torch.testing.assert_close(a, b.grad, rtol=1e-9, atol=1e-12)


def test_weights_change_every_n_weight_iterations_and_hold_their_history():
    model = method(n_weight=2, history_kept=3)
    gammas = []
    for iteration in range(10):
        model.step(batch(model, iteration))
        gammas.append(model.gamma_g.item())
    assert gammas[0] == 1.0
    assert all((gammas[i] != gammas[i - 1]) == (i % 2 == 1) for i in range(1, 10))
    convolutions = sum(parameter.dim() == 4 for parameter in model.G.parameters())
    assert model.histories["g_adv"].shape == (3, convolutions)


def test_history_holds_norms_of_the_convolutions_gradients():
    model = method(n_weight=1, gradient_norm="l2", history_kept="all")
    weight, bias = torch.full((2, 1, 1, 1), 3.0), torch.full((2,), 100.0)
    model._update_weights(
        g_adv=(weight, bias), g_rec=(weight / 2, bias), e_adv=(weight, bias), e_rec=(weight, bias)
    )
    assert model.histories["g_adv"].shape == (1, 1)  # one entry, one layer: biases do not count
    assert model.histories["g_adv"].item() == pytest.approx(18**0.5)
    assert model.gamma_g.item() == pytest.approx(2.0)
    assert model.gamma_e.item() == pytest.approx(1.0)


def test_fixed_weights_stay():
    model = method(weights="fixed", gamma_g=100, gamma_e=10, n_weight=1)
    model.step(batch(model))
    assert (model.gamma_g.item(), model.gamma_e.item()) == (100, 10)


def test_score_is_the_loss_of_the_reconstruction():
    model = method()
    x = batch(model)[:5]
    with torch.no_grad():
        expected = piad.relative_perceptual_l1(model.features, x, model.G(model.E(x)))
    torch.testing.assert_close(model.score(x)["score"], expected)


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3, n_weight=2), method(seed=4, n_weight=2)
    for iteration in range(3):
        straight.step(batch(straight, iteration))
    resumed.load_state({name: tensor.clone() for name, tensor in straight.state().items()})
    for iteration in range(3, 6):
        losses = [model.step(batch(model, iteration)) for model in (straight, resumed)]
        assert all(torch.equal(losses[0][name], losses[1][name]) for name in losses[0])
    a, b = straight.state(), resumed.state()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_stand_in_is_named_and_vgg19_is_not():
    assert method().deviations == [
        "perceptual features of a small VGG with fixed random weights in place of VGG-19"
    ]

"""IFcVAEGAN against its paper and its released code: Algorithm 1, equations 3 to 12, by hand in float64."""

import importlib.util
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from encore.methods.ifcvaegan import IFcVAEGAN
from encore.papers.find import find_experiment
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

SIDE, LATENT, M = 16, 5, 6

# Where paper and released code differ.
READINGS = {
    "paper": {
        "label_features": "shared",
        "class_hat_target": "predicted",
        "aux_latent": "decoded",
        "batch_reduction": "mean",
        "kl_reduction": "sum",
        "generator_loss": "saturating",
        "gan_weight": 1 / 3,
        "discriminator_smoothing": 0.99,
        "discriminator_momentum": 0.5,
    },
    "code": {
        "label_features": "detached",
        "class_hat_target": "true",
        "aux_latent": "redrawn",
        "batch_reduction": "sum",
        "kl_reduction": "mean",
        "generator_loss": "non_saturating",
        "gan_weight": 0.3,
        "discriminator_smoothing": 0.5,
        "discriminator_momentum": 0,
    },
}


def settings(reading="code", **changed):
    return {
        "image_size": SIDE,
        "latent": LATENT,
        "filters": [3, 4],
        "aux_units": [7, 6],
        "iterations": 10,
        "batch_size": M,
        "learning_rate": 2e-4,
        "smoothing": 0.99,
        "alpha": 0.2,
        "beta": 0.7,
        "gamma": 1.3,
        "delta": 0.1,
        "rho": 0.4,
        "edit_latent": "mean",
        **READINGS[reading],
        **changed,
    }


def method(reading="code", seed=0, **changed):
    return IFcVAEGAN(settings(reading, **changed), (3, SIDE, SIDE), seed, "cpu", n_labels=1)


def batch(seed=0):
    return shared.labelled_batch(M, (3, SIDE, SIDE), 1, seed, missing=0)


def trained(steps=3, reading="code", seed=0, **changed):
    model = method(reading, seed, **changed)
    for iteration in range(steps):
        model.step(*batch(iteration))
    return model


def parameters(module):
    return {name: value.detach().clone() for name, value in module.named_parameters()}


# --- what the paper's YAML says ----------------------------------------------------------------------

BEST = {  # Section 4.1's best model where text and code do not differ, and what neither says of it
    **{"image_size": 64, "crop": 178, "pixel_range": [0, 1], "missing_labels": 0},
    **{"filters": [64, 128, 256, 512], "latent": 200, "aux_units": [1000, 1000]},
    **{"iterations": 25440, "batch_size": 64, "smoothing": 0.99, "edit_latent": "sample"},
    **{"alpha": 0.2, "beta": 0, "gamma": 1, "delta": 0.1, "rho": 0.1},
}
DIFFER = {
    "paper": READINGS["paper"] | {"learning_rate": 0.001, "resize": "bilinear"},
    "code": READINGS["code"] | {"learning_rate": 0.0002, "resize": "nearest"},
}
ROWS = {  # of Table 1, and the models of Figures 2 and 3: what each changes of the best one
    "ifcvaegan-celeba": {},
    "ifcvaegan-celeba-alpha": {"alpha": 0.5},
    "ifcvaegan-celeba-classhat": {"beta": 1},
    "ifcvaegan-celeba-noaux": {"gamma": 0},
    "ifcvaegan-celeba-noaux-classhat": {"gamma": 0, "beta": 1},
    "ifcvaegan-celeba-figure2": {"alpha": 0.5, "beta": 1},
    "ifcvaegan-celeba-naive": {"alpha": 1, "gamma": 0, "iterations": 20352},  # 8 epochs
}


@pytest.mark.parametrize("reading", DIFFER)
@pytest.mark.parametrize("name", ROWS)
def test_settings_of_the_papers_models(name, reading):
    assert find_experiment(name).values(reading) == BEST | DIFFER[reading] | ROWS[name]


def test_the_demo_and_the_short_schedule_mean_the_same_under_either_reading():
    shown = READINGS["paper"] | {"kl_reduction": "mean", "edit_latent": "mean", "rho": 0.1}
    for name in ("demo-ifcvaegan", "ifcvaegan-celeba-short", "judge-celeba-short", "demo-judge"):
        paper, code = (find_experiment(name).values(reading) for reading in DIFFER)
        assert paper == code
        assert {key: paper[key] for key in shown if key in paper} == (shown if "judge" not in name else {})


# --- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_labels", [0, 2, 40])
def test_more_labels_than_one_are_refused(n_labels):
    with pytest.raises(ConfigError, match=f"n_labels = {n_labels}: IFcVAEGAN has one label"):
        IFcVAEGAN(settings(), (3, SIDE, SIDE), 0, "cpu", n_labels=n_labels)


@pytest.mark.parametrize(
    "name", ["label_features", "batch_reduction", "kl_reduction", "generator_loss", "edit_latent"]
)
def test_a_choice_has_two_words_and_no_more(name):
    legal, _ = IFcVAEGAN.SETTINGS[name]
    readings = {READINGS[reading].get(name) for reading in READINGS} - {None}
    assert len(legal) == 2
    assert readings <= set(legal)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 28: networks with 2 layers of filters need 16"):
        IFcVAEGAN(settings(), (1, 28, 28), 0, "cpu", n_labels=1)


# --- the losses and their gradients, by hand ---------------------------------------------------------


def cross_entropy(probability, target):
    return -(target * torch.log(probability) + (1 - target) * torch.log(1 - probability))


def sigmoid(logits):
    return 1 / (1 + torch.exp(-logits))


def exact(monkeypatch, reading="code", **changed):
    """A method in float64 with known draws: z of the prior, then those of q(z | x), in this order."""
    model = method(reading, **changed)
    model.networks.double()
    model.draws = torch.randn(3, M, LATENT, dtype=torch.float64)
    rest = iter(model.draws)
    monkeypatch.setattr(model, "prior", lambda count: next(rest))
    return model


def encoded(model, x):
    """Mean, log variance and label of the encoder's heads, whose label may see features without a graph."""
    enc = model.networks["encoder"]
    features = enc.features(x)
    of_label = features.detach() if model.settings["label_features"] == "detached" else features
    return enc.mean(features), enc.log_variance(features), sigmoid(enc.label(of_label))


def by_hand(model, x, y):
    """All losses from explicit sums over images, channels and positions; each with a graph."""
    s, (z, first, second) = model.settings, model.draws
    dec, c, a = (model.networks[name] for name in ("decoder", "discriminator", "auxiliary"))
    mean, log_variance, y_hat = encoded(model, x)
    sigma = torch.exp(log_variance) ** 0.5
    x_hat = sigmoid(dec(y_hat, mean + sigma * first))
    y_tilde = sigmoid(a(mean + sigma * (first if s["aux_latent"] == "decoded" else second)))
    y_hat_hat = encoded(model, x_hat)[2]
    target = y_hat.detach() if s["class_hat_target"] == "predicted" else y
    real, fake, fake_of_z = (sigmoid(c(images)) for images in (x, x_hat, sigmoid(dec(y, z))))
    share = 1 if s["batch_reduction"] == "sum" else 1 / M
    gan = -(torch.log(real) + torch.log(1 - fake) + torch.log(1 - fake_of_z)).sum() * s["gan_weight"] * share
    if s["generator_loss"] == "non_saturating":
        generator = -(torch.log(fake) + torch.log(fake_of_z)).sum() / 2 * share
    else:
        generator = (torch.log(1 - fake) + torch.log(1 - fake_of_z)).sum() * s["gan_weight"] * share
    kl = sum(
        (m**2 + v - 1 - torch.log(v)) / 2 for m, v in zip(mean.flatten(), (sigma**2).flatten(), strict=True)
    )
    return {
        "rec": cross_entropy(x_hat, x).sum() / SIDE**2 * share,
        "kl": (kl if s["kl_reduction"] == "sum" else kl / LATENT) * share,
        "class": cross_entropy(y_hat, y).sum() / M,
        "class_hat": cross_entropy(y_hat_hat, target).sum() / M,
        "aux": cross_entropy(y_tilde, y).sum() / M,
        "generator": generator,
        "gan": gan,
    }


def one_by_one():
    """Each reading, and the paper's with each of its differences taken from the code alone."""
    yield from READINGS.items()
    for name, value in READINGS["code"].items():
        yield name, READINGS["paper"] | {name: value}


CASES = dict(one_by_one())


@pytest.mark.parametrize("case", CASES)
def test_losses_and_gradients_of_algorithm_1(case, monkeypatch):
    model = exact(monkeypatch, **CASES[case])
    seen = {}
    monkeypatch.setattr(model, "_update", lambda name, gradients: seen.setdefault(name, gradients))
    x, y = (tensor.double() for tensor in batch())
    losses = model.step(x, y)
    expected = by_hand(model, x, y)
    assert losses.keys() == expected.keys()
    for name, value in losses.items():
        assert value.shape == ()
        assert not value.requires_grad
        torch.testing.assert_close(value, expected[name].detach(), rtol=1e-9, atol=1e-11, msg=name)

    loss_dec = expected["rec"] + 0.7 * expected["class_hat"] + 0.1 * expected["generator"]  # (9)
    loss_enc = loss_dec + 0.2 * expected["kl"] + 0.4 * expected["class"]  # (10)
    losses_of = {
        "decoder": loss_dec,  # line 10
        "encoder": loss_enc - 1.3 * expected["aux"],  # line 11, (12)
        "discriminator": expected["gan"],
        "auxiliary": expected["aux"],
    }
    found = dict(zip(("decoder", "encoder"), _split(model, seen["autoencoder"]), strict=True)) | seen
    for network, loss in losses_of.items():
        of = list(model.networks[network].parameters())
        gradients = torch.autograd.grad(loss, of, retain_graph=True)
        for a, b in zip(found[network], gradients, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-11, msg=network)


def _split(model, gradients):
    """Those of theta and of phi."""
    count = len(list(model.networks["decoder"].parameters()))
    return gradients[:count], gradients[count:]


def test_the_adversarial_loss_of_the_paper_is_minus_l_gan_up_to_its_real_term(monkeypatch):
    """The same gradient for theta and phi as -L_gan of (4) has."""
    model = exact(monkeypatch, "paper")
    x, y = (tensor.double() for tensor in batch())
    losses, theta_phi = model._losses(x, y), [*model.Dec.parameters(), *model.Enc.parameters()]
    found = torch.autograd.grad(losses["generator"], theta_phi, retain_graph=True, allow_unused=True)
    expected = torch.autograd.grad(-losses["gan"], theta_phi, allow_unused=True)
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b)


# What the label's losses teach under each value of `label_features`: the released code's sixth finding.
@pytest.mark.parametrize(
    ("label_features", "taught"),
    [("shared", {"encoder.features", "encoder.label", "decoder", "of z"}), ("detached", {"encoder.label"})],
)
def test_what_the_reconstructions_label_teaches(label_features, taught, monkeypatch):
    model = exact(monkeypatch, label_features=label_features)
    loss = model._losses(*(tensor.double() for tensor in batch()))["class_hat"]
    named = dict(model.networks.named_parameters())
    gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    reached = {
        name
        for name, gradient in zip(named, gradients, strict=True)
        if gradient is not None and gradient.any()
    }
    kinds = {
        "encoder.features": "encoder.features",
        "encoder.label": "encoder.label",
        "encoder.mean": "of z",
        "encoder.log_variance": "of z",
    }
    assert {kinds.get(".".join(name.split(".")[:2]), name.split(".")[0]) for name in reached} == taught


# --- updates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    ("optimizer", "networks"),
    [
        ("autoencoder", {"encoder", "decoder"}),
        ("discriminator", {"discriminator"}),
        ("auxiliary", {"auxiliary"}),
    ],
)
def test_each_optimizer_moves_its_own_networks_alone(optimizer, networks, reading, monkeypatch):
    model = method(reading)
    shared.leave_one_optimizer(model, optimizer, monkeypatch)
    moved = shared.moved_by_a_step(model, *batch())
    learned = parameters(model.networks).keys()  # the batch norms' statistics move in any case
    assert moved & learned == shared.names_of(model, networks) & learned


def test_all_gradients_come_before_all_updates(monkeypatch):
    """Lines 10 to 13 before line 15: with updates that change nothing, the same gradients."""
    seen = []
    for rest in (False, True):
        model = method()
        update = model._update

        def record(name, gradients, update=update, rest=rest):
            seen.append([gradient.clone() for gradient in gradients])
            if not rest:
                update(name, gradients)

        monkeypatch.setattr(model, "_update", record)
        model.step(*batch())
    for a, b in zip(itertools.chain(*seen[:3]), itertools.chain(*seen[3:]), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("reading", READINGS)
def test_rmsprop_by_hand(reading):
    """Two steps: v = s v + (1 - s) g^2, b = m b + g / (sqrt(v) + 1e-8), w = w - rate b."""
    model = method(reading, learning_rate=0.01, smoothing=0.9)
    model.networks.double()
    s, m = READINGS[reading]["discriminator_smoothing"], READINGS[reading]["discriminator_momentum"]
    for name, smoothing, momentum in (
        ("autoencoder", 0.9, 0),
        ("discriminator", s, m),
        ("auxiliary", 0.9, 0),
    ):
        weights = model.optimizers[name].param_groups[0]["params"]
        w = [weight.detach().clone() for weight in weights]
        v, b = ([torch.zeros_like(weight) for weight in w] for _ in range(2))
        for _ in range(2):
            gradients = [torch.randn_like(weight) for weight in w]
            model._update(name, gradients)
            for i, g in enumerate(gradients):
                v[i] = smoothing * v[i] + (1 - smoothing) * g**2
                b[i] = momentum * b[i] + g / (v[i] ** 0.5 + 1e-8)
                w[i] = w[i] - 0.01 * b[i]
        for a, expected in zip(weights, w, strict=True):
            torch.testing.assert_close(a.detach(), expected, rtol=1e-10, atol=1e-12)


def test_the_batch_norms_see_the_images_of_the_prior_twice():
    model = method()
    norm, seen = model.Dec.layers[0][1], []
    norm.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].detach()))
    model.step(*batch())
    assert len(seen) == 3
    assert not torch.equal(seen[0], seen[1])
    assert torch.equal(seen[1], seen[2])
    mean = torch.zeros(3)
    for maps in seen:
        mean = 0.9 * mean + 0.1 * maps.mean((0, 2, 3))
    torch.testing.assert_close(norm.running_mean, mean)


def test_without_l_aux_the_encoder_does_not_see_the_auxiliary_network_which_still_learns():
    """Table 1's rows without L_aux: gamma = 0."""
    models = [method(gamma=0) for _ in range(2)]
    torch.nn.init.ones_(models[1].A[0][0].weight)
    before = parameters(models[0].A)
    for model in models:
        model.step(*batch())
    for name, value in parameters(models[0].Enc).items():
        assert torch.equal(value, parameters(models[1].Enc)[name])
    assert not any(torch.equal(value, before[name]) for name, value in parameters(models[0].A).items())


def test_a_step_draws_z_and_one_or_two_latents(monkeypatch):
    for aux_latent, draws in (("decoded", 2), ("redrawn", 3)):
        model, drawn = method(aux_latent=aux_latent), []
        prior = model.prior
        monkeypatch.setattr(model, "prior", lambda n, d=drawn, p=prior: (d.append(p(n)), d[-1])[1])
        model.step(*batch())
        assert len({tuple(z.flatten().tolist()) for z in drawn}) == draws == len(drawn)


def test_images_per_step_are_one_batch_and_iterations_are_the_settings():
    assert (method(batch_size=8).images_per_step, method(iterations=7).iterations) == (8, 7)


def test_a_missing_label_shows_in_the_losses():
    x, y = batch()
    y[0] = math.nan
    losses = method().step(x, y)
    assert all(torch.isnan(losses[name]) for name in ("class", "class_hat", "aux", "generator", "gan"))


@pytest.mark.parametrize(("side", "filters"), [(8, [4]), (32, [2, 3, 4]), (64, [2, 2, 3, 3])])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_sizes_learn_and_edit(side, filters, channels):
    model = IFcVAEGAN(settings(filters=filters), (channels, side, side), 0, "cpu", n_labels=1)
    x, y = torch.rand(M, channels, side, side), torch.ones(M, 1)
    assert all(torch.isfinite(loss) for loss in model.step(x, y).values())
    assert model.edit(x, y, 0, False).shape == x.shape


# --- after training (Section 3.3) --------------------------------------------------------------------


@pytest.mark.parametrize("value", [False, True])
def test_an_edit_decodes_z_with_the_label_that_is_asked_for(value):
    model, (x, y) = trained(), batch()
    edited = model.edit(x, y, 0, value)
    assert not edited.requires_grad
    assert edited.shape == x.shape
    assert 0 <= edited.min() < edited.max() <= 1
    with torch.no_grad():  # the edit has put the batch norms to rest
        z = model.Enc.mean(model.Enc.features(x))
        expected = sigmoid(model.Dec(torch.full((M, 1), float(value)), z))
    torch.testing.assert_close(edited, expected)


def test_a_reconstruction_decodes_the_label_that_is_predicted():
    model, (x, _) = trained(), batch()
    found, y_hat = model.reconstruct(x), model.classify(x)
    assert y_hat.shape == (M, 1)
    assert 0 < sigmoid(y_hat).min() < sigmoid(y_hat).max() < 1
    with torch.no_grad():
        features = model.Enc.features(x)
        logit = features @ model.Enc.label.weight.T + model.Enc.label.bias
        expected = sigmoid(model.Dec(sigmoid(logit), model.Enc.mean(features)))
    torch.testing.assert_close(y_hat, logit)
    torch.testing.assert_close(found, expected)


def test_an_edit_of_a_draw_takes_the_noise_of_each_image():
    """The same for its reconstruction and for both edits: z = mean + sigma * noise."""
    model, (x, y) = trained(edit_latent="sample"), batch()
    noise = model.edit_noise(np.arange(40, 40 + M))
    assert noise.shape == (M, LATENT)
    assert noise.dtype == x.dtype
    with torch.no_grad():
        model.networks.eval()
        mean, log_variance, y_hat = model.Enc(x)
        z = mean + torch.exp(log_variance) ** 0.5 * noise
        decoded = {
            "edited_0": sigmoid(model.Dec(torch.zeros(M, 1), z)),
            "edited_1": sigmoid(model.Dec(torch.ones(M, 1), z)),
            "reconstruction": sigmoid(model.Dec(sigmoid(y_hat), z)),
        }
    for value in (False, True):
        edited = model.edit(x, y, 0, value, noise)
        torch.testing.assert_close(edited, decoded[f"edited_{int(value)}"])
        assert not torch.equal(edited, model.edit(x, y, 0, value))
    torch.testing.assert_close(model.reconstruct(x, y, noise), decoded["reconstruction"])


def test_an_images_noise_is_of_its_index_and_the_seed_and_of_nothing_else():
    model, same = method(edit_latent="sample"), method(edit_latent="sample")
    same.step(*batch())
    same.sample(3)  # draws of training and of samples do not change it
    together = model.edit_noise(np.array([7, 2, 9, 2]))
    assert torch.equal(together, torch.cat([same.edit_noise(np.array([i])) for i in (7, 2, 9, 2)]))
    assert len({tuple(row) for row in together.tolist()}) == 3
    other = method(seed=1, edit_latent="sample").edit_noise(np.array([7, 2]))
    assert not (other == together[:2]).any()


def test_the_noise_of_many_images_is_normal_and_independent():
    noise = method(seed=3, edit_latent="sample").edit_noise(np.arange(4000)).double()
    count = noise.numel()
    assert noise.mean().item() == pytest.approx(0, abs=4 / count**0.5)
    assert noise.square().mean().item() == pytest.approx(1, abs=4 * (2 / count) ** 0.5)
    beside = (noise[1:] * noise[:-1]).mean().item()  # an image's and the next one's
    assert beside == pytest.approx(0, abs=4 / count**0.5)


def test_a_mean_has_no_noise():
    assert method(edit_latent="mean").edit_noise(np.array([3])) is None


@pytest.mark.parametrize("edit_latent", ["sample", "mean"])
def test_no_image_depends_on_those_beside_it(edit_latent):
    model, (x, y) = trained(edit_latent=edit_latent), batch()
    places = np.array([8, 3, 5, 21, 20, 0])

    def edits(at):
        noise = model.edit_noise(places[at])
        return model.edit(x[at], y[at], 0, True, noise), model.reconstruct(x[at], y[at], noise)

    whole = [*edits(np.arange(M)), model.classify(x)]
    alone = [(*edits(np.array([i])), model.classify(x[[i]])) for i in range(M)]
    for found, ones in zip(whole, zip(*alone, strict=True), strict=True):
        torch.testing.assert_close(found, torch.cat(ones))


def test_nothing_after_training_changes_what_was_learned():
    model, (x, y) = trained(), batch()
    before = {name: tensor.clone() for name, tensor in model.state().items()}
    model.edit(x, y, 0, True)
    model.reconstruct(x)
    model.classify(x)
    after = model.state()
    assert all(torch.equal(before[name], after[name]) for name in before)
    model.networks.train()
    model.sample(3)  # draws, and moves nothing else
    after = model.state() | {"random": before["random"]}
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_samples_are_pairs_of_one_z_with_either_label():
    model, seen = trained(), []
    model.Dec.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs))
    images = model.sample(5)
    y, z = seen[0]
    assert images.shape == (5, 3, SIDE, SIDE)
    assert 0 <= images.min() < images.max() <= 1
    assert y.flatten().tolist() == [0, 1, 0, 1, 0]
    assert torch.equal(z[0], z[1])
    assert torch.equal(z[2], z[3])
    assert len({tuple(row) for row in z.tolist()}) == 3


# --- state -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", READINGS)
def test_state_goes_on_to_the_same_bits(reading):
    straight, resumed = method(reading, seed=3), method(reading, seed=4)
    batches = [batch(iteration) for iteration in range(6)]
    shared.assert_goes_on_to_the_same_bits(straight, resumed, batches, stop=3)


def test_a_loaded_model_edits_the_same():
    model, loaded = trained(), method(seed=9)
    shared.assert_loaded_edits_the_same(model, loaded, *batch(), domain=0)
    assert {name.split(".")[0] for name in model.model()} == {"encoder", "decoder"}


def test_bytes_of_the_model_are_known():
    model = method()
    assert IFcVAEGAN.model_bytes(model.settings, 3, n_labels=1) == shared.held_bytes(model)


def test_a_seed_is_the_whole_of_chance():
    states = [trained(seed=seed).state() for seed in (5, 5, 6)]
    shared.assert_a_seed_decides(*states, "encoder.mean.weight")

"""The variational autoencoder: bound and reconstruction probability against closed forms in float64."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from encore.methods.vae import VAE, log_likelihood
from encore.papers.find import find_experiment
from encore.strict import ConfigError

SPEC = importlib.util.spec_from_file_location("shared", Path(__file__).with_name("shared.py"))
shared = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(shared)

SIDE = 8


def method(seed=0, **changed):
    settings = find_experiment("demo-vae").values("code") | changed
    return VAE(settings, (1, SIDE, SIDE), seed, "cpu")


def batch(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(model.images_per_step, 1, SIDE, SIDE, generator=generator)


def trained(steps=3, **changed):
    model = method(**changed)
    for iteration in range(steps):
        model.step(batch(model, iteration))
    return model


def test_likelihood_is_that_of_independent_pixels():
    x = torch.randint(2, (3, 1, 4, 4)).double()
    logits = torch.randn(3, 1, 4, 4, dtype=torch.float64)
    expected = Bernoulli(logits=logits).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(log_likelihood(x, logits), expected)


def test_step_goes_up_the_evidence_lower_bound(monkeypatch):
    model = method()
    model.networks.double()
    noise = torch.randn(32, 16, dtype=torch.float64)
    monkeypatch.setattr(torch, "randn", lambda *shape, **how: noise)
    monkeypatch.setattr(model.optimizers["adam"], "step", lambda: None)
    x = batch(model).double()
    losses = model.step(x)
    found = [parameter.grad.clone() for parameter in model.networks.parameters()]

    encoded = model.encoder(x)
    q = Normal(encoded[:, :16], (encoded[:, 16:] / 2).exp())
    logits = model.decoder(q.mean + q.stddev * noise)
    reconstruction = -(x * logits.sigmoid().log() + (1 - x) * (1 - logits.sigmoid()).log()).sum() / 32
    to_prior = kl_divergence(q, Normal(0.0, 1.0)).sum() / 32
    torch.testing.assert_close(losses["reconstruction"], reconstruction.detach())
    torch.testing.assert_close(losses["divergence"], to_prior.detach())
    model.networks.zero_grad()
    (reconstruction + to_prior).backward()
    for gradient, parameter in zip(found, model.networks.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-8, atol=1e-11)


def test_a_step_moves_encoder_and_decoder():
    model = method()
    learned = dict(model.networks.named_parameters()).keys()
    assert learned <= shared.moved_by_a_step(model, batch(model))


class OneLatent(VAE):
    """One latent, of mean 0.3 and deviation 0.5 for every image, and a decoder that gives multiples of it."""

    def __init__(self, draws):
        settings = find_experiment("demo-vae").values("code") | {"latent": 1, "monte_carlo": draws}
        super().__init__(settings, (1, SIDE, SIDE), 0, "cpu")
        self.noise = self.noise.double()
        self.slopes = torch.linspace(-2, 2, 64, dtype=torch.float64)
        self.decoder = lambda z: (z * self.slopes).view(-1, 1, 8, 8)

    def encode(self, images):
        of_all = torch.ones(len(images), 1, dtype=torch.float64)
        return 0.3 * of_all, 2 * math.log(0.5) * of_all


def test_reconstruction_probability_is_the_expectation_under_the_encoders_gaussian():
    """Against Gauss-Hermite quadrature over the one latent."""
    model, x = OneLatent(100_000), torch.rand(2, 1, 8, 8, dtype=torch.float64)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    expected = 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        logits = ((0.3 + 0.5 * node) * model.slopes).view(1, 1, 8, 8).expand(2, -1, -1, -1)
        expected = expected - weight * log_likelihood(x, logits)
    # The score's sd over draws is near 10 at most, so that 100,000 draws leave 0.03.
    torch.testing.assert_close(model.score(x)["score"], expected, rtol=0, atol=0.15)


def test_one_draw_is_one_term_of_the_mean():
    few, x = OneLatent(3), torch.rand(2, 1, 8, 8, dtype=torch.float64)
    terms = [-log_likelihood(x, few.decoder(0.3 + 0.5 * eps.expand(2, 1))) for eps in few.noise]
    torch.testing.assert_close(few.score(x)["score"], sum(terms) / 3)


def test_no_image_depends_on_those_beside_it_and_a_seed_scores_alike():
    model, x = trained(), batch(method())[:12]
    together = model.score(x)["score"]
    torch.testing.assert_close(together, torch.cat([model.score(one)["score"] for one in x.split(1)]))
    assert torch.equal(together, model.score(x)["score"])
    model.sample(5)
    model.step(batch(model))
    assert torch.equal(method(seed=0).noise, model.noise)
    assert not torch.equal(method(seed=1).noise, model.noise)


def test_images_are_probabilities():
    model = trained()
    for images in (model.sample(6), model.reconstruct(batch(model)[:6])):
        assert images.shape == (6, 1, SIDE, SIDE)
        assert 0 <= images.min() < images.max() <= 1


def test_networks_are_those_of_the_methods_beside_it():
    other = find_experiment("efficientgan-mnist").values("code")
    own = find_experiment("vae-mnist").values("code")
    shared = ("image_size", "latent", "encoder_filters", "generator_units", "generator_filters", "batch_size")
    assert all(own[name] == other[name] for name in shared)
    full = VAE(own, (1, 28, 28), 0, "cpu")
    assert [sum(p.numel() for p in part.parameters()) for part in full.networks.values()] == [
        1_347_464 + 200 * (6272 + 1),  # the log variance beside the mean
        6_774_145,
    ]
    assert isinstance(full.decoder[3][1], nn.Identity)


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3), method(seed=4)
    batches = [(batch(straight, iteration),) for iteration in range(6)]
    shared.assert_goes_on_to_the_same_bits(straight, resumed, batches, stop=3)


def test_a_loaded_model_scores_the_same():
    model, loaded, x = trained(), method(), batch(method())[:10]
    loaded.load_model({name: tensor.clone() for name, tensor in model.model().items()})
    assert torch.equal(loaded.score(x)["score"], model.score(x)["score"])


def test_bytes_of_the_model_are_known():
    model = method()
    assert VAE.model_bytes(model.settings, 1) == shared.held_bytes(model)


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 10"):
        VAE(find_experiment("demo-vae").values("code"), (1, 10, 10), 0, "cpu")

"""What the tests of several methods share: batches with labels, settings, and what every method keeps to."""

import torch

NAN = float("nan")

# Of the variational autoencoders on the same residual networks, for 8 x 8 pixels.
VAE_SETTINGS = {
    "image_size": 8,
    "latent": 5,
    "filters": [3, 4],
    "pixel_deviation": 0.1,
    "iterations": 6,
    "batch_size": 6,
    "learning_rate": 1e-3,
    "betas": [0.9, 0.999],
}


def labelled_batch(count, shape, n_labels, seed=0, missing=0.3, dtype=torch.float32):
    """Images (count, *shape) in [0, 1] and labels (count, n_labels), of which the share `missing` is NaN."""
    random = torch.Generator().manual_seed(seed)
    x = torch.rand(count, *shape, generator=random, dtype=dtype)
    y = torch.randint(2, (count, n_labels), generator=random).to(dtype)
    return x, y.masked_fill(torch.rand(count, n_labels, generator=random) < missing, NAN)


def copies(tensors):
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


# --- steps -------------------------------------------------------------------------------------------


def moved_by_a_step(model, *batch):
    """Names of the parameters, and of the batch norms' statistics, that a step on the batch changes."""
    before = copies(model.networks.state_dict())
    model.step(*batch)
    after = model.networks.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


def names_of(model, networks):
    """Names of all parameters and statistics of some of a model's networks."""
    return {name for name in model.networks.state_dict() if name.split(".")[0] in networks}


def leave_one_optimizer(model, optimizer, monkeypatch):
    """All optimizers but the one named move nothing from now on."""
    for name, other in model.optimizers.items():
        if name != optimizer:
            monkeypatch.setattr(other, "step", lambda: None)


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


def assert_gradients(found, loss, parameters, atol):
    """`found` are the gradients of a loss in float64 by the parameters; the loss keeps its graph."""
    expected = torch.autograd.grad(loss, list(parameters), retain_graph=True)
    for gradient, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-8, atol=atol)


def assert_losses(losses, names):
    """Finite single numbers without history, of these names in this order."""
    assert list(losses) == names
    for name, value in losses.items():
        assert value.shape == (), name
        assert not value.requires_grad, name
        assert value.isfinite(), name


# --- edits -------------------------------------------------------------------------------------------


def assert_images_like(images, x, low):
    """Of the shape of x, in [low, 1], without gradients."""
    assert images.shape == x.shape
    assert low <= images.min() <= images.max() <= 1
    assert not images.requires_grad


def assert_edits_each_image_alone(model, x, y):
    alone = [model.edit(*one, 0, True) for one in zip(x.split(1), y.split(1), strict=True)]
    torch.testing.assert_close(model.edit(x, y, 0, True), torch.cat(alone))


# --- state -------------------------------------------------------------------------------------------


def assert_same(a, b):
    """Two flat dicts hold the same bits."""
    assert a.keys() == b.keys()
    for name, tensor in a.items():
        assert torch.equal(tensor, b[name]), name


def assert_goes_on_to_the_same_bits(straight, resumed, batches, stop):
    """`resumed`, given the state of `straight` after `stop` of the batches, does the same with the rest."""
    for batch in batches[:stop]:
        straight.step(*batch)
    resumed.load_state(copies(straight.state()))
    for batch in batches[stop:]:
        assert_same(straight.step(*batch), resumed.step(*batch))
    assert_same(straight.state(), resumed.state())


def assert_a_seed_decides(one, again, other, name):
    """Flat dicts of two methods with the same seed are the same; with another, tensor `name` is different."""
    assert_same(one, again)
    assert not torch.equal(one[name], other[name])


def assert_loaded_edits_the_same(model, loaded, x, y, domain):
    """Another method, given what `model` needs for editing, edits as it does."""
    loaded.load_model(copies(model.model()))
    for value in (False, True):
        assert torch.equal(loaded.edit(x, y, domain, value), model.edit(x, y, domain, value))


def held_bytes(model):
    """Size of what `model` gives, bytes, as it is."""
    return sum(tensor.numel() * tensor.element_size() for tensor in model.model().values())

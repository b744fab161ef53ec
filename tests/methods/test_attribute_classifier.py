"""The classifier of attributes: its layers, its loss by hand in float64, what it learns, its state."""

import math

import pytest
import torch

from encore.methods.attribute_classifier import AttributeClassifier
from encore.networks.labels import classification_loss
from encore.strict import ConfigError

SIDE, LABELS, BATCH = 8, 3, 6
NAN = float("nan")
SETTINGS = {
    "image_size": SIDE,
    "filters": [5],
    "iterations": 10,
    "batch_size": BATCH,
    "learning_rate": 0.01,
    "betas": [0.9, 0.999],
}


def method(seed=0, shape=(1, SIDE, SIDE), n_labels=LABELS, **changed):
    return AttributeClassifier(SETTINGS | changed, shape, seed, "cpu", n_labels=n_labels)


def batch(seed=0, count=BATCH, channels=1, missing=0.3):
    random = torch.Generator().manual_seed(seed)
    x = torch.rand(count, channels, SIDE, SIDE, generator=random)
    y = torch.randint(2, (count, LABELS), generator=random).float()
    return x, y.masked_fill(torch.rand(count, LABELS, generator=random) < missing, NAN)


# --- layers ------------------------------------------------------------------------------------------


def test_layers_are_those_of_the_released_code():
    """Facts of the released discriminator for 64 x 64 pixels, with one output for each of 40 attributes."""
    model = method(shape=(3, 64, 64), n_labels=40, filters=[64, 128, 256, 512])
    shapes = [tuple(parameter.shape) for parameter in model.classifier.parameters()]
    weights, biases = shapes[::2], shapes[1::2]
    convolutions = [(64, 3, 5, 5), (128, 64, 5, 5), (256, 128, 5, 5), (512, 256, 5, 5)]
    assert weights == [*convolutions, (40, 512 * 4 * 4)]
    assert biases == [(64,), (128,), (256,), (512,), (40,)]
    layers = [type(layer).__name__ for layer in model.classifier.modules() if not list(layer.children())]
    assert layers == ["Conv2d", "ReLU"] * 4 + ["Flatten", "Linear"]
    assert model.classify(torch.rand(2, 3, 64, 64)).shape == (2, 40)


@pytest.mark.parametrize("channels", [1, 3])
def test_logits_are_a_convolution_relu_and_a_linear_layer(channels):
    model = method(shape=(channels, SIDE, SIDE))
    x, _ = batch(channels=channels)
    kernel, bias, matrix, offset = (p.detach().double() for p in model.classifier.parameters())
    padded = torch.zeros(BATCH, channels, SIDE + 4, SIDE + 4, dtype=torch.float64)
    padded[:, :, 2:-2, 2:-2] = x
    hidden = torch.zeros(BATCH, 5, 4, 4, dtype=torch.float64)
    for row in range(4):
        for column in range(4):
            patch = padded[:, None, :, 2 * row : 2 * row + 5, 2 * column : 2 * column + 5]
            hidden[:, :, row, column] = ((patch * kernel).sum((2, 3, 4)) + bias).clamp(min=0)
    logits = model.classify(x)
    torch.testing.assert_close(logits.double(), hidden.flatten(1) @ matrix.T + offset, rtol=1e-5, atol=1e-6)
    assert not logits.requires_grad


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="image_size = 16: networks with 1 layers of filters need 8"):
        method(shape=(1, 16, 16))


# --- loss --------------------------------------------------------------------------------------------


def by_hand(logits, y):
    """The loss, and its gradient by the logits, as plain sums over known labels."""
    known = [(i, j) for i, row in enumerate(y) for j, label in enumerate(row) if not math.isnan(label)]
    gradient = [[0.0] * len(row) for row in y]
    total = 0.0
    for i, j in known:
        p = 1 / (1 + math.exp(-logits[i][j]))
        total -= math.log(p) if y[i][j] == 1 else math.log(1 - p)
        gradient[i][j] = (p - y[i][j]) / len(known)
    return total / len(known), gradient


def test_loss_and_gradient_are_a_mean_over_known_labels():
    logits = [[2.0, -1.0, 0.5], [0.0, 3.0, -2.0], [-0.3, 0.7, 1.1]]
    y = [[1.0, 0.0, NAN], [NAN, 0.0, 1.0], [NAN, NAN, NAN]]
    expected, gradient = by_hand(logits, y)
    leaf = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    loss = classification_loss(leaf, torch.tensor(y, dtype=torch.float64))
    loss.backward()
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    torch.testing.assert_close(leaf.grad, torch.tensor(gradient, dtype=torch.float64))


def test_no_known_label_is_no_loss_and_no_gradient():
    logits = torch.randn(2, 3, requires_grad=True)
    loss = classification_loss(logits, torch.full((2, 3), NAN))
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()


# --- training ----------------------------------------------------------------------------------------


def test_a_step_follows_the_gradient_with_adam():
    """Adam's first step by hand: its size times g / (|g| + eps), for all parameters."""
    model = method()
    model.networks.double()
    x, y = (part.double() for part in batch())
    logits = model.classifier(x)
    loss, by_logits = by_hand(logits.tolist(), y.tolist())
    parameters = list(model.classifier.parameters())
    gradients = torch.autograd.grad(logits, parameters, torch.tensor(by_logits, dtype=torch.float64))
    before = [parameter.detach().clone() for parameter in parameters]
    losses = model.step(x, y)
    assert losses.keys() == {"classification"}
    assert losses["classification"].item() == pytest.approx(loss, rel=1e-12)
    assert losses["classification"].dim() == 0
    assert not losses["classification"].requires_grad
    for old, new, gradient in zip(before, parameters, gradients, strict=True):
        torch.testing.assert_close(
            new.detach(), old - SETTINGS["learning_rate"] * gradient / (gradient.abs() + 1e-8)
        )


def test_classifying_changes_nothing():
    model = method()
    before = {name: tensor.clone() for name, tensor in model.state().items()}
    model.classify(batch()[0])
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state().items())


def test_it_learns_attributes_with_a_part_of_their_labels():
    """Bright, bright at the left, bright at the top: each known for seven images in ten."""
    model, random = method(batch_size=32), torch.Generator().manual_seed(0)

    def images(count):
        y = torch.randint(2, (count, LABELS), generator=random).float()
        sign = 2 * y - 1
        x = 0.5 + 0.1 * torch.randn(count, 1, SIDE, SIDE, generator=random)
        x += 0.2 * sign[:, 0, None, None, None]
        x[..., :4] += 0.2 * sign[:, 1, None, None, None]
        x[..., :4, :] += 0.2 * sign[:, 2, None, None, None]
        return x, y

    for _ in range(150):
        x, y = images(model.images_per_step)
        model.step(x, y.masked_fill(torch.rand(y.shape, generator=random) < 0.3, NAN))
    x, y = images(200)
    assert ((model.classify(x) > 0) == y.bool()).float().mean() > 0.97


# --- state -------------------------------------------------------------------------------------------


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3), method(seed=4)
    for iteration in range(3):
        straight.step(*batch(iteration))
    resumed.load_state({name: tensor.clone() for name, tensor in straight.state().items()})
    for iteration in range(3, 6):
        losses = [model.step(*batch(iteration)) for model in (straight, resumed)]
        assert torch.equal(losses[0]["classification"], losses[1]["classification"])
    a, b = straight.state(), resumed.state()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_seed_decides_all():
    a, b, other = (method(seed=seed).model() for seed in (5, 5, 6))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not any(torch.equal(a[name], other[name]) for name in a)


def test_a_loaded_model_classifies_the_same():
    model, loaded, (x, y) = method(), method(seed=9), batch()
    model.step(x, y)
    loaded.load_model({name: tensor.clone() for name, tensor in model.model().items()})
    assert torch.equal(loaded.classify(x), model.classify(x))


@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_of_the_model_are_known(channels):
    model = method(shape=(channels, SIDE, SIDE))
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.model().values())
    assert AttributeClassifier.model_bytes(model.settings, channels, n_labels=LABELS) == held

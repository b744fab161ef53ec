"""Inception-v3 as a classifier of attributes: torchvision's layers and preprocessing, what learns, its state.

Most tests use the smallest images that the network takes, and its random weights.
"""

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import Inception3, Inception_V3_Weights
from torchvision.transforms.functional import InterpolationMode, resize

from encore.methods.inception_classifier import InceptionClassifier, prepare
from encore.networks.labels import classification_loss
from encore.strict import ConfigError

LABELS, BATCH = 3, 3
NAN = float("nan")
SETTINGS = {
    "image_size": 16,
    "pretrained": "none",
    "network_side": 75,
    "dropout": 0.5,
    "iterations": 10,
    "batch_size": BATCH,
    "learning_rate": 0.001,
    "betas": [0.9, 0.999],
    "pixel_range": [0, 1],
}


def method(seed=0, weights=(), channels=3, **changed):
    return InceptionClassifier(SETTINGS | changed, (channels, 16, 16), seed, "cpu", weights, n_labels=LABELS)


def batch(seed=0, channels=3):
    random = torch.Generator().manual_seed(seed)
    x = torch.rand(BATCH, channels, 16, 16, generator=random)
    y = torch.randint(2, (BATCH, LABELS), generator=random).float()
    y[0, seed % LABELS] = NAN
    return x, y


@pytest.fixture(scope="module")
def torchvisions():
    """torchvision's network with random weights, and statistics that keep its numbers apart."""
    torch.manual_seed(7)
    network = Inception3(num_classes=LABELS, aux_logits=False, transform_input=True, init_weights=False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.randn(2, 3, 299, 299))
    return network.eval()


# --- layers and preprocessing ------------------------------------------------------------------------


def test_parameters_are_those_published_but_for_the_classifiers():
    published = Inception_V3_Weights.IMAGENET1K_V1.meta["num_params"]
    # The auxiliary head: convolutions of 128 (1 x 1) and 768 filters (5 x 5), each with a batch norm, and
    # weights and biases of 1000 classes, which the last layer has on 2048 features.
    auxiliary = 768 * 128 + 2 * 128 + 128 * 768 * 25 + 2 * 768 + 769 * 1000
    assert sum(p.numel() for p in method().inception.parameters()) == (
        published - auxiliary - 2049 * 1000 + 2049 * LABELS
    )


def test_bytes_of_the_model_are_known():
    model = method()
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.model().values())
    assert InceptionClassifier.model_bytes(model.settings, 3, n_labels=LABELS) == held


def test_logits_are_those_of_torchvisions_transforms_and_network(torchvisions):
    """For images of the network's own size, in any range, with ImageNet's normalisation taken back."""
    x = torch.randint(256, (2, 3, 299, 299), generator=torch.Generator().manual_seed(0)).byte()
    x[1] //= 3
    transforms = Inception_V3_Weights.IMAGENET1K_V1.transforms(resize_size=299)
    model = method(network_side=299, pixel_range=[-1, 1])
    model.inception.load_state_dict(torchvisions.state_dict())
    with torch.no_grad():
        expected = torchvisions(transforms(x))
    found = model.classify(x.float() / 127.5 - 1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    with torch.no_grad():  # what other preprocessing would give is far from it
        assert (model.inception(transforms(x)) - expected).abs().max() > 1


@pytest.mark.parametrize("side", [40, 75, 100])
def test_whole_images_are_resized_as_by_torchvision(side):
    """Up, not at all and down; bilinear with antialiasing, as its transforms do."""
    x = torch.rand(2, 3, side, side)
    expected = resize(x, [75, 75], InterpolationMode.BILINEAR, antialias=True) * 2 - 1
    torch.testing.assert_close(prepare(x, [0, 1], 75), expected)


def test_black_and_white_are_minus_one_and_one_in_any_range():
    for low, high in ((0, 1), (-1, 1)):
        x = torch.tensor([low, high]).float().view(2, 1, 1, 1).expand(2, 3, 8, 8)
        assert prepare(x, [low, high], 9).flatten(1).unique(dim=1).tolist() == [[-1], [1]]


def test_a_grey_image_is_given_to_all_channels():
    grey, coloured = method(channels=1), method()
    x, _ = batch(channels=1)
    assert torch.equal(grey.classify(x), coloured.classify(x.repeat(1, 3, 1, 1)))


# --- pretrained weights ------------------------------------------------------------------------------


def test_pretrained_weights_fill_all_but_the_last_layer(torchvisions, tmp_path):
    path = tmp_path / "inception_v3.safetensors"
    published = torchvisions.state_dict()
    kept = {name: tensor for name, tensor in published.items() if not name.startswith("fc.")}
    save_file(kept, path)
    model = method(seed=2, weights=[str(path)], pretrained="inception_v3")
    found, random = model.inception.state_dict(), method(seed=2).inception.state_dict()
    assert found.keys() == published.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in kept.items())
    assert all(torch.equal(found[name], random[name]) for name in ("fc.weight", "fc.bias"))
    assert model.deviations == []


def test_random_weights_are_declared():
    (deviation,) = method().deviations
    assert "random weights" in deviation


def test_no_other_weights_are_legal():
    assert InceptionClassifier.SETTINGS["pretrained"][0] == ["inception_v3", "none"]


def test_a_side_that_the_layers_use_up_is_refused():
    with pytest.raises(ConfigError, match="network_side = 74: Inception-v3 needs 75 pixels or more"):
        method(network_side=74)


# --- training ----------------------------------------------------------------------------------------


def test_a_step_lowers_the_loss_of_known_labels_with_all_layers():
    model, (x, y) = method(), batch()
    random, before = model.random.get_state(), {k: v.clone() for k, v in model.inception.state_dict().items()}
    expected = classification_loss(model.inception.train()(prepare(x, [0, 1], 75)), y)
    gradients = torch.autograd.grad(expected, list(model.inception.parameters()))
    model.inception.load_state_dict(before)
    model.random.set_state(random)
    losses = model.step(x, y)
    assert losses.keys() == {"classification"}
    assert torch.equal(losses["classification"], expected.detach())
    assert not losses["classification"].requires_grad
    for (name, parameter), gradient in zip(model.inception.named_parameters(), gradients, strict=True):
        step = model.settings["learning_rate"] * gradient / (gradient.abs() + 1e-8)  # Adam's first
        torch.testing.assert_close(parameter.detach(), before[name] - step, rtol=1e-4, atol=1e-6)
        assert not torch.equal(parameter, before[name])
    after = model.inception.state_dict()
    assert all(not torch.equal(after[k], before[k]) for k in before if "running" in k)


def test_dropout_zeroes_the_last_features_while_training_alone():
    model, seen, (x, y) = method(dropout=0.25), [], batch()
    model.inception.avgpool.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    model.inception.fc.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    model.step(x, y)
    model.classify(x)
    before, after, *classified = (features.detach().flatten(1) for features in seen)
    kept = after != 0
    assert 0.2 < 1 - kept[before != 0].float().mean() < 0.3
    torch.testing.assert_close(after[kept], before[kept] / 0.75)
    assert torch.equal(*classified)


def test_it_learns_an_attribute():
    """Brightness is the first label; the others mean nothing, and are missing."""
    model = method(batch_size=16, dropout=0, learning_rate=3e-4)
    random = torch.Generator().manual_seed(0)

    def images(count):
        y = torch.randint(2, (count, LABELS), generator=random).float()
        x = 0.2 * torch.randn(count, 3, 16, 16, generator=random) + 0.3
        return x + 0.4 * y[:, 0, None, None, None], y

    losses = []
    for _ in range(12):
        x, y = images(model.images_per_step)
        y[:, 1:] = NAN
        losses.append(model.step(x, y)["classification"])
    assert losses[0] > 0.5
    assert max(losses[-4:]) < 0.2  # images are new in every step


def test_no_image_depends_on_those_beside_it_and_classifying_changes_nothing():
    model, (x, y) = method(), batch()
    model.step(x, y)
    before = {name: tensor.clone() for name, tensor in model.state().items()}
    found = model.classify(x.repeat(2, 1, 1, 1))
    assert found.shape == (2 * BATCH, LABELS)
    assert not found.requires_grad
    assert torch.equal(found[:BATCH], found[BATCH:])
    torch.testing.assert_close(found[:1], model.classify(x[:1]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state().items())


# --- state -------------------------------------------------------------------------------------------


def test_state_goes_on_to_the_same_bits():
    straight, resumed = method(seed=3), method(seed=4)
    for iteration in range(2):
        straight.step(*batch(iteration))
    resumed.load_state({name: tensor.clone() for name, tensor in straight.state().items()})
    for iteration in range(2, 4):
        losses = []
        for model in (straight, resumed):
            losses.append(model.step(*batch(iteration))["classification"])
            torch.rand(3)  # PyTorch's own generator decides nothing
        assert torch.equal(*losses)
    a, b = straight.state(), resumed.state()
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_loaded_model_classifies_the_same():
    model, loaded, (x, y) = method(), method(seed=9), batch()
    model.step(x, y)
    loaded.load_model({name: tensor.clone() for name, tensor in model.model().items()})
    assert torch.equal(loaded.classify(x), model.classify(x))

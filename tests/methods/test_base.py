"""What all methods have from their base: sizes, updates, what a model and a state hold."""

import pytest
import torch
from torch import nn

from encore.methods.base import NetworkMethod, ScikitFit, flat
from encore.registry import METHODS, load_method, method_facts, names

SETTINGS = {
    "image_size": 4,
    "latent": 3,
    "iterations": 7,
    "batch_size": 5,
    "learning_rate": 0.1,
    "betas": [0.9, 0.99],
}


class Plain(NetworkMethod):
    """A convolution, which is kept, and a linear layer, which is not."""

    KEPT = ("kept",)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.optimizers = {
            "kept": self._adam(self.networks["kept"].parameters()),
            "left": self._adam(self.networks["left"].parameters()),
        }

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        kept = nn.Sequential(nn.Conv2d(shape[0], 2, 3), nn.BatchNorm2d(2))
        return nn.ModuleDict({"kept": kept, "left": nn.Linear(2, 1 + n_labels)})

    def step(self, images):
        loss = self.networks["kept"](images).square().mean() + self.prior(1).sum()
        self._descend("kept", loss)
        return {"loss": loss.detach()}


def method(seed=0, **changed):
    return Plain(SETTINGS | changed, (1, 4, 4), seed, "cpu")


def test_bytes_are_those_of_parameters_and_buffers():
    # 18 weights and 2 biases; scale, shift, mean and variance of 2 filters, and a counter of 8 bytes.
    assert Plain.model_bytes(SETTINGS, 1) == 4 * (18 + 2 + 2 * 2 + 2 * 2) + 8
    assert Plain.model_bytes(SETTINGS, 1) == sum(tensor.nbytes for tensor in method().model().values())


def test_bytes_are_known_without_the_networks():
    assert Plain.model_bytes(SETTINGS, 10**9) > 4 * 18 * 10**9


def test_iterations_and_images_are_those_of_the_settings():
    assert (method().iterations, method().images_per_step) == (7, 5)
    assert list(method().deviations) == []


def test_the_prior_is_drawn_from_the_seed_alone():
    draws = []
    for seed in (1, 1, 2):
        model = method(seed)
        torch.rand(3)  # PyTorch's own generator decides nothing
        draws.append(model.prior(4))
    assert draws[0].shape == (4, 3)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_networks_are_drawn_from_the_seed_alone():
    first, second = (method(3).networks["left"].weight for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, method(4).networks["left"].weight)


def test_an_update_moves_the_parameters_of_its_optimizer_along_the_gradients():
    """Adam's first step: its size times the gradient's sign."""
    model = method()
    before = {name: value.clone() for name, value in model.networks.state_dict().items()}
    weight, bias = model.networks["left"].parameters()
    model._update("left", [torch.full_like(weight, 2.0), torch.full_like(bias, -3.0)])
    after = model.networks.state_dict()
    torch.testing.assert_close(after["left.weight"], before["left.weight"] - 0.1)
    torch.testing.assert_close(after["left.bias"], before["left.bias"] + 0.1)
    assert all(torch.equal(after[name], before[name]) for name in before if name.startswith("kept"))


def test_a_model_holds_what_is_kept_and_a_state_all():
    model = method()
    model.step(torch.rand(5, 1, 4, 4))
    assert {name.split(".")[0] for name in model.model()} == {"kept"}
    state = model.state()
    assert {name.split(".")[0] for name in state} == {"kept", "left", "adam", "random"}
    assert {"adam.kept.0.exp_avg", "adam.kept.3.step"} <= state.keys()
    other = method(seed=9)
    other.load_state({name: tensor.clone() for name, tensor in state.items()})
    x = torch.rand(5, 1, 4, 4)
    assert torch.equal(model.step(x)["loss"], other.step(x)["loss"])
    for name, tensor in model.state().items():
        assert torch.equal(tensor, other.state()[name])


def test_a_tensor_that_is_missing_or_wrong_is_refused():
    model = method()
    tensors = model.model()
    tensors.pop("kept.0.bias")
    with pytest.raises(RuntimeError, match="bias"):
        model.load_model(tensors)
    with pytest.raises(RuntimeError, match="weight"):
        model.load_model(model.model() | {"kept.0.weight": torch.zeros(1)})


def test_pixels_are_given_to_scikit_learn_as_rows_of_float64():
    images = torch.rand(3, 2, 4, 4)
    rows = flat(images)
    assert (rows.shape, str(rows.dtype)) == ((3, 32), "float64")
    assert rows[1, 17] == images[1, 1, 0, 1].double().item()


@pytest.mark.parametrize("name", names(METHODS))
def test_what_is_read_of_a_class_is_what_it_has(name):
    """The workflow reads a method's source and never imports it."""
    facts, found = method_facts(name), load_method(name)
    fits = issubclass(found, ScikitFit)
    assert fits != issubclass(found, NetworkMethod)
    assert facts.on_gpu == (not fits or name == "real_images")  # whose images a network measures
    assert (facts.settings, facts.scores) == (found.SETTINGS, found.SCORES)
    literals = (found.DETERMINISTIC, found.ON_GPU, found.LABELLED)
    assert (facts.deterministic, facts.on_gpu, facts.labelled) == literals
    assert all(hasattr(found, offered) for offered in facts.offers)
    assert bool(facts.scores) == ("score" in facts.offers)
    assert hasattr(found, "model_bytes") != fits

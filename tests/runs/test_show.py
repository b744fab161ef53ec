"""The images that show a generator: straight lines between latents, differences of mean latents."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from encore.runs import show as module
from encore.runs.checkpoint import DivergedError
from encore.runs.show import directions, inpainted, interpolated, show


def test_interpolation_is_a_straight_line_with_both_ends():
    a, b = torch.tensor([[0.0, 1.0], [2.0, 2.0]]), torch.tensor([[4.0, 3.0], [2.0, 0.0]])
    expected = [[[0, 1], [1, 1.5], [2, 2], [3, 2.5], [4, 3]], [[2, 2], [2, 1.5], [2, 1], [2, 0.5], [2, 0]]]
    torch.testing.assert_close(interpolated(a, b, 5), torch.tensor(expected))


def test_directions_are_differences_of_means():
    """By hand: attribute 0 on images 0 and 1, attribute 1 on image 2; attribute 2 on all of them."""
    z = torch.tensor([[1.0, 0.0], [3.0, 4.0], [8.0, 1.0]], dtype=torch.float64)
    attributes = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 1]], dtype=bool)
    found = directions(z, attributes)
    assert found[:2].tolist() == [[2 - 8, 2 - 1], [8 - 2, 1 - 2]]
    assert found[2].isnan().all()


class Doubles:
    """A method whose latent is an image's first two pixels, and whose images are two pixels of a latent."""

    def __init__(self, encodes):
        self.encodes, self.random = encodes, torch.Generator().manual_seed(0)

    def load_model(self, tensors):
        pass

    def prior(self, count):
        return torch.rand(count, 2, generator=self.random)

    def decode(self, z):
        return z.repeat(1, 2).view(-1, 1, 2, 2)

    def encode(self, x):
        return x.flatten(1)[:, :2]

    def sample(self, count):
        return self.decode(self.prior(count))

    def autoencode(self, x):
        return {"copy": x, "negative": 1 - x}


def run_of(encodes=True, attributes=True):
    pixels = torch.arange(60 * 4, dtype=torch.uint8).view(60, 1, 2, 2)
    flags = np.stack([np.arange(60) % 2 == 0, np.ones(60, bool)], axis=1)
    images = SimpleNamespace(attributes=flags if attributes else None, classes=("even", "any"))
    return SimpleNamespace(
        method=Doubles(encodes),
        settings={"pixel_range": [0, 1]},
        split=SimpleNamespace(train=np.arange(40), test=np.arange(40, 60)),
        images=images,
        pixels=lambda indices: pixels[indices],
        batches=lambda shown: iter([shown.float() / 255]),
    )


def test_what_is_shown_of_a_generator_with_an_encoder(monkeypatch):
    monkeypatch.setattr(module, "load_model", lambda path: {})
    found = show(run_of(), None)
    assert {name: tuple(images.shape[:-3]) for name, images in found.items()} == {
        "sample": (64,),
        "sample.copy": (10,),
        "sample.negative": (10,),
        "original.copy": (10,),
        "original.negative": (10,),
        "masked": (10,),
        "inpainted": (10,),
        "interpolation": (4, 10),
        "arithmetic.even": (4, 3),  # all have the other attribute: there is nothing to move along
        "ends": (4, 2),
        "original": (10,),
    }
    assert all(images.dtype == torch.uint8 for images in found.values())
    assert torch.equal(found["original"], found["original.copy"])
    assert torch.equal(found["sample"][:10], found["sample.copy"])
    assert torch.equal(found["sample.negative"], 255 - found["sample"][:10])
    for step, end in ((0, 0), (-1, 1)):  # of the ends' own latents
        assert torch.equal(found["interpolation"][:, step, ..., 0, :], found["ends"][:, end, ..., 0, :])
    assert not torch.equal(found["arithmetic.even"][:, 0], found["arithmetic.even"][:, 2])


def test_a_hole_is_filled_with_what_is_made_of_the_image_with_the_hole():
    """Images of 8 pixels, a method that makes all of their mean: the hole is the middle quarter, and grey."""
    method = SimpleNamespace(
        encode=lambda x: x.mean(dim=(1, 2, 3)), decode=lambda z: z.view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    )
    run = SimpleNamespace(method=method, settings={"pixel_range": [-1, 1]})
    x = torch.ones(2, 1, 8, 8)
    masked, filled = inpainted(run, x)
    inside = torch.zeros(8, 8, dtype=torch.bool)
    inside[2:6, 2:6] = True
    for shown, expected in ((masked, 0.0), (filled, 0.75)):  # a quarter of the image is grey, which is 0
        assert (shown[..., inside] == expected).all()
        assert (shown[..., ~inside] == 1).all()
    assert (x == 1).all()


def test_without_an_encoder_the_ends_are_random_and_nothing_is_moved(monkeypatch):
    monkeypatch.setattr(module, "load_model", lambda path: {})
    found = show(run_of(encodes=False), None)
    assert "interpolation" in found
    assert not any(name == "ends" or name.startswith("arithmetic") for name in found)
    assert not any(name.startswith("arithmetic") for name in show(run_of(attributes=False), None))


def test_a_training_that_diverged_is_white_but_for_the_originals(monkeypatch):
    def diverged(path):
        raise DivergedError("it diverged")

    monkeypatch.setattr(module, "load_model", diverged)
    found = show(run_of(), None)
    for name, images in found.items():
        assert (images == 255).all() == (name not in ("original", "ends")), name


@pytest.mark.parametrize("number", [8, 20])
def test_test_images_are_spread_evenly(number):
    chosen = module._spread(np.arange(40, 60), number)
    assert len(set(chosen.tolist())) == number
    assert (chosen[0], chosen[-1]) == (40, 59)

"""Contrast and shift by hand, and the losses against PIAD's own."""

import pytest
import torch

from encore.methods import piad
from encore.networks.perceptual import load_features
from encore.runs.contrast import contrast_dependence, lower_contrast, shifted


@pytest.fixture(scope="module")
def image():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, 32, 40, generator=generator) * 2 - 1


def test_contrast_shrinks_towards_grey_and_keeps_the_mean(image):
    assert torch.equal(lower_contrast(image, 0), image)
    half = lower_contrast(image, 0.5)
    torch.testing.assert_close(half.std(), image.std() / 2)
    torch.testing.assert_close(half.mean(), image.mean())
    assert lower_contrast(image, 1).std() < 1e-6


def test_shift_moves_right_and_repeats_the_edge():
    row = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    assert shifted(row, 2).tolist() == [[1.0, 1.0, 1.0, 2.0]]


def test_losses_are_those_between_an_image_and_itself_shifted(image):
    features = load_features("random_vgg")
    found = contrast_dependence(features, image, [0.0, 0.4], shift=5)
    torch.testing.assert_close(found["amount"], torch.tensor([0.0, 0.4]))
    pair = lower_contrast(image, 0.4), lower_contrast(shifted(image, 5), 0.4)
    torch.testing.assert_close(found["perceptual"][1:], piad.perceptual_l2(features, *pair))
    torch.testing.assert_close(
        found["relative_perceptual_l1"][1:], piad.relative_perceptual_l1(features, *pair)
    )
    torch.testing.assert_close(found["l1_norm"][0], features.responses(image).abs().mean())


def test_the_relative_loss_depends_less_on_contrast_than_the_perceptual_one(image):
    """The point of PIAD's Figure 1, which holds for any network without biases that see pixels near zero."""
    found = contrast_dependence(load_features("random_vgg"), image, [0.0, 0.4], shift=5)
    names = ("perceptual", "relative_perceptual_l1")
    kept = {name: (found[name][1] / found[name][0]).item() for name in names}
    assert kept["perceptual"] < kept["relative_perceptual_l1"]

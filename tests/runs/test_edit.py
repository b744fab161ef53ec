"""The edited images that figures show: which, with which labels, at which place; white where all diverged."""

import dataclasses

import numpy as np
import pytest
import torch

from encore.datasets.read import Images
from encore.datasets.split import Split
from encore.papers.find import find_experiment
from encore.runs.checkpoint import to_bytes
from encore.runs.edit import SHOWN, SHOWN_OF_SEVERAL, edits, shown_test, white_edits
from encore.runs.pixels import to_pixels
from encore.runs.run import Run

SIDE = 4
COUNT = 60  # images of the dataset; every image has a grey of its own
TEST = np.arange(20, COUNT)


class Marking:
    """An edit writes into the image's first row the domain, the value and the labels that it was given."""

    def reconstruct(self, x, y):
        return 1 - x

    def edit(self, x, y, domain, value):
        marked = x.clone()
        marked[:, 0, 0, 0] = domain / 10
        marked[:, 0, 0, 1] = float(value)
        marked[:, 0, 0, 2] = y @ (2.0 ** torch.arange(y.shape[1])) / 10
        return marked


def opened(attributes, pixel_range=(0.0, 1.0), test=TEST):
    several = attributes.shape[1] > 1
    experiment = find_experiment("demo-dualvae" if several else "demo-ifcvaegan")
    settings = {"pixel_range": list(pixel_range), "image_size": SIDE, "crop": "none", "resize": "none"}
    pixels = np.repeat(np.arange(COUNT, dtype=np.uint8), SIDE * SIDE).reshape(COUNT, SIDE, SIDE, 1) * 4
    split = Split(np.setdiff1d(np.arange(COUNT), test), test, attributes[test, 0])
    images = Images(pixels, None, COUNT, ())
    unit = experiment.units[0]
    return Run(experiment, unit, 0, "code", settings, Marking(), split, "cpu", images, attributes)


def third():
    """Every third image has the attribute."""
    return (np.arange(COUNT) % 3 == 0).reshape(-1, 1)


def two():
    places = np.arange(COUNT)
    return np.stack([places % 2 == 0, places % 3 == 0], axis=1)


def test_of_one_domain_images_that_have_it_are_shown_from_first_to_last():
    chosen = shown_test(opened(third()))
    # 21, 24, ..., 57 are thirteen; eight of them, at 0, 12/7, 24/7, ... cut to whole numbers.
    assert chosen.tolist() == [21 + 3 * place for place in (0, 1, 3, 5, 6, 8, 10, 12)]
    assert len(chosen) == SHOWN


def test_of_several_domains_any_test_images_are_shown_from_first_to_last():
    assert shown_test(opened(two())).tolist() == [20, 39, 59]
    assert SHOWN_OF_SEVERAL == 3


def test_what_is_shown_are_indices_of_test_images():
    test = np.array([2, 5, 7, 11, 30, 33, 36, 40, 41, 45, 48, 51, 54, 57])
    assert shown_test(opened(third(), test=test)).tolist() == [30, 33, 36, 45, 48, 51, 54, 57]
    assert shown_test(opened(two(), test=test)).tolist() == [2, 36, 57]


def test_few_images_that_have_it_are_shown_once_each():
    attributes = np.zeros((COUNT, 1), bool)
    attributes[[30, 40, 50]] = True
    assert shown_test(opened(attributes)).tolist() == [30, 40, 50]


def test_where_no_image_has_it_a_sentence_says_so():
    with pytest.raises(ValueError, match="no test image of digit_attributes has the attribute closed_loop"):
        shown_test(opened(np.zeros((COUNT, 1), bool)))


def test_edits_of_one_domain():
    run = opened(third())
    chosen = shown_test(run)
    pixels = run.pixels(chosen)
    found = edits(run, chosen, pixels)
    assert list(found) == ["reconstruction", "edited_0", "edited_1"]
    images = torch.from_numpy(chosen * 4 / 255).float().reshape(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE)
    torch.testing.assert_close(found["reconstruction"], 1 - images)
    for value in (0, 1):
        edited = found[f"edited_{value}"]
        assert edited.shape == (SHOWN, 1, SIDE, SIDE)
        assert edited[:, 0, 0, :2].tolist() == [[0.0, value]] * SHOWN
        torch.testing.assert_close(edited[:, 0, 0, 2], torch.full((SHOWN,), 0.1))  # all have the attribute
        torch.testing.assert_close(edited[:, :, 1:], images[:, :, 1:])


def test_a_method_that_draws_is_given_the_indices_of_the_images():
    class Drawing(Marking):
        def edit_noise(self, indices):
            return torch.from_numpy(indices / 100).float().reshape(-1, 1, 1, 1)

        def reconstruct(self, x, y, noise):
            return torch.zeros_like(x) + noise

        def edit(self, x, y, domain, value, noise):
            return torch.zeros_like(x) + noise + float(value)

    run = dataclasses.replace(opened(third()), method=Drawing())
    chosen = shown_test(run)
    found = edits(run, chosen, run.pixels(chosen))
    for name, more in (("reconstruction", 0), ("edited_0", 0), ("edited_1", 1)):
        torch.testing.assert_close(found[name][:, 0, 1, 1], torch.from_numpy(chosen / 100).float() + more)


def test_of_several_domains_an_image_stands_in_a_row_and_a_domain_in_a_column():
    run = opened(two())
    chosen = shown_test(run)
    found = edits(run, chosen, run.pixels(chosen))
    assert list(found) == ["edited"]
    assert found["edited"].shape == (3, 2, 1, SIDE, SIDE)
    for j, index in enumerate(chosen):
        labels = (index % 2 == 0) + 2 * (index % 3 == 0)
        for i in range(2):
            shown = found["edited"][j, i, 0]
            np.testing.assert_allclose(shown[0, :3], [i / 10, 1, labels / 10], atol=1e-6)
            np.testing.assert_allclose(shown[1:], index * 4 / 255, atol=1e-6)


def test_the_method_sees_images_in_its_own_range():
    run = opened(two(), (-1.0, 1.0))
    chosen = np.array([20, 59])
    shown = edits(run, chosen, run.pixels(chosen))["edited"][:, :, 0, 1:]
    np.testing.assert_allclose(shown[0], 80 / 255 * 2 - 1, atol=1e-6)
    np.testing.assert_allclose(shown[1], 236 / 255 * 2 - 1, atol=1e-6)


@pytest.mark.parametrize("attributes", [third(), two()])
@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_a_training_that_diverged_shows_white_in_place_of_the_same_images(attributes, pixel_range):
    run = opened(attributes, pixel_range)
    chosen = shown_test(run)
    pixels = run.pixels(chosen)
    white = white_edits(run, pixels)
    made = edits(run, chosen, pixels)
    assert {name: image.shape for name, image in white.items()} == {
        name: image.shape for name, image in made.items()
    }
    stored = {name: to_pixels(image, run.settings["pixel_range"]) for name, image in white.items()}
    assert all((image == 255).all() for image in stored.values())
    assert to_bytes({"original": pixels, **stored})  # no two of them share their memory

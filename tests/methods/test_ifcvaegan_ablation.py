"""What L_aux is for: the demo's digits with and without it, three seeds (Creswell et al., Table 1)."""

import numpy as np
import pytest
import torch

from encore.datasets.divide import make_split
from encore.datasets.labels import training_labels
from encore.datasets.read import read_unchecked as read
from encore.papers.find import find_experiment
from encore.registry import load_method
from encore.runs.loop import train
from encore.runs.pixels import scale, to_pixels

UNIT = "closed_loop"


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Pixels uint8 (n, 1, 8, 8), the attribute (n, 1), and the demo's split."""
    images = read("digit_attributes", tmp_path_factory.mktemp("data"))
    unit = images.classes.index(UNIT)
    pixels = torch.from_numpy(images.pixels.transpose(0, 3, 1, 2).copy())
    return pixels, images.attributes[:, [unit]], make_split("held_out_fifth", images, unit, 0)


def trained(name, digits, seed, folder):
    """The demo's experiment `name`, trained as the rule `train` would."""
    pixels, attributes, split = digits
    experiment = find_experiment(name)
    settings = experiment.values("code")
    method = load_method(experiment.method)(settings, (1, 8, 8), seed, "cpu", n_labels=1)
    labels = torch.from_numpy(training_labels(attributes[split.train], settings["missing_labels"], 0))
    folder.mkdir()
    train(
        method,
        pixels[split.train],
        labels,
        pixel_range=settings["pixel_range"],
        device="cpu",
        seed=seed,
        folder=folder,
        key="",
        checkpoint_seconds=1000,
        label=name,
    )
    return method


def test_without_l_aux_the_attribute_stays_for_every_seed(digits, tmp_path):
    pixels, attributes, split = digits
    judge = trained("demo-judge", digits, 0, tmp_path / "judge")
    closed = scale(pixels[split.test[attributes[split.test, 0]]], [0, 1])
    opened = {}
    for name in ("demo-ifcvaegan", "demo-ifcvaegan-noaux"):
        for seed in range(3):
            method = trained(name, digits, seed, tmp_path / f"{name}-{seed}")
            edited = scale(to_pixels(method.edit(closed, None, 0, False), [0, 1]), [0, 1])
            opened[name, seed] = (judge.classify(edited) <= 0).float().mean().item()
    with_aux, without = (
        np.array([opened[name, seed] for seed in range(3)])
        for name in ("demo-ifcvaegan", "demo-ifcvaegan-noaux")
    )
    assert (with_aux > 0.95).all(), opened
    assert (with_aux - without > 0.1).all(), opened

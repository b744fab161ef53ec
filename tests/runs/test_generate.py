"""Inception Score and FID of what a run makes: a stand-in for the method and for the network."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from encore.datasets.faults import DataError
from encore.datasets.read import Images
from encore.datasets.split import Split
from encore.methods.real_images import RealImages
from encore.metrics.inception import Statistics, frechet_distance
from encore.papers.find import find_experiment
from encore.runs import generate as module
from encore.runs.checkpoint import load_model, to_bytes
from encore.runs.generate import generate, shown, statistics_in
from encore.runs.run import Run

SIDE = 8
PIXELS = np.random.default_rng(0).integers(0, 256, (20, SIDE, SIDE, 3), dtype=np.uint8)
TRAIN = np.arange(2, 18)  # all but the first two and the last two
SETTINGS = {"pixel_range": [-1.0, 1.0], "image_size": SIDE, "crop": "none", "resize": "none"}
HOW = {"images": 12, "batch": 5, "splits": 3, "order_seed": 4, "source": "a test"}


class Noise:
    """Draws noise in [-1, 1], which after `load_model` is brighter by `model["shift"]`."""

    def __init__(self, spoilt=False):
        self.random, self.spoilt, self.asked = torch.Generator().manual_seed(0), spoilt, []

    def load_model(self, tensors):
        self.shift = tensors["shift"]

    def sample(self, count):
        self.asked.append(count)
        images = torch.rand(count, 3, SIDE, SIDE, generator=self.random) * 2 - 1 + self.shift
        if self.spoilt:
            images[-1, 0, 0, 0] = math.nan
        return images


class Small(torch.nn.Module):
    """In place of the network: the brightness of three channels as features, of four corners as logits."""

    def __init__(self, tensors):
        super().__init__()
        self.scale = tensors["scale"]

    def features(self, images):
        return images.float().mean(dim=(2, 3)) * self.scale

    def logits(self, images):
        return images[:, :2, 0, :2].float().flatten(1) / 64


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "Inception", Small)
    monkeypatch.setattr(module, "FEATURES", 3)
    monkeypatch.setattr(module, "CLASSES", 4)


def opened(method, **changed):
    experiment = dataclasses.replace(find_experiment("demo-piad"), generated=HOW | changed)
    split = Split(TRAIN, np.array([0, 1]), np.zeros(2, bool))
    images = Images(PIXELS, None, len(PIXELS), ())
    return Run(experiment, "all", 0, "code", SETTINGS, method, split, "cpu", images, None)


@pytest.fixture
def files(tmp_path):
    """Paths of a model and of weights."""
    (tmp_path / "model").write_bytes(to_bytes({"shift": torch.tensor(0.25)}))
    (tmp_path / "weights").write_bytes(to_bytes({"scale": torch.tensor(1 / 255)}))
    return tmp_path / "model", tmp_path / "weights"


def written(path, found, **about):
    path.write_bytes(to_bytes(found, about))
    return path


def test_samples_are_drawn_by_the_trained_model_in_batches_until_there_are_enough(files, tmp_path):
    method = Noise()
    table, tensors, diverged = generate(opened(method), *files, None)
    assert method.asked == [5, 5, 2]
    assert diverged == ""
    assert table["what"].tolist() == ["inception_score"] * 3
    assert (table["value"] > 1).all()
    assert tensors["images"] == 12
    # Of a uniform number from -0.75 to 1.25, cut off at 1: as a share of the range 0.609.
    assert tensors["mean"].numpy() == pytest.approx([0.609] * 3, abs=0.04)
    back = load_model(written(tmp_path / "statistics", tensors))
    assert {name: torch.equal(back[name], tensors[name]) for name in tensors} == dict.fromkeys(tensors, True)


def test_statistics_and_scores_are_those_of_all_images_at_once(files):
    """What a stream in batches gives, from images that are kept."""
    run = opened(Noise())
    run.method.load_model(load_model(files[0]))
    images = torch.cat(list(shown(run)))
    assert images.dtype == torch.uint8
    assert images.shape == (12, 3, SIDE, SIDE)
    features = images.double().mean(dim=(2, 3)).numpy() / 255
    p = (images[:, :2, 0, :2].double().flatten(1) / 64).softmax(dim=1).numpy()
    parts = p[np.random.RandomState(4).permutation(12)].reshape(3, 4, 4)
    expected = np.exp((parts * np.log(parts / parts.mean(axis=1, keepdims=True))).sum(axis=2).mean(axis=1))

    table, tensors, _ = generate(opened(Noise()), *files, None)
    np.testing.assert_allclose(table["value"], expected, rtol=1e-6)
    np.testing.assert_allclose(tensors["mean"], features.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(tensors["covariance"], np.cov(features, rowvar=False), rtol=1e-3, atol=1e-9)


def test_fid_is_the_distance_from_the_reference(files, tmp_path):
    _, real, _ = generate(opened(RealImages({}, (3, SIDE, SIDE), 0, "cpu")), *files, None)
    reference = written(tmp_path / "real", real)
    table, made, _ = generate(opened(Noise(), reference="real"), *files, reference)
    assert table["what"].tolist() == ["inception_score"] * 3 + ["frechet_distance"]
    expected = frechet_distance(statistics_in(made), statistics_in(real))
    assert table["value"].iloc[-1] == expected > 0.01
    again, _, _ = generate(
        opened(RealImages({}, (3, SIDE, SIDE), 0, "cpu"), reference="real"), *files, reference
    )
    assert again["value"].iloc[-1] == pytest.approx(0, abs=1e-6)


def test_real_images_are_the_first_training_images_as_they_are():
    images = torch.cat(list(shown(opened(RealImages({}, (3, SIDE, SIDE), 0, "cpu")))))
    np.testing.assert_array_equal(images, PIXELS[2:14].transpose(0, 3, 1, 2))


def test_more_real_images_than_there_are_is_refused():
    run = opened(RealImages({}, (3, SIDE, SIDE), 0, "cpu"), images=17)
    with pytest.raises(DataError, match=r"generated\.images: expected up to 16, the training"):
        next(shown(run))


@pytest.mark.parametrize("compared", [False, True])
def test_a_training_that_diverged_has_rows_without_a_number(files, tmp_path, compared):
    _, weights = files
    model = written(tmp_path / "diverged", {}, diverged="x all/0 diverged.")
    reference = written(tmp_path / "real", {"mean": torch.zeros(3)}) if compared else None
    table, tensors, diverged = generate(opened(Noise()), model, weights, reference)
    assert diverged == "x all/0 diverged."
    assert tensors == {}
    assert len(table) == 3 + compared
    assert table["value"].isna().all()


def test_images_that_are_no_numbers_have_none_either(files):
    table, tensors, diverged = generate(opened(Noise(spoilt=True)), *files, None)
    assert diverged == "demo-piad all/0 makes images with values that are not finite."
    assert tensors == {}
    assert table["value"].isna().all()


def of_two_features(one, other):
    """FID of the first two features: the root of a matrix of all of them takes a minute."""
    first = (Statistics(s.mean[:2], s.covariance[:2, :2], s.images) for s in (one, other))
    return frechet_distance(*first)


def test_with_the_network_itself_the_whole_path_gives_numbers(monkeypatch, random_inception, files, tmp_path):
    """Random weights, which make numbers of no meaning; 4 + 4 images."""
    monkeypatch.undo()
    monkeypatch.setattr(module, "frechet_distance", of_two_features)
    weights = written(tmp_path / "inception", random_inception)
    about = {"images": 4, "splits": 2, "batch": 3}
    real = opened(RealImages({}, (3, SIDE, SIDE), 0, "cpu"), **about)
    _, real, _ = generate(real, files[0], weights, None)
    reference = written(tmp_path / "real", real)
    table, made, _ = generate(opened(Noise(), **about, reference="real"), files[0], weights, reference)
    assert real["covariance"].shape == made["covariance"].shape == (2048, 2048)
    assert (table["value"][:2] > 1).all()
    assert table["value"][2] > 0

"""Methods stopped by a signal in the loop, all labelled ones among them, go on to the same bytes."""

import hashlib
import signal

import numpy as np
import pytest
import torch

from encore.papers.find import find_experiment
from encore.registry import METHODS, load_method, method_facts, names
from encore.runs import loop
from encore.runs.checkpoint import to_bytes

SHORT = {"iterations": 10}
# Method -> the experiment whose settings it has, and which of them are others here.
EXPERIMENTS = {
    "ifcvaegan": ("demo-ifcvaegan", SHORT),
    "dualvae": ("demo-dualvae", SHORT),
    "cvae": ("demo-cvae", SHORT),
    "fadernet": ("demo-fadernet", SHORT),
    "stargan": ("demo-stargan", SHORT),
    "adversarial_vae": ("demo-adversarial-vae", SHORT),
    "progressive_reverse_vae": ("demo-reverse-vae-growing", SHORT),  # 3 iterations of stage 0, 7 of stage 1
    "attribute_classifier": ("demo-domains-judge", SHORT),
    "inception_classifier": (
        "inception-celeba",
        {"iterations": 3, "batch_size": 2, "network_side": 75, "pretrained": "none"},
    ),
}


def method(name):
    """A fresh method, for the labels of its experiment's first unit."""
    experiment, changed = find_experiment(EXPERIMENTS[name][0]), EXPERIMENTS[name][1]
    settings = experiment.values("code") | changed
    shape = (1, settings["image_size"], settings["image_size"])
    labelled = method_facts(name).labelled
    n_labels = len(experiment.domains_of(experiment.units[0])) if labelled else 0
    return load_method(name)(settings, shape, 3, "cpu", n_labels=n_labels), shape, n_labels


def images(shape, n_labels, count=50):
    """Pixels and labels, None where there are none; of several labels some are missing."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, *shape), dtype=np.uint8)
    labels = random.integers(0, 2, (count, n_labels)).astype(np.float32)
    if n_labels > 1:
        labels[random.random(labels.shape) < 0.3] = np.nan
    return torch.from_numpy(pixels), torch.from_numpy(labels) if n_labels else None


def train(name, folder, stop=0):
    """Train a fresh method in `folder`, with a SIGTERM to this process in the step `stop`, if it is above 0.

    Gives digests of its model and of its whole state, its history, how often it was started again and how
    many steps it took.
    """
    model, shape, n_labels = method(name)
    step, steps = model.step, 0

    def counted_step(*batch):
        nonlocal steps
        steps += 1
        losses = step(*batch)
        if steps == stop:
            signal.raise_signal(signal.SIGTERM)
        return losses

    model.step = counted_step
    pixels, labels = images(shape, n_labels)
    training = loop.train(
        model,
        pixels,
        labels,
        pixel_range=model.settings["pixel_range"],
        device="cpu",
        seed=7,
        folder=folder,
        key="k",
        checkpoint_seconds=1e9,
        label="test",
    )
    assert training.diverged == ""
    digests = [hashlib.sha256(to_bytes(tensors)).hexdigest() for tensors in (model.model(), model.state())]
    return digests, training.history, training.restarts, steps


@pytest.fixture
def folder(tmp_path):
    """Where checkpoints lie until the test ends: Inception-v3's have 300 MB."""
    yield tmp_path
    (tmp_path / loop.CHECKPOINT).unlink(missing_ok=True)


def test_no_labelled_method_is_left_out():
    assert EXPERIMENTS.keys() >= {name for name in names(METHODS) if method_facts(name).labelled}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_stopped_training_goes_on_to_the_same_bytes(name, folder, monkeypatch):
    monkeypatch.setattr(loop, "HISTORY_ROWS", 3)  # of ten iterations the fifth closes none
    iterations = EXPERIMENTS[name][1]["iterations"]
    stop = iterations // 2
    digests, history, _, _ = train(name, folder)
    (folder / loop.CHECKPOINT).unlink()

    with pytest.raises(loop.StoppedError, match=f"SIGTERM at iteration {stop} of {iterations}; "):
        train(name, folder, stop)
    resumed, history_of_resumed, restarts, steps = train(name, folder)
    assert (restarts, steps) == (1, iterations - stop)
    assert resumed == digests
    assert history_of_resumed.to_csv() == history.to_csv()

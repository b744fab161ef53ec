"""Legal values of settings: every experiment's are legal, and every word is one that a method knows."""

import math

import pytest

from encore.methods import piad
from encore.networks.efficientgan_mnist import OUTPUTS
from encore.networks.perceptual import NETWORKS
from encore.papers.read import load_papers
from encore.registry import METHODS, load_method, method_facts, names


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_list_of(value, kind):
    return isinstance(value, list) and len(value) > 0 and all(map(kind, value))


# Every kind by hand: this test asks the literals, and not the code that checks a paper.
KINDS = {
    "count": lambda v: is_whole(v) and v >= 1,
    "whole": lambda v: is_whole(v) and v >= 0,
    "number": is_number,
    "positive": lambda v: is_number(v) and v > 0,
    "nonnegative": lambda v: is_number(v) and v >= 0,
    "share": lambda v: is_number(v) and 0 <= v < 1,
    "part": lambda v: is_number(v) and 0 < v <= 1,
    "probability": lambda v: is_number(v) and 0 <= v <= 1,
    "counts": lambda v: is_list_of(v, KINDS["count"]),
    "positives": lambda v: is_list_of(v, KINDS["positive"]),
    "betas": lambda v: is_list_of(v, KINDS["share"]) and len(v) == 2,
}


def is_legal(value, may_be):
    if isinstance(may_be, dict):
        return isinstance(value, list) and all(is_legal(item, may_be["list_of"]) for item in value)
    if isinstance(may_be, list):
        return any(is_legal(value, one) if one in KINDS else value == one for one in may_be)
    return KINDS[may_be](value)


EXPERIMENTS = [e for paper in load_papers().values() for e in paper.experiments.values()]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_the_values_of_every_experiment_are_legal(experiment):
    settings = method_facts(experiment.method).settings
    for reading in ("paper", "code"):
        for name, value in experiment.values(reading).items():
            assert name not in settings or is_legal(value, settings[name][0]), (reading, name, value)


@pytest.mark.parametrize("name", names(METHODS))
def test_settings_are_pairs_of_what_they_may_be_and_what_they_are(name):
    for setting, (may_be, text) in method_facts(name).settings.items():
        kinds = may_be["list_of"] if isinstance(may_be, dict) else may_be
        assert kinds in KINDS if isinstance(kinds, str) else kinds, setting
        assert text, setting


def test_words_are_those_that_the_methods_know():
    settings = piad.PIAD.SETTINGS
    assert set(settings["loss"][0]) == set(piad.LOSSES)
    assert set(settings["features"][0]) == set(NETWORKS)
    assert set(settings["gradient_norm"][0]) == set(piad.GRADIENT_NORMS)
    for name in ("reverse_vae", "efficientgan"):
        assert set(load_method(name).SETTINGS["output"][0]) <= set(OUTPUTS)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("piad", "latent_side", 2),
        ("piad", "history_kept", "some"),
        ("piad", "betas", [0.5, 1.0]),
        ("vae", "latent", 0),
        ("vae", "latent", 2.0),
        ("vae", "encoder_filters", []),
        ("reverse_vae", "critic_norm", "layer"),
        ("reverse_vae", "feature_layer", 4),
        ("efficientgan", "dropout", 1),
        ("ifcvaegan", "label_features", "both"),
        ("ifcvaegan", "batch_reduction", "both"),
        ("ifcvaegan", "kl_reduction", "both"),
        ("ifcvaegan", "generator_loss", "both"),
        ("ifcvaegan", "edit_latent", "both"),
        ("dualvae", "transfer", "sideways"),
        ("inception_classifier", "pretrained", "imagenet"),
        ("kde", "sweep_leaf_sizes", ["none"]),
        ("kde", "bandwidth", -1),
        ("ocsvm", "nu", 0),
    ],
)
def test_values_that_a_method_cannot_use_are_not_legal(name, setting, value):
    assert not is_legal(value, method_facts(name).settings[setting][0])

"""Whether a run's result is what the present code and settings would make."""

import functools
from collections.abc import Mapping

from encore.digest import code_digest, settings_digest
from encore.papers import VGG19, Experiment, code_roots, find_experiment
from encore.strict import ConfigError

READINGS = ("paper", "code")
PRECISIONS = ("float32", "tf32")
FEATURES = (VGG19, "vgg19_caffe")
SCRIPTS = {"train": "train.py", "score": "score.py"}  # rule -> the script whose code its numbers depend on


@functools.cache
def present_code(rule: str, method: str) -> str:
    """Digest of the code here that a run's numbers depend on. rule: a key of SCRIPTS."""
    return code_digest(*code_roots(SCRIPTS[rule], method))


def present_settings(experiment: Experiment, readings: tuple[str, ...] = READINGS) -> set[str]:
    """Digests of all settings that the experiment can have here: precision and features are the user's."""
    return {
        settings_digest(experiment.job(reading, precision, features))
        for reading in readings
        for precision in PRECISIONS
        for features in FEATURES
    }


@functools.cache
def _settings_of(name: str) -> set[str]:
    return present_settings(find_experiment(name))


def staleness(record: Mapping) -> str:
    """What the record of a training or a scoring was made with that is no more so here; "" where all is."""
    try:
        experiment = find_experiment(record["experiment"])
    except ConfigError:
        return "of an experiment that the papers have no more"
    if record["settings_digest"] not in _settings_of(experiment.name):
        return "with other settings than the present ones"
    if record["code_digest"] != present_code(record["rule"], experiment.method):
        return "by other code than the present one"
    return ""

"""Whether a run's result is what the present code and settings would make."""

import functools
from collections.abc import Mapping

from encore.digest import code_digest, settings_digest
from encore.papers import VGG19, Experiment, find_experiment, run_roots
from encore.strict import ConfigError

READINGS = ("paper", "code")
PRECISIONS = ("float32", "tf32")
FEATURES = (VGG19, "vgg19_caffe")
SCORINGS = ("score", "judge")  # rules that give the scores of a run
STAGES = ("train", *SCORINGS)  # rules whose code and settings a run's numbers depend on


def present_code(rule: str, experiment: Experiment) -> str:
    """Digest of the code here that a run's numbers depend on. rule: one of STAGES."""
    return code_digest(*run_roots(f"{rule}.py", experiment))


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
    if record["code_digest"] != present_code(record["rule"], experiment):
        return "by other code than the present one"
    return ""

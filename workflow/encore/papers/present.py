"""What the present code and settings would make, and whether a result is that."""

import functools
from collections.abc import Mapping

from encore.datasets.catalogue import DATASETS
from encore.digest import code_digest, settings_digest
from encore.papers.find import find_experiment, metric_modules
from encore.papers.layout import roots
from encore.papers.model import FEATURES, PRECISIONS, Experiment
from encore.strict import ConfigError


def code_of_run(stage: str, experiment: Experiment) -> str:
    """Digest of the code here that a stage's numbers depend on, of a run of the experiment."""
    by = experiment.judged.get("by")
    choices = {
        "method": experiment.method,
        "reader": DATASETS[experiment.dataset].reader,
        "judge": find_experiment(by).method if by else "",
    }
    return code_digest(*roots(stage, **choices))


def code_of_measure(experiment: Experiment) -> str:
    """Digest of the code here that turns the scores of an experiment's runs into numbers."""
    return code_digest(*roots("measure"), *(f"encore.metrics.{name}" for name in metric_modules(experiment)))


@functools.cache
def present_settings(name: str, reading: str) -> frozenset[str]:
    """Digests of the settings that an experiment can have here: precision and features are the user's.

    None where a setting no longer has the reading that is asked for.
    """
    try:
        return frozenset(
            settings_digest(find_experiment(name).job(reading, precision, features))
            for precision in PRECISIONS
            for features in FEATURES
        )
    except KeyError:
        return frozenset()


def staleness(record: Mapping) -> str:
    """How a recorded training or scoring was made that would be made otherwise now; "" where it would not."""
    try:
        experiment = find_experiment(record["experiment"])
    except ConfigError:
        return "of an experiment that no paper has any longer"
    if record["settings_digest"] not in present_settings(experiment.name, record["reading"]):
        return "with other settings than the present ones"
    if record["code_digest"] != code_of_run(record["rule"], experiment):
        return "by other code than the present one"
    return ""

"""Measures: the metrics of an experiment's runs, a row a run, score and metric."""

from collections.abc import Mapping, Sequence

import pandas as pd

from encore.metrics.editing import editing_metrics
from encore.metrics.ranking import ranking_metrics
from encore.metrics.resemblance import resemblance_metrics
from encore.metrics.sanity import judge_flags, ranking_flags

COLUMNS = (
    *("experiment", "unit", "seed", "score", "metric", "value"),
    *("device", "code", "scored_by", "settings", "iterations", "deviations", "diverged", "flags"),
)
NOT_SCORES = ["index", "anomalous"]  # columns of scores.csv that identify an image
SCORES = {"score", "edited_0", "edited_1", "ts", "rs"}  # columns that two models do not share by chance


def measures_of_run(
    scores: pd.DataFrame, scored: Mapping, trained: Mapping, flags: Sequence[str] = ()
) -> list[dict[str, object]]:
    """The rows of one run. scores: scores.csv, a row a test image; scored, trained: the run's two records.

    flags: what makes all of the run suspect. A wrong or repeated image in `scores` is a ValueError.
    """
    _demand_once(scores, scored)
    about = _about(scored, trained)
    return [
        about
        | {"score": column, "metric": metric, "value": value}
        | {"flags": " | ".join([*flags, *ranking_flags(metric, value)])}
        for column in scores.columns.drop(NOT_SCORES)
        for metric, value in ranking_metrics(scores["anomalous"], scores[column]).items()
    ]


def edits_of_run(
    scores: pd.DataFrame, scored: Mapping, trained: Mapping, flags: Sequence[str] = ()
) -> list[dict[str, object]]:
    """The rows of one run whose edits a classifier judged. Arguments as `measures_of_run`."""
    _demand_once(scores, scored)
    if "label" in scores:
        flags = [*flags, *judge_flags(scores["label"].to_numpy(), scores["original"].to_numpy())]
    about = _about(scored, trained) | {"flags": " | ".join(flags)}
    return [
        about | {"score": score, "metric": metric, "value": value}
        for score, metrics in editing_metrics(scores).items()
        for metric, value in metrics.items()
    ]


def _demand_once(scores: pd.DataFrame, scored: Mapping) -> None:
    if scores["index"].duplicated().any():
        raise ValueError(
            f"scores of {scored['experiment']} {scored['unit']}/{scored['seed']}: an image stands twice."
        )


def resemblance_of_run(
    shares: Mapping[str, float],
    named: Mapping[str, Sequence[str]],
    scored: Mapping,
    trained: Mapping,
    flags: Sequence[str] = (),
) -> list[dict[str, object]]:
    """The rows of one run that say what its reconstructions resemble.

    shares: class -> share, resemblance.csv; named: unit -> the classes that the paper names for it. flags: as
    in `measures_of_run`.
    """
    found = resemblance_metrics(shares, scored["unit"], named)
    about = _about(scored, trained) | {"score": "score", "flags": " | ".join(flags)}
    return [about | {"metric": metric, "value": value} for metric, value in found.items()]


def _about(scored: Mapping, trained: Mapping) -> dict[str, object]:
    """What all rows of a run have in common, from its two records."""
    return {
        "experiment": scored["experiment"],
        "unit": scored["unit"],
        "seed": scored["seed"],
        "device": trained["device"]["device"] + (", TF32" if trained["job"]["precision"] == "tf32" else ""),
        "code": trained["code_digest"],
        "scored_by": scored["code_digest"],
        "settings": trained["settings_digest"],
        "iterations": trained["iterations"],
        "deviations": " | ".join(scored["deviations"]),
        "diverged": scored.get("diverged", ""),
    }

"""How well a score ranks anomalous images above normal ones; scikit-learn computes, this names."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from encore.papers.model import Experiment

TABLE = "scores"
OWN = ("score",)
NOT_SCORES = ["index", "anomalous"]  # columns that identify an image
CHANCE = 0.5  # AUROC of a ranking that knows nothing


def auroc(anomalous: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve: the probability that an anomalous image scores higher than a normal one."""
    return float(roc_auc_score(anomalous, score))


def auprc(anomalous: np.ndarray, score: np.ndarray) -> float:
    """Area under the precision-recall curve as average precision; anomalous images are the positives."""
    return float(average_precision_score(anomalous, score))


RANKING: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {"AUROC": auroc, "AUPRC": auprc}


def ranking_metrics(anomalous: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Every ranking metric of one score. anomalous: (n,) 0 or 1; score: (n,), greater where more anomalous.

    A score that is not finite gives NaN; labels of one kind only are a ValueError.
    """
    if len(np.unique(anomalous)) != 2:
        raise ValueError("the test images are all normal or all anomalous; a ranking metric needs both.")
    if not np.isfinite(score).all():
        return {name: float("nan") for name in RANKING}
    return {name: metric(anomalous, score) for name, metric in RANKING.items()}


def measure(scores: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """The ranking metrics of every column of scores.csv that is a score; a row a test image."""
    columns = scores.columns.drop(NOT_SCORES)
    return {column: ranking_metrics(scores["anomalous"], scores[column]) for column in columns}


def flags(scores: pd.DataFrame, metric: str, value: float) -> list[str]:
    """Whether a ranking is no better than chance; none for NaN."""
    if metric != "AUROC" or not value <= CHANCE:
        return []
    at = f"exactly {CHANCE:g}: all scores may be the same" if value == CHANCE else f"below {CHANCE:g}"
    return [f"AUROC is {at}"]

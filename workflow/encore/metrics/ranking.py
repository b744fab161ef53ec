"""How well a score ranks anomalous images above normal ones; scikit-learn computes, this names."""

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score


def auroc(anomalous: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve: the probability that an anomalous image scores higher than a normal one."""
    return float(roc_auc_score(anomalous, score))


def auprc(anomalous: np.ndarray, score: np.ndarray) -> float:
    """Area under the precision-recall curve as average precision; anomalous images are the positives."""
    return float(average_precision_score(anomalous, score))


RANKING: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {"AUROC": auroc, "AUPRC": auprc}


def ranking_metrics(anomalous: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Every ranking metric of one run. anomalous: (n,) 0 or 1; score: (n,), greater where more anomalous.

    A score that is not finite gives NaN; labels of one kind only are a ValueError.
    """
    if len(np.unique(anomalous)) != 2:
        raise ValueError("the test images are all normal or all anomalous; a ranking metric needs both.")
    if not np.isfinite(score).all():
        return {name: float("nan") for name in RANKING}
    return {name: metric(anomalous, score) for name, metric in RANKING.items()}

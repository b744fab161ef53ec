"""Whether edits of one attribute show what was asked for (Creswell et al., Section 4.2), by what a classifier
says of each image: the columns of scores.csv.
"""

import numpy as np
import pandas as pd

from encore.papers.model import Experiment

TABLE = "scores"
OWN = ("edited_0", "edited_1")
YES = 0.5  # above this probability the classifier says that an image has the attribute


def measure(scores: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """scores: a row a test image, as the stage `judge` gives them.

    `MSE` of all reconstructions, pixels in [0, 1]; `Class0` and `Class1`, the share of the images with the
    attribute whose edit to 0 and to 1 shows what was asked for; `Class0+Class1`, 1 where the classifier says
    the same of both edits of every image (Section 4.2), 2 where every edit shows what was asked for;
    `success`, the mean of both shares; `accuracy`, the share of all originals that the classifier is right
    about. What is undefined for any image is NaN.
    """
    positive = scores[scores["label"] == 1]
    class_0 = _share(positive["edited_0"] <= YES, positive["edited_0"])
    class_1 = _share(positive["edited_1"] > YES, positive["edited_1"])
    found = {
        "MSE": scores["squared_error"].mean(skipna=False),
        "Class0": class_0,
        "Class1": class_1,
        "Class0+Class1": class_0 + class_1,
        "success": (class_0 + class_1) / 2,
        "accuracy": _share((scores["original"] > YES) == scores["label"].astype(bool), scores["original"]),
    }
    return {"score": found}


def flags(scores: pd.DataFrame, metric: str, value: float) -> list[str]:
    """Whether the judge is no better than one answer for all originals; none where the training diverged."""
    label, probability = scores["label"].to_numpy(), scores["original"].to_numpy()
    right = float(((probability > YES) == (label == 1)).mean())
    same = float(max((label == 1).mean(), (label == 0).mean()))
    if not np.isfinite(probability).all() or right > same:
        return []
    return [f"its judge is right about {right:.0%} of the originals, the same answer always about {same:.0%}"]


def _share(right: pd.Series, probability: pd.Series) -> float:
    return float("nan") if probability.isna().any() or not len(right) else float(right.mean())

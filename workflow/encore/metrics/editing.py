"""The metrics of edited images from what a classifier said of each of them (the columns of scores.csv)."""

import numpy as np
import pandas as pd

YES = 0.5  # above this probability the classifier says that an image has the attribute


def editing_metrics(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Score -> metric -> value of one run; scores: a row a test image, as training/judge.py makes them.

    Of one domain: `MSE` of all reconstructions, pixels in [0, 1]; `Class0` and `Class1`, the share of the
    images with the attribute whose edit to 0 and to 1 shows what was asked for (Creswell et al., Section
    4.2), and `success`, the mean of both; `accuracy`, the share of all originals that the classifier is right
    about. Of several: `CIS`, `ts` and `rs` (DualVAE, Algorithm 2), means over images, and `accuracy` over
    domains too; for every variant of them a score by its name. What is undefined for any image is NaN.
    """
    if "squared_error" in scores:
        return {"score": _one_domain(scores)}
    variants = [name.partition(":")[2] for name in scores.columns if name.partition(":")[0] == "ts"]
    found = {variant or "score": _cis(scores, variant) for variant in variants}
    found["score"]["accuracy"] = scores["accuracy"].mean(skipna=False)
    return found


def _one_domain(scores: pd.DataFrame) -> dict[str, float]:
    positive = scores[scores["label"] == 1]
    class_0 = _share(positive["edited_0"] <= YES, positive["edited_0"])
    class_1 = _share(positive["edited_1"] > YES, positive["edited_1"])
    return {
        "MSE": scores["squared_error"].mean(skipna=False),
        "Class0": class_0,
        "Class1": class_1,
        "success": (class_0 + class_1) / 2,
        "accuracy": _share((scores["original"] > YES) == scores["label"].astype(bool), scores["original"]),
    }


def _share(right: pd.Series, probability: pd.Series) -> float:
    return float("nan") if probability.isna().any() or not len(right) else float(right.mean())


def _cis(scores: pd.DataFrame, variant: str) -> dict[str, float]:
    ts, rs = (
        np.asarray(scores[f"{name}:{variant}" if variant else name], dtype=float) for name in ("ts", "rs")
    )
    return {"CIS": float((ts + rs).mean()), "ts": float(ts.mean()), "rs": float(rs.mean())}

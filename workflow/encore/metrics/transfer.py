"""How well images are transferred to several domains: DualVAE's conditional inception score (cis.py)."""

import numpy as np
import pandas as pd

from encore.papers.model import Experiment

TABLE = "scores"
OWN = ("ts", "rs")


def measure(scores: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """scores: a row a test image, as the stage `judge` gives them.

    `CIS`, `ts` and `rs` (Algorithm 2), means over images; for every variant of them a score by its
    name. `accuracy` of the classifier on the originals, over images and domains. What is undefined for any
    image is NaN. Where an amount was chosen: it, as `lambda`; what its unit is, as `length`; and of every
    amount `CIS_valid`, over the images that it was chosen by.
    """
    variants = [name.partition(":")[2] for name in scores.columns if name.partition(":")[0] == "ts"]
    found = {variant or "score": _means(scores, variant) for variant in variants}
    found["score"]["accuracy"] = scores["accuracy"].mean(skipna=False)
    if "lambda" in scores:
        found["score"] |= {name: scores[name].iloc[0] for name in ("lambda", "length")}
        for name in variants:
            if f"valid:{name}" in scores:
                found[name]["CIS_valid"] = scores[f"valid:{name}"].iloc[0]
    return found


def _means(scores: pd.DataFrame, variant: str) -> dict[str, float]:
    ts, rs = (
        np.asarray(scores[f"{name}:{variant}" if variant else name], dtype=float) for name in ("ts", "rs")
    )
    return {"CIS": float((ts + rs).mean()), "ts": float(ts.mean()), "rs": float(rs.mean())}

"""How good and how diverse the images are that a method makes: Inception Score and FID (inception.py)."""

import pandas as pd

from encore.papers.model import Experiment

TABLE = "generated"
INCEPTION_SCORE, FRECHET_DISTANCE = "inception_score", "frechet_distance"  # what a row of generated.csv holds


def measure(table: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """table: rows of `what` and `value`, as the stage `generate` gives them.

    `IS`, the mean over splits, and `FID` where the experiment names a reference. NaN where a row is.
    """
    values = table.groupby("what")["value"]
    found = {"IS": values.get_group(INCEPTION_SCORE).mean(skipna=False)}
    if "reference" in experiment.generated:
        found["FID"] = values.get_group(FRECHET_DISTANCE).mean(skipna=False)
    return {"score": {name: float(value) for name, value in found.items()}}

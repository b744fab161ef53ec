"""How a training stands at its end: losses and controller over the last share of its iterations."""

import pandas as pd

from encore.papers.model import Experiment

TABLE = "history"
OWN = ("score",)
FROM = {  # metric -> the column of history.csv
    "balance": "imbalance",
    "offset": "error",
    "k": "k",
    "diversity": "diversity",
    "content": "L_e",
}


def measure(history: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """history: a row a log step, means over the iterations since the row before.

    Over the rows of the last `experiment.late["share"]` of the iterations, each with the weight of its
    iterations: `balance`, the mean of |e_t|; `offset`, the absolute value of the mean of e_t, which is the
    error that stays; `k`, the mean of k_t; `diversity`, the spread of generated images as a share of that of
    real ones; `content`, the mean of L_e. NaN where one of the rows is; nothing of losses that a method has
    not.
    """
    steps = history["iteration"].diff().fillna(history["iteration"])
    late = history["iteration"] > (1 - experiment.late["share"]) * history["iteration"].iloc[-1]
    weights = steps[late] / steps[late].sum()
    found = {
        metric: (history.loc[late, column] * weights).sum(skipna=False)
        for metric, column in FROM.items()
        if column in history
    }
    if "offset" in found:
        found["offset"] = abs(found["offset"])
    return {"score": {metric: float(value) for metric, value in found.items()}}

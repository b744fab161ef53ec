"""Which classes the reconstructions of anomalous images are taken for."""

import pandas as pd

from encore.papers.model import Experiment

TABLE = "resemblance"


def measure(table: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """table: resemblance.csv, a row a class with the share of the reconstructions that are taken for it.

    `resembles_normal`, the share that is not taken for the anomalous class `unit`; `resembles_named`, the
    share of the classes that the paper names for it, where it names any. NaN where the shares are.
    """
    shares, named = table.set_index("class")["share"], experiment.resemblance
    found = {"resembles_normal": 1 - shares[unit]}
    if unit in named:
        found["resembles_named"] = sum(shares[name] for name in named[unit])
    return {"score": found}

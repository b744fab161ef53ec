"""Which classes reconstructions are taken for: of anomalous images, and of normal ones for comparison."""

import pandas as pd

from encore.metrics.neighbours import NONE
from encore.papers.model import Experiment

TABLE = "resemblance"


def measure(table: pd.DataFrame, experiment: Experiment, unit: str) -> dict[str, dict[str, float]]:
    """table: resemblance.csv, a row a class; see `runs.resemble`.

    `resembles_normal`, the share of anomalous images' reconstructions that are taken for a class other than
    the anomalous one, `unit`; `resembles_named`, for one of those that the paper names for it, where it names
    any; `resembles_itself`, the control: the share of normal images' reconstructions that are taken for what
    they are. NaN where the shares are.
    """
    rows, named = table.set_index("class"), experiment.resemblance
    normal = rows.drop([unit, NONE])
    found = {
        "resembles_normal": normal["share"].sum(skipna=False),
        "resembles_itself": (normal["itself"] * normal["images"]).sum(skipna=False) / normal["images"].sum(),
    }
    if unit in named:
        found["resembles_named"] = sum(rows["share"][name] for name in named[unit])
    return {"score": found}

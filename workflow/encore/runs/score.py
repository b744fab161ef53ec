"""Scoring: what a trained method says of every test image."""

import math
from pathlib import Path

import pandas as pd

from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.run import Run


def score(run: Run, model: Path) -> tuple[pd.DataFrame, str]:
    """A row a test image, a column a score; and where the training diverged, "" if it did not."""
    columns, diverged = {"score": math.nan}, ""
    try:
        run.method.load_model(load_model(model))
        columns = run.over(run.pixels(run.split.test), run.method.score)
    except DivergedError as error:
        diverged = str(error)
    anomalous = run.split.anomalous.astype(int)
    return pd.DataFrame({"index": run.split.test, "anomalous": anomalous, **columns}), diverged

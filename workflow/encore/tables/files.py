"""The files of numbers: an experiment's measures, and a table as long data, a row a cell."""

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from encore.files import write_atomically

COLUMNS = (
    *("paper", "table", "dataset", "method", "subset", "metric", "published", "published_sd"),
    *("reproduced", "sd", "n", "ci_low", "ci_high", "margin", "verdict", "reading", "note"),
)
NUMBERS = {"reproduced": float, "sd": float, "n": int, "ci_low": float, "ci_high": float, "margin": float}
MEASURE_NUMBERS = {"seed": int, "value": float, "iterations": int}
MAIN_SCORE = "score"  # the method's own score; other score columns belong to sweeps


def _read_csv(path: Path, numbers: Mapping[str, type]) -> pd.DataFrame:
    """A CSV whose columns are text, an empty field being empty text, but for `numbers`."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for column, kind in numbers.items():
        frame[column] = frame[column].map(lambda text: float(text) if text else math.nan).astype(kind)
    return frame


def read_measures(path: Path) -> pd.DataFrame:
    """The measures of an experiment: units stay text ("0"), an undefined value is nan."""
    return _read_csv(path, MEASURE_NUMBERS)


def read_table(path: Path) -> pd.DataFrame:
    """The long table that `write_csv` wrote, equal to the frame that it was given."""
    return _read_csv(path, NUMBERS)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a long table; floats as the shortest text that reads back to the same float."""
    write_atomically(path, frame.to_csv(index=False, lineterminator="\n"))

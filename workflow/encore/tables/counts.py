"""A paper's table of data sets, counted in the raw files."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from encore.datasets.count import TOTAL
from encore.papers.model import Paper
from encore.tables.files import COLUMNS
from encore.tables.verdicts import ABOVE, BELOW, MISSING, NOT_COMPARABLE, REPRODUCED

SHOWN_AS = {"n_classes": "# classes", "n_instances": "# instances"}


def build_counts(paper: Paper, name: str, counts: Mapping[str, pd.DataFrame], reading: str) -> pd.DataFrame:
    """The long table of the entry `name`: printed and counted classes and images of each data set.

    counts: catalogue name -> what `count_images` gave; a data set without it is `missing`. A count is exact,
    so it is `reproduced` where it is the printed one, and else `above` or `below`; files that fit no
    published checksum make it `not comparable`.
    """
    rows = []
    for row in paper.published:
        entry = paper.tables[name]["counts"].get(row["dataset"])
        if row["table"] != paper.tables[name]["source"] or entry is None:
            continue
        frame = counts.get(entry["dataset"])
        counted = _counted(frame, entry.get("classes"), row["metric"])
        verified = frame is None or bool(frame["verified"].all())
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | {
                "paper": paper.name,
                "table": name,
                "dataset": row["dataset"],
                "method": SHOWN_AS[row["metric"]],
                "subset": "all",
                "reading": reading,
                "metric": row["metric"],
                "published": row["value"],
                "reproduced": counted,
                "n": 0 if np.isnan(counted) else 1,
                **dict.fromkeys(("sd", "ci_low", "ci_high", "margin"), np.nan),
                "verdict": _verdict(counted, float(row["value"]), verified),
                "note": "" if verified else "files that do not fit the published checksum",
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def counts_foot(frame: pd.DataFrame) -> list[str]:
    """Sentences for the foot of such a table."""
    run = frame["n"] > 0
    return [
        f"{run.sum()} of {len(frame)} numbers were counted in the raw files, as the readers give them.",
        "A count is exact, so there is no margin: it is the printed number, or it is not.",
    ]


def _counted(frame: pd.DataFrame | None, classes: list[str] | None, metric: str) -> float:
    if frame is None:
        return np.nan
    chosen = frame[frame["class"].isin(classes) if classes else frame["class"] != TOTAL]
    if metric == "n_classes":
        return float((chosen["count"] > 0).sum())
    of_images = chosen if classes else frame[frame["class"] == TOTAL]
    return float(of_images["count"].sum())


def _verdict(counted: float, printed: float, verified: bool) -> str:
    if np.isnan(counted):
        return MISSING
    if not verified:
        return NOT_COMPARABLE
    return REPRODUCED if counted == printed else ABOVE if counted > printed else BELOW


def read_counts(path: Path) -> pd.DataFrame:
    """What the rule `count` wrote; classes stay text ("0")."""
    return pd.read_csv(path, dtype={"class": str})

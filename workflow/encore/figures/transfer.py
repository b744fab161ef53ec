"""DualVAE's Figure 4: how well images are transferred against how much else they keep, a point a set."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from encore.figures.equal_cis import DOT, lines_of_equal_cis, plane, told
from encore.figures.inputs import OF_RUN
from encore.figures.style import legend_below, looks_of, styled
from encore.papers.model import Paper
from encore.strict import nearest


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the scores.csv of every run."""
    points: dict[str, list[np.ndarray]] = {name: [] for name in entry["experiments"]}
    for path in inputs:
        name = path.parts[OF_RUN]
        if name not in points:
            raise ValueError(f"{path} is of no experiment of the figure; {nearest(name, points)}")
        points[name].append(means_of_sets(pd.read_csv(path), entry["images"]))
    if lacking := [name for name, found in points.items() if not found]:
        raise ValueError(f"the figure shows {lacking[0]}, but no scores of it were given.")
    labelled = {label: np.concatenate(points[name]) for name, label in entry["experiments"].items()}
    return transfer_figure(labelled, entry["title"])


def means_of_sets(scores: pd.DataFrame, images: int) -> np.ndarray:
    """Mean rs and ts of every full set of so many consecutive rows, or of all if they are fewer: (sets, 2).

    scores: scores.csv of a run, a row a test image. Scores without rs or ts are a ValueError.
    """
    lacking = {"rs", "ts"} - set(scores.columns)
    if lacking:
        raise ValueError(f"the scores have no column {' and no column '.join(sorted(lacking))}.")
    values = scores[["rs", "ts"]].to_numpy(float)
    sets = max(1, len(values) // images)
    return np.stack([values[place * images : (place + 1) * images].mean(axis=0) for place in range(sets)])


@styled
def transfer_figure(points: Mapping[str, np.ndarray], title: str) -> Figure:
    """Every set of images as a point, ts over rs, a colour and a marker a model, and lines of equal CIS.

    points: model -> (n, 2), rs and ts; nan, where a training diverged, is left out and told of in the legend.
    """
    figure, axes = plane()
    handles = []
    for (label, found), look in zip(points.items(), looks_of(list(points), DOT).values(), strict=True):
        dots = {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.4, **look}
        axes.plot(*found.T, alpha=0.75, **dots)
        handles.append(Line2D([], [], label=told(label, found), **dots))
    lines_of_equal_cis(axes)
    figure.suptitle(title)
    legend_below(figure, handles)
    return figure

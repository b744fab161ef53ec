"""The plane of DualVAE's two scores: the transfer score ts over the reconstruction score rs."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from encore.figures.style import FAINT, INK, WIDTH

MUTED = "#6A7079"  # for words that stand behind the data
SMALL = 7.5  # points
DOT = 4.5  # points, a marker's size


def plane() -> tuple[Figure, Axes]:
    """An empty figure of both scores."""
    figure = Figure(figsize=(WIDTH, 5.5))
    axes = figure.subplots()
    axes.margins(0.12)
    axes.set(xlabel="reconstruction score rs", ylabel="transfer score ts")
    return figure, axes


def lines_of_equal_cis(axes: Axes) -> None:
    """Faint lines of equal CIS = ts + rs behind what is drawn, each named where it begins at the left or top.

    A cross stands for a model that changes no image, the reference of both scores. The limits of both axes
    then stay as they are.
    """
    axes.plot([0], [0], linestyle="none", marker="+", markersize=9, color=INK, zorder=1)
    axes.set_title("+ a model that changes nothing", loc="left", fontsize=8.5, pad=12)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    axes.set(xlim=(left, right), ylim=(bottom, top))
    low, high = left + bottom, right + top
    corner = 0.08 * (high - low)  # a line across a corner is too short for its name
    for level in MaxNLocator(10, steps=(1, 2, 5, 10)).tick_values(low, high):
        if not low + corner < level < high - corner:
            continue
        axes.plot([left, right], [level - left, level - right], color=FAINT, linewidth=0.9, zorder=0.5)
        begins = max(left, level - top) + 0.008 * (right - left)
        name = f"CIS {round(level, 9) + 0.0:g}".replace("-", "\N{MINUS SIGN}")
        along = {"rotation": -45, "rotation_mode": "anchor", "transform_rotates_text": True}
        axes.text(begins, level - begins, name, va="bottom", color=MUTED, fontsize=SMALL, zorder=0.6, **along)


def told(label: str, points: np.ndarray) -> str:
    """The label in the legend, which says why points are missing."""
    return label if np.isfinite(points).all() else f"{label} (a training diverged)"

"""What reconstructions are taken for, a row a unit."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from encore.figures.style import COLOURS, INK, WIDTH, legend_below, styled
from encore.papers.model import Paper
from encore.tables.verdicts import NOTHING


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: a resemblance.csv a run; drawn are means over seeds."""
    seeds: dict[str, list[pd.Series]] = {}
    for path in inputs:
        shares = pd.read_csv(path, dtype={"class": str}, index_col="class")["share"]
        seeds.setdefault(path.parts[-3], []).append(shares)
    means = {unit: pd.concat(runs, axis=1).mean(axis=1, skipna=False) for unit, runs in seeds.items()}
    return resemblance_figure(pd.DataFrame(means).T, entry["title"])


@styled
def resemblance_figure(shares: pd.DataFrame, title: str) -> Figure:
    """A heat map of the classes that reconstructions are taken for, framed the anomalous class itself.

    shares: a row an anomalous class, a column a class, 0 to 1; nan, where a training diverged, is a dash.
    """
    figure = Figure(figsize=(WIDTH, 0.5 * len(shares) + 1.7))
    axes = figure.subplots()
    axes.imshow(shares.to_numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="none")
    for (row, unit), (column, name) in product(enumerate(shares.index), enumerate(shares.columns)):
        _write_share(axes, (row, column), shares.iat[row, column], unit == name)
    axes.set_xticks(range(shares.shape[1]), shares.columns)
    axes.set_yticks(range(shares.shape[0]), shares.index)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="class that the reconstruction is taken for", ylabel="anomalous class")
    figure.suptitle(title)
    legend_below(figure, [Patch(fill=False, edgecolor=COLOURS[1], label="taken for what it is")])
    return figure


def _write_share(axes: Axes, place: tuple[int, int], share: float, own: bool) -> None:
    """One number of the heat map, at (row, column); the unit's own class has a frame."""
    row, column = place
    text = NOTHING if math.isnan(share) else f"{share:.2f}"
    axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.7 else INK, fontsize=9)
    if own:
        frame = Rectangle(
            (column - 0.47, row - 0.47), 0.94, 0.94, fill=False, edgecolor=COLOURS[1], linewidth=1.6
        )
        axes.add_patch(frame)

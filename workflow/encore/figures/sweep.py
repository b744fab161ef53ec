"""A kernel density estimate's metric over its bandwidth, with the printed number."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from encore.figures.style import INK, label_x, legend_below, looks_of, panels_of, styled
from encore.papers.model import Paper
from encore.tables.entry import published_by_unit
from encore.tables.files import read_measures

SWEEP_SCORE = re.compile(r"^bandwidth_(?P<bandwidth>[^_]+)_leaf_(?P<leaf>[^_]+)$")


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the experiment's measures."""
    dataset = paper.experiments[entry["experiment"]].dataset
    printed = published_by_unit(paper, entry["table"], entry["method"], dataset)
    return sweep_figure(read_measures(inputs[0]), printed, entry["title"])


@styled
def sweep_figure(
    measures: pd.DataFrame, published: Mapping[str, str], title: str, metric: str = "AUROC"
) -> Figure:
    """How a kernel density estimate's metric depends on its bandwidth, a panel a unit, a line a leaf size.

    measures: of one experiment; only the score columns bandwidth_<h>_leaf_<l> are drawn.
    published: by unit, the number as printed; a unit without one has no dashed line.
    """
    swept = _swept(measures, metric)
    units, bandwidths = swept["unit"].unique(), sorted(swept["bandwidth"].unique())
    looks = looks_of(sorted(swept["leaf"].unique(), key=_leaf_order), 3.5)
    columns = min(4, len(units))
    figure, panels = panels_of(len(units), columns, 1.9, sharex=True, sharey=True)
    for axes, unit in zip(panels, units, strict=True):
        _draw_sweep(axes, swept[swept["unit"] == unit], looks, published.get(unit, ""))
        axes.set_xscale("log")
        # Bandwidths that were swept, and no more of them than stand side by side.
        axes.xaxis.set_major_locator(FixedLocator(bandwidths[:: math.ceil(len(bandwidths) / 5)]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
    for leftmost in panels[::columns]:
        leftmost.set_ylabel(metric)
    label_x(panels, columns, "bandwidth")
    figure.suptitle(title)
    handles = [Line2D([], [], label=_leaf_label(leaf), **look) for leaf, look in looks.items()]
    if any(published.get(unit) for unit in units):
        handles.append(Line2D([], [], color=INK, linestyle="--", label="as printed"))
    legend_below(figure, handles)
    return figure


def _swept(measures: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Columns unit, leaf, bandwidth, value: the metric of every swept score, its mean over seeds."""
    named = measures["score"].str.extract(SWEEP_SCORE)
    swept = measures[["unit", "metric", "value"]].join(named)
    swept = swept[swept["bandwidth"].notna() & (swept["metric"] == metric)]
    if swept.empty:
        raise ValueError(f"the measures hold no {metric} of a score named bandwidth_<h>_leaf_<l>.")
    swept = swept.assign(unit=swept["unit"].astype(str), bandwidth=swept["bandwidth"].astype(float))
    return swept.groupby(["unit", "leaf", "bandwidth"], sort=False, as_index=False)["value"].mean()


def _draw_sweep(
    axes: Axes, swept: pd.DataFrame, looks: Mapping[str, Mapping[str, str]], printed: str
) -> None:
    """One panel: a line a leaf size, dashed the number as printed."""
    for leaf, look in looks.items():
        line = swept[swept["leaf"] == leaf].sort_values("bandwidth")
        axes.plot(line["bandwidth"], line["value"], linewidth=1.3, **look)
    if printed:
        axes.axhline(float(printed), color=INK, linestyle="--", linewidth=1.1)
        axes.set_title(f"printed {printed}", loc="right", fontsize=8.5)
    axes.set_title(swept["unit"].iloc[0])


def _leaf_label(leaf: str) -> str:
    return "exact (one leaf)" if leaf == "all" else f"scikit-learn's tree, leaf size {leaf}"


def _leaf_order(leaf: str) -> float:
    """The exact density first, then leaf sizes from large to small."""
    return -math.inf if leaf == "all" else -float(leaf)

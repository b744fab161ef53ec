"""A table's numbers with their intervals beside the printed ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from encore.figures.style import FAINT, INK, legend_below, looks_of, panels_of, styled
from encore.papers.kinds import METRICS, Metric
from encore.papers.model import AVERAGE, Paper
from encore.tables.files import read_table
from encore.tables.verdicts import CITED, MEANING, STALE


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the long table."""
    return cells_figure(read_table(inputs[0]), entry["title"])


@styled
def cells_figure(frame: pd.DataFrame, title: str) -> Figure:
    """A long table as a plot, a panel a dataset: means with 95 % intervals, printed numbers, the cited range.

    Methods that are run have a colour and a marker each, hollow for the number as printed; the range of the
    methods that the paper cites is grey. An interval that leaves the metric's range is cut off there. Stale
    numbers are told of in the title.
    """
    methods = frame.loc[frame["verdict"] != CITED, "method"].unique()
    looks = looks_of(methods, 5)
    datasets = frame["dataset"].unique()
    figure, panels = panels_of(len(datasets), 1, 2.7)
    for axes, dataset in zip(panels, datasets, strict=True):
        _draw_dataset(axes, frame[frame["dataset"] == dataset], looks)
    figure.align_ylabels(panels)
    stale = f"\nsome of it {STALE}: {MEANING[STALE]}" if (frame["verdict"] == STALE).any() else ""
    figure.suptitle(title + stale)
    legend_below(figure, _handles(frame, looks))
    return figure


def _draw_dataset(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, Mapping[str, str]]) -> None:
    """One panel: a dataset's subsets from left to right, its average set apart."""
    places = _places(rows["subset"].unique())
    axes.use_sticky_edges = False  # a grey bar keeps its distance from the axis
    _draw_cited(axes, rows[(rows["verdict"] == CITED) & ~rows["method"].isin(looks)], places)
    for index, (method, look) in enumerate(looks.items()):
        shift = (index - (len(looks) - 1) / 2) * 0.86 / len(looks)
        _draw_method(axes, rows[rows["method"] == method], places, shift, look)
    if AVERAGE in places and len(places) > 1:
        axes.axvline(places[AVERAGE] - 0.75, color="#8A9099", linewidth=0.8)
    axes.set_xticks(list(places.values()), list(places))
    if max(map(len, places)) > 8:
        axes.tick_params(axis="x", labelrotation=25)
    axes.set_xlim(-0.6, max(places.values()) + 0.6)
    axes.grid(axis="x", visible=False)
    axes.set_title(rows["dataset"].iloc[0])
    metric = rows["metric"].iloc[0]
    axes.set_ylabel(metric)
    _keep_in_bounds(axes, METRICS[metric])


def _keep_in_bounds(axes: Axes, metric: Metric) -> None:
    """End the y axis where the metric ends, with room for half a marker."""
    bottom, top = axes.get_ylim()
    low = bottom if metric.low is None else max(bottom, metric.low)
    high = top if metric.high is None else min(top, metric.high)
    room = 0.02 * (high - low)
    axes.set_ylim(max(bottom, low - room), min(top, high + room))


def _places(subsets: Sequence[str]) -> dict[str, float]:
    """x of every subset: 0, 1, … and the average half a step further, set apart."""
    return {subset: place + (0.5 if subset == AVERAGE else 0) for place, subset in enumerate(subsets)}


def _draw_cited(axes: Axes, cited: pd.DataFrame, places: Mapping[str, float]) -> None:
    """A grey bar from the lowest to the highest cited number of every subset."""
    spans = cited["published"].astype(float).groupby(cited["subset"]).agg(["min", "max"])
    x = [places[subset] for subset in spans.index]
    axes.bar(x, spans["max"] - spans["min"], 0.86, spans["min"], color=FAINT, edgecolor=FAINT, zorder=1)


def _draw_method(
    axes: Axes, rows: pd.DataFrame, places: Mapping[str, float], shift: float, look: Mapping[str, str]
) -> None:
    """Means with their intervals, and hollow beside each the number as printed."""
    x = rows["subset"].map(places).astype(float) + shift
    run = rows["reproduced"].notna()
    mean, low, high = (rows.loc[run, column] for column in ("reproduced", "ci_low", "ci_high"))
    # A single run of a method that varies has no interval: its mark stands alone.
    reach = [(mean - low).fillna(0), (high - mean).fillna(0)]
    axes.errorbar(x[run] - 0.065, mean, yerr=reach, linestyle="none", elinewidth=1.4, zorder=3, **look)
    printed = rows["published"] != ""
    numbers = rows.loc[printed, "published"].astype(float)
    axes.plot(x[printed] + 0.065, numbers, linestyle="none", markerfacecolor="white", zorder=2, **look)


def _handles(frame: pd.DataFrame, looks: Mapping[str, Mapping[str, str]]) -> list[Line2D | Patch]:
    """The legend's entries, only those that the table has use for."""
    handles = [Line2D([], [], linestyle="none", label=method, **look) for method, look in looks.items()]
    if (frame["ci_high"] > frame["ci_low"]).any():
        bar = {"marker": "|", "markersize": 11, "markeredgewidth": 1.4}
        handles.append(Line2D([], [], linestyle="none", color=INK, label="95 % interval", **bar))
    own = frame["method"].isin(looks)
    if (frame.loc[own, "published"] != "").any():
        hollow = {"marker": "o", "markersize": 5, "markerfacecolor": "white"}
        handles.append(Line2D([], [], linestyle="none", color=INK, label="hollow: as printed", **hollow))
    if (frame.loc[~own, "verdict"] == CITED).any():
        handles.append(Patch(color=FAINT, label="range of cited methods"))
    return handles

"""Plots of tables, training curves and sweeps.

Every function gives a Figure that belongs to nobody else: pyplot and its state are never used.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import EngFormatter, FixedLocator, MaxNLocator, NullLocator

from encore.files import write_atomically
from encore.papers import AVERAGE
from encore.tables.render import NOTHING
from encore.tables.verdicts import CITED, MEANING, STALE

DPI = 150
WIDTH = 8.0  # inches
# The colours of Okabe and Ito, which all kinds of colour vision tell apart; their yellow is too faint.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1B1B1B")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
DASHES = ("-", "--", ":")
FAINT = "#D3D6DA"
INK = "#1B1B1B"
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E8EB",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.columnspacing": 1.6,
    "legend.handletextpad": 0.5,
    "figure.titlesize": 12,
    "figure.constrained_layout.use": True,
}
BOUNDED = frozenset({"AUROC", "AUPRC"})  # metrics between 0 and 1
SWEEP_SCORE = re.compile(r"^bandwidth_(?P<bandwidth>[^_]+)_leaf_(?P<leaf>[^_]+)$")

styled = matplotlib.rc_context(STYLE)


@styled  # ticks are made when a figure is drawn, in the style of that moment
def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG whole or not at all; equal figures give equal bytes, which hold no time and no version."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    write_atomically(path, stream.getvalue())


def line_styles(number: int) -> list[tuple[str, str]]:
    """(colour, dash) for so many lines: first the colours, then the colours again with the next dash."""
    styles = [(colour, dash) for dash, colour in product(DASHES, COLOURS)]
    return [styles[index % len(styles)] for index in range(number)]


def looks_of(labels: Sequence[str], size: float) -> dict[str, dict[str, object]]:
    """A colour and a marker of so many points for each label, over again where there are more than seven."""
    return {
        label: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "markersize": size}
        for i, label in enumerate(labels)
    }


def _panels(number: int, columns: int, panel_height: float, **shared) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels in rows of `columns`; places left over stay empty."""
    rows = math.ceil(number / columns)
    figure = Figure(figsize=(WIDTH, panel_height * rows + 1.1))
    grid = figure.subplots(rows, columns, squeeze=False, **shared)
    panels = list(grid.flat)
    for empty in panels[number:]:
        empty.remove()
    return figure, panels[:number]


def _label_x(panels: Sequence[Axes], columns: int, label: str) -> None:
    """Name x below the lowest panel of every column, also where that stands above an empty place."""
    for lowest in panels[-columns:]:
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel(label)


def legend_below(figure: Figure, handles: Sequence[Line2D | Patch]) -> None:
    """The legend below all panels, in as few rows as the figure is wide enough for."""
    for rows in range(1, len(handles) + 1):
        columns = math.ceil(len(handles) / rows)
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        if columns == 1 or legend.get_window_extent().width < figure.bbox.width:
            return
        legend.remove()


# --- a table's cells ---------------------------------------------------------------------------------


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
    if metric in BOUNDED:
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, 0), min(top, 1.01))


def _cells_handles(frame: pd.DataFrame, looks: Mapping[str, Mapping[str, str]]) -> list[Line2D | Patch]:
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
    figure, panels = _panels(len(datasets), 1, 2.7)
    for axes, dataset in zip(panels, datasets, strict=True):
        _draw_dataset(axes, frame[frame["dataset"] == dataset], looks)
    figure.align_ylabels(panels)
    stale = f"\nsome of it {STALE}: {MEANING[STALE]}" if (frame["verdict"] == STALE).any() else ""
    figure.suptitle(title + stale)
    legend_below(figure, _cells_handles(frame, looks))
    return figure


# --- training curves ---------------------------------------------------------------------------------


@styled
def history_figure(histories: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Training curves: a panel a loss, a thin line a run.

    histories: by run's label; a row a log step, the column `iteration` is x, every other column a loss.
    """
    losses = dict.fromkeys(name for history in histories.values() for name in history.columns)
    losses.pop("iteration")
    columns = min(3, len(losses))
    figure, panels = _panels(len(losses), columns, 2.0, sharex=True)
    looks = [{"color": colour, "linestyle": dash} for colour, dash in line_styles(len(histories))]
    for axes, loss in zip(panels, losses, strict=True):
        for history, look in zip(histories.values(), looks, strict=True):
            if loss in history:
                axes.plot(history["iteration"], history[loss], linewidth=0.8, **look)
        axes.set_title(loss)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    _label_x(panels, columns, "iteration")
    figure.suptitle(title)
    legend_below(
        figure, [Line2D([], [], label=run, **look) for run, look in zip(histories, looks, strict=True)]
    )
    return figure


# --- sweeps ------------------------------------------------------------------------------------------


def _leaf_label(leaf: str) -> str:
    return "exact (one leaf)" if leaf == "all" else f"scikit-learn's tree, leaf size {leaf}"


def _leaf_order(leaf: str) -> float:
    """The exact density first, then leaf sizes from large to small."""
    return -math.inf if leaf == "all" else -float(leaf)


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
    figure, panels = _panels(len(units), columns, 1.9, sharex=True, sharey=True)
    for axes, unit in zip(panels, units, strict=True):
        _draw_sweep(axes, swept[swept["unit"] == unit], looks, published.get(unit, ""))
        axes.set_xscale("log")
        # Bandwidths that were swept, and no more of them than stand side by side.
        axes.xaxis.set_major_locator(FixedLocator(bandwidths[:: math.ceil(len(bandwidths) / 5)]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
    for leftmost in panels[::columns]:
        leftmost.set_ylabel(metric)
    _label_x(panels, columns, "bandwidth")
    figure.suptitle(title)
    handles = [Line2D([], [], label=_leaf_label(leaf), **look) for leaf, look in looks.items()]
    if any(published.get(unit) for unit in units):
        handles.append(Line2D([], [], color=INK, linestyle="--", label="as printed"))
    legend_below(figure, handles)
    return figure


@styled
def contrast_figure(
    pairs: np.ndarray, labels: Sequence[str], losses: Mapping[str, Sequence[float]], title: str
) -> Figure:
    """Pairs of an image and itself shifted at falling contrast, with what the losses say of each pair.

    pairs: uint8 (2 n, 3, H, W), image and shifted image in turn; labels: what stands above each pair;
    losses: name -> n values, written beneath each pair.
    """
    number = len(labels)
    figure = Figure(figsize=(WIDTH, 2.2))
    for index, axes in enumerate(figure.subplots(1, number)):
        left, right = pairs[2 * index : 2 * index + 2].transpose(0, 2, 3, 1)
        gap = np.full((left.shape[0], 4, 3), 255, np.uint8)
        axes.imshow(np.concatenate([left, gap, right], axis=1), interpolation="none")
        axes.set(xticks=[], yticks=[], title=labels[index])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("\n".join(f"{name}: {values[index]:.3g}" for name, values in losses.items()))
    figure.suptitle(title)
    return figure


@styled
def filters_figure(stds: np.ndarray, amounts: np.ndarray, norms: np.ndarray, title: str) -> Figure:
    """Left, how far the filters' standard deviations differ; right, how features shrink with contrast.

    stds: (filters,); amounts: (n,), contrast taken away, 0 to 1; norms: (n,), mean |f(x)|.
    """
    figure = Figure(figsize=(WIDTH, 3))
    left, right = figure.subplots(1, 2)
    left.hist(stds, bins=30, color=COLOURS[0])
    left.set(xlabel="standard deviation of a filter's response", ylabel=f"filters, of {len(stds)}")
    right.plot(amounts, norms, color=COLOURS[1], marker=MARKERS[0], markersize=4)
    right.set(xlabel="contrast taken away", ylabel="mean |f(x)|", ylim=(0, None))
    figure.suptitle(title)
    return figure


# --- what reconstructions resemble -------------------------------------------------------------------


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

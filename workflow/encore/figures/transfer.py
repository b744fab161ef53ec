"""Scatter plots of DualVAE's two scores: how well images are transferred against how much else they keep."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from encore.figures.plots import FAINT, WIDTH, legend_below, looks_of, styled
from encore.tables.build import MAIN_SCORE

SWEPT = r"^lambda=(.+)$"
MUTED = "#6A7079"  # for words that stand behind the data
SMALL = 7.5  # points
HALO = withStroke(linewidth=1.5, foreground="white")  # words that cross a line can be read
DOT = 4.5  # points, a marker's size
# Where a label may stand beside its dot, the near places first.
AROUND = [
    (far * x, far * y)
    for far in (1, 2)
    for x, y in ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
]


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


def _equal_cis(axes: Axes) -> None:
    """Faint lines of equal CIS = ts + rs behind what is drawn, each named where it begins at the left or top.

    The limits of both axes stay as they are.
    """
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


def _plane() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, 5.5))
    axes = figure.subplots()
    axes.margins(0.12)
    axes.set(xlabel="reconstruction score rs", ylabel="transfer score ts")
    return figure, axes


def _told(label: str, points: np.ndarray) -> str:
    """The label in the legend, which says why points are missing."""
    return label if np.isfinite(points).all() else f"{label} (a training diverged)"


@styled
def transfer_figure(points: Mapping[str, np.ndarray], title: str) -> Figure:
    """Every set of images as a point, ts over rs, a colour and a marker a model, and lines of equal CIS.

    points: model -> (n, 2), rs and ts; nan, where a training diverged, is left out and told of in the legend.
    """
    figure, axes = _plane()
    handles = []
    for (label, found), look in zip(points.items(), looks_of(list(points), DOT).values(), strict=True):
        dots = {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.4, **look}
        axes.plot(*found.T, alpha=0.75, **dots)
        handles.append(Line2D([], [], label=_told(label, found), **dots))
    _equal_cis(axes)
    figure.suptitle(title)
    legend_below(figure, handles)
    return figure


# --- swept lambdas -----------------------------------------------------------------------------------


def _over_amounts(measures: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Columns rs and ts, means over seeds, a row a swept lambda in rising order, which is the index.

    Of a method that sweeps none its own score, the index being nan. A training that diverged has no number,
    or no row for a lambda; the mean is nan then.
    """
    rows = measures[(measures["unit"] == unit) & measures["metric"].isin(["rs", "ts"])]
    seeds = rows["seed"].unique()
    rows = rows.assign(amount=rows["score"].str.extract(SWEPT)[0].astype(float))
    swept = rows["amount"].notna()
    rows = rows[swept] if swept.any() else rows[rows["score"] == MAIN_SCORE]
    if set(rows["metric"]) != {"rs", "ts"}:
        raise ValueError(f"the measures hold no rs and ts of unit {unit!r}.")
    by_seed = rows.set_index(["metric", "amount", "seed"])["value"].unstack("seed").reindex(columns=seeds)
    means = by_seed.mean(axis=1, skipna=False)
    return pd.DataFrame({metric: means[metric] for metric in ("rs", "ts")})


def _box(centre: np.ndarray, size: np.ndarray) -> Bbox:
    return Bbox([centre - size / 2, centre + size / 2])


def _free_place(
    dot: np.ndarray, size: np.ndarray, width: float, taken: list[Bbox], lines: list[Path]
) -> Bbox:
    """Where a label of this size covers fewest dots and labels; then few lines, and not far from its dot."""

    def cost(place: tuple[int, int]) -> tuple[int, int]:
        crossed = sum(line.intersects_bbox(beside(place), filled=False) for line in lines)
        return beside(place).count_overlaps(taken), crossed + max(map(abs, place))

    def beside(place: tuple[int, int]) -> Bbox:
        return _box(dot + 0.5 * (size + 1.8 * width) * place, size)

    return beside(min(AROUND, key=cost))


def _label_dots(axes: Axes, lines: Mapping[str, pd.DataFrame], looks: Mapping[str, Mapping]) -> None:
    """Beside every dot its lambda, in its line's colour; to be called when all else is drawn.

    lines: label -> rs and ts, the index being lambda.
    """
    figure = axes.get_figure()
    figure.draw_without_rendering()  # the axes take their place, in which labels are measured
    pixels = figure.dpi / 72  # in a point
    drawn = {label: axes.transData.transform(line.to_numpy()) for label, line in lines.items()}
    paths = [Path(line) for line in drawn.values() if len(line)]
    taken = [_box(place, np.full(2, DOT * pixels)) for line in drawn.values() for place in line]
    for label, line in lines.items():
        for amount, place, values in zip(line.index, drawn[label], line.to_numpy(), strict=True):
            note = axes.annotate(
                f"{amount:g}", values, (0, 0), textcoords="offset points", ha="center", va="center",
                fontsize=SMALL, color=looks[label]["color"], path_effects=[HALO],
            )  # fmt: skip
            size = np.array(note.get_window_extent().size)
            taken.append(_free_place(place, size, DOT * pixels, taken, paths))
            note.xyann = (taken[-1].p0 + size / 2 - place) / pixels


@styled
def sparsity_figure(measures: Mapping[str, pd.DataFrame], unit: str, title: str) -> Figure:
    """ts over rs as lambda grows, a line an experiment with lambda beside every dot, and lines of equal CIS.

    measures: label -> the measures of an experiment, of which the `unit` is drawn; where no lambda was swept,
    a single dot stands for it. Means over seeds; those with a training that diverged are left out, as the
    legend says. Measures without rs and ts are a ValueError.
    """
    figure, axes = _plane()
    looks = looks_of(list(measures), DOT)
    handles, dots = [], {}
    for label, look in looks.items():
        means = _over_amounts(measures[label], unit)
        axes.plot(means["rs"], means["ts"], linewidth=1.2, **look)
        handles.append(Line2D([], [], label=_told(label, means.to_numpy()), linewidth=1.2, **look))
        dots[label] = means[means.index.notna()].dropna()
    _equal_cis(axes)
    figure.suptitle(title)
    if any(map(len, dots.values())):
        axes.set_title("beside a dot: λ", loc="right", fontsize=8.5)
    legend_below(figure, handles)
    _label_dots(axes, dots, looks)
    return figure

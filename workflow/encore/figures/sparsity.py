"""DualVAE's Figure 6: how the scores move with lambda."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path as Line
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from encore.figures.equal_cis import DOT, SMALL, lines_of_equal_cis, plane, told
from encore.figures.inputs import OF_MEASURES, by_label
from encore.figures.style import legend_below, looks_of, styled
from encore.papers.model import Paper
from encore.tables.files import MAIN_SCORE, read_measures

SWEPT = r"^lambda=(.+)$"
HALO = withStroke(linewidth=1.5, foreground="white")  # words that cross a line can be read
# Where a label may stand beside its dot, the near places first.
AROUND = [
    (far * x, far * y)
    for far in (1, 2)
    for x, y in ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
]


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the measures of each experiment."""
    paths = by_label(inputs, entry["experiments"], OF_MEASURES)
    measures = {label: read_measures(path) for label, path in paths.items()}
    return sparsity_figure(measures, entry["unit"], entry["title"])


@styled
def sparsity_figure(measures: Mapping[str, pd.DataFrame], unit: str, title: str) -> Figure:
    """ts over rs as lambda grows, a line an experiment with lambda beside every dot, and lines of equal CIS.

    measures: label -> the measures of an experiment, of which the `unit` is drawn; where no lambda was swept,
    a single dot stands for it. Means over seeds; those with a training that diverged are left out, as the
    legend says. Measures without rs and ts are a ValueError.
    """
    figure, axes = plane()
    looks = looks_of(list(measures), DOT)
    handles, dots = [], {}
    for label, look in looks.items():
        means = _over_amounts(measures[label], unit)
        axes.plot(means["rs"], means["ts"], linewidth=1.2, **look)
        handles.append(Line2D([], [], label=told(label, means.to_numpy()), linewidth=1.2, **look))
        dots[label] = means[means.index.notna()].dropna()
    lines_of_equal_cis(axes)
    figure.suptitle(title)
    if any(map(len, dots.values())):
        axes.set_title("beside a dot: λ", loc="right", fontsize=8.5)
    legend_below(figure, handles)
    _label_dots(axes, dots, looks)
    return figure


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


def _label_dots(axes: Axes, lines: Mapping[str, pd.DataFrame], looks: Mapping[str, Mapping]) -> None:
    """Beside every dot its lambda, in its line's colour; to be called when all else is drawn.

    lines: label -> rs and ts, the index being lambda.
    """
    figure = axes.get_figure()
    figure.draw_without_rendering()  # the axes take their place, in which labels are measured
    pixels = figure.dpi / 72  # in a point
    drawn = {label: axes.transData.transform(line.to_numpy()) for label, line in lines.items()}
    paths = [Line(line) for line in drawn.values() if len(line)]
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


def _free_place(
    dot: np.ndarray, size: np.ndarray, width: float, taken: list[Bbox], lines: list[Line]
) -> Bbox:
    """Where a label of this size covers fewest dots and labels; then few lines, and not far from its dot."""

    def cost(place: tuple[int, int]) -> tuple[int, int]:
        crossed = sum(line.intersects_bbox(beside(place), filled=False) for line in lines)
        return beside(place).count_overlaps(taken), crossed + max(map(abs, place))

    def beside(place: tuple[int, int]) -> Bbox:
        return _box(dot + 0.5 * (size + 1.8 * width) * place, size)

    return beside(min(AROUND, key=cost))


def _box(centre: np.ndarray, size: np.ndarray) -> Bbox:
    return Bbox([centre - size / 2, centre + size / 2])

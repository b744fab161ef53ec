"""Training curves: the losses of an experiment's runs."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from encore.figures.style import COLOURS, label_x, legend_below, panels_of, styled
from encore.papers.model import Paper

DASHES = ("-", "--", ":")


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: a history.csv a run."""
    histories = {"/".join(path.parts[-3:-1]): pd.read_csv(path) for path in inputs}
    return history_figure(histories, entry["title"])


@styled
def history_figure(histories: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Training curves: a panel a loss, a thin line a run.

    histories: by run's label; a row a log step, the column `iteration` is x, every other column a loss.
    """
    losses = dict.fromkeys(name for history in histories.values() for name in history.columns)
    losses.pop("iteration")
    columns = min(3, len(losses))
    figure, panels = panels_of(len(losses), columns, 2.0, sharex=True)
    looks = [{"color": colour, "linestyle": dash} for colour, dash in line_styles(len(histories))]
    for axes, loss in zip(panels, losses, strict=True):
        for history, look in zip(histories.values(), looks, strict=True):
            if loss in history:
                axes.plot(history["iteration"], history[loss], linewidth=0.8, **look)
        axes.set_title(loss)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    label_x(panels, columns, "iteration")
    figure.suptitle(title)
    legend_below(
        figure, [Line2D([], [], label=run, **look) for run, look in zip(histories, looks, strict=True)]
    )
    return figure


def line_styles(number: int) -> list[tuple[str, str]]:
    """(colour, dash) for so many lines: first the colours, then the colours again with the next dash."""
    styles = [(colour, dash) for dash, colour in product(DASHES, COLOURS)]
    return [styles[index % len(styles)] for index in range(number)]

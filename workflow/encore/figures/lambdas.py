"""How the lambda of DualVAE's transfers was chosen: CIS on validation images, the chosen lambda marked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from encore.figures.inputs import OF_MEASURES, by_label
from encore.figures.style import INK, WIDTH, legend_below, looks_of, styled
from encore.papers.model import Paper
from encore.tables.files import MAIN_SCORE, read_measures

SWEPT = r"^lambda=(.+)$"


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the measures of each experiment."""
    paths = by_label(inputs, entry["experiments"], OF_MEASURES)
    measures = {label: read_measures(path) for label, path in paths.items()}
    return lambdas_figure(measures, entry["unit"], entry["title"])


@styled
def lambdas_figure(measures: Mapping[str, pd.DataFrame], unit: str, title: str) -> Figure:
    """CIS on validation images over lambda, a thin line a run, a large marker at the lambda that was chosen.

    measures: label -> the measures of an experiment, of which the `unit` is drawn. The legend has the length
    of the dual vectors, in which lambda is measured, a number a run. A training that diverged has no line.
    Measures without a sweep on validation images are a ValueError.
    """
    figure = Figure(figsize=(WIDTH, 4.2))
    axes = figure.subplots()
    handles, amounts = [], set()
    for label, look in looks_of(list(measures), 3.5).items():
        rows = measures[label][measures[label]["unit"] == unit]
        curves = _curves(rows)
        if curves.empty:
            raise ValueError(f"the measures hold no CIS on validation images of unit {unit!r}.")
        amounts |= {*curves.index}
        own = rows[rows["score"] == MAIN_SCORE].set_index(["metric", "seed"])["value"]
        for seed, curve in curves.items():
            axes.plot(curve.index, curve, linewidth=1, **look)
            chosen = own["lambda", seed]
            if chosen in curve.index:  # of a training that diverged it is no number
                axes.plot([chosen], [curve[chosen]], linestyle="none", **(look | {"markersize": 9}))
        lengths = ", ".join(f"{length:.2f}" for length in own["length"].sort_index().dropna())
        named = f"{label}, |u| = {lengths}" if lengths else f"{label} (a training diverged)"
        handles.append(Line2D([], [], label=named, linewidth=1, **look))
    axes.axhline(0, color=INK, linestyle="--", linewidth=1)
    handles.append(Line2D([], [], color=INK, linestyle="--", linewidth=1, label="nothing changed"))
    axes.set_xscale("log")
    axes.set_xlim(min(amounts) / 1.3, max(amounts) * 1.3)  # also where there is nothing to show
    axes.xaxis.set_major_locator(FixedLocator(sorted(amounts)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="λ (the chosen one is large)", ylabel="CIS on validation images")
    figure.suptitle(title)
    legend_below(figure, handles)
    return figure


def _curves(rows: pd.DataFrame) -> pd.DataFrame:
    """CIS on validation images, a row a lambda in rising order, a column a seed.

    rows: the measures of one unit.
    """
    swept = rows[rows["metric"] == "CIS_valid"]
    amounts = swept["score"].str.extract(SWEPT)[0].astype(float)
    return swept.assign(amount=amounts).pivot(index="amount", columns="seed", values="value")

"""PIAD's Figure 3: how filters' responses differ, and how they shrink with contrast."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.style import COLOURS, MARKERS, WIDTH, styled
from encore.papers.model import Paper


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: what the rule `contrast` measured."""
    measured = load_file(inputs[0])
    return filters_figure(measured["filter_std"], measured["amount"], measured["l1_norm"], entry["title"])


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

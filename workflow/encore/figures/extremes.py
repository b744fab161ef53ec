"""The least and the most anomalous test images under several losses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.inputs import OF_RUN, by_label
from encore.figures.mosaic import mosaic, show
from encore.figures.style import WIDTH, styled
from encore.papers.model import Paper


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: an extremes.safetensors an experiment."""
    shown = {}
    for label, path in by_label(inputs, entry["experiments"], OF_RUN).items():
        kept = load_file(path)
        shown[f"{label}: {float(kept['auroc']):.3f}"] = (kept["least"], kept["most"])
    return extremes_grid(shown, entry["title"])


@styled
def extremes_grid(shown: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str, columns: int = 8) -> Figure:
    """A column a loss: above its least, beneath its most anomalous images, uint8 (n, C, S, S) each."""
    figure = Figure(figsize=(WIDTH, 0.9 + 2 * WIDTH / len(shown) * 3 / columns))
    grid = figure.subplots(2, len(shown), squeeze=False)
    for column, (label, ends) in enumerate(shown.items()):
        for axes, images in zip(grid[:, column], ends, strict=True):
            show(axes, mosaic(images, columns))
        grid[0, column].set_title(label)
    for axes, name in zip(grid[:, 0], ("least", "most"), strict=True):
        axes.set_ylabel(name)
    figure.suptitle(title)
    return figure

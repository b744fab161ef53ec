"""PIAD's Figure 1: an image and itself shifted at falling contrast, with what losses say of each pair."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.style import WIDTH, styled
from encore.papers.model import Paper


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: what the rule `contrast` measured."""
    measured = load_file(inputs[0])
    amounts = measured["shown"]
    rows = [int(np.argmin(np.abs(measured["amount"] - amount))) for amount in amounts]
    losses = {"perc": measured["perceptual"][rows], "rel-perc-L1": measured["relative_perceptual_l1"][rows]}
    labels = [f"contrast lowered by {amount:g}" if amount else "original" for amount in amounts]
    return contrast_figure(measured["pairs"], labels, losses, entry["title"])


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

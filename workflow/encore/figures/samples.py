"""What a generator makes of random latent vectors."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.mosaic import mosaic, show
from encore.figures.style import WIDTH, styled
from encore.papers.model import Paper


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the reconstructions.safetensors of a run."""
    return samples_grid(load_file(inputs[0])["sample"], entry["title"])


@styled
def samples_grid(images: np.ndarray, title: str, columns: int = 8) -> Figure:
    """Images uint8 (n, C, S, S) row by row."""
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(WIDTH, WIDTH * rows / columns + 0.5))
    show(figure.subplots(), mosaic(images, columns))
    figure.suptitle(title)
    return figure

"""Images between two latents, of one generator or of several beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.inputs import OF_RUN, by_label
from encore.figures.rows import rows_grid
from encore.papers.model import Paper

ROWS_OF_SEVERAL = 2


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: a shown.safetensors an experiment.

    Of one with an encoder, the two test images whose latents are the ends stand at both sides.
    """
    paths, rows = by_label(inputs, entry["experiments"], OF_RUN), []
    heads: list[str] = []
    for label, path in paths.items():
        images = load_file(path)
        between = images["interpolation"]
        if len(paths) == 1 and "ends" in images:
            ends = images["ends"]
            heads = ["real", *[""] * between.shape[1], "real"]
            between = np.concatenate([ends[:, :1], between, ends[:, 1:]], axis=1)
        shown = between if len(paths) == 1 else between[:ROWS_OF_SEVERAL]
        for row, line in enumerate(shown):
            rows.append((label if row == 0 and len(paths) > 1 else "", line))
    return rows_grid(rows, entry["title"], heads)

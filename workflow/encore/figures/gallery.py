"""What one generator makes of random latents, or several generators beside each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.inputs import OF_RUN, by_label
from encore.figures.rows import rows_grid
from encore.papers.model import Paper

COLUMNS = 10
ROWS_OF_ONE, ROWS_OF_SEVERAL = 6, 2


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: a shown.safetensors an experiment; of one alone its name is not shown."""
    paths, rows = by_label(inputs, entry["experiments"], OF_RUN), []
    for label, path in paths.items():
        images = load_file(path)["sample"]
        for row in range(ROWS_OF_ONE if len(paths) == 1 else ROWS_OF_SEVERAL):
            name = label if row == 0 and len(paths) > 1 else ""
            rows.append((name, images[row * COLUMNS : (row + 1) * COLUMNS]))
    return rows_grid(rows, entry["title"])

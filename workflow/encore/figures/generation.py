"""What a generator with an encoder can do: random images, reconstructions, inpainting and morphing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.rows import rows_grid
from encore.papers.model import Paper

ROWS = 2  # of random images, and of morphing


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the shown.safetensors of a run, whose method has one autoencoder."""
    images = load_file(inputs[0])
    number = len(images["original"])
    (made,) = (of for name, of in images.items() if name.startswith("original."))
    rows = [(f"random {row + 1}", images["sample"][row * number : (row + 1) * number]) for row in range(ROWS)]
    rows += [("real", images["original"]), ("reconstructed", made)]
    rows += [("masked", images["masked"]), ("inpainted", images["inpainted"])]
    for row in range(ROWS):
        ends, between = images["ends"][row], images["interpolation"][row]
        rows.append((f"morphing {row + 1}", np.concatenate([ends[:1], between[1:-1], ends[1:]])))
    return rows_grid(rows, entry["title"])

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
    """inputs: the shown.safetensors of a run. Rows that its method has no encoder for are left out."""
    images = load_file(inputs[0])
    number = len(images["original"])
    made = [(name, of) for name, of in sorted(images.items()) if name.startswith("original.")]
    rows = [(f"random {row + 1}", images["sample"][row * number : (row + 1) * number]) for row in range(ROWS)]
    rows.append(("real", images["original"]))
    if len(made) == 1:
        rows.append(("reconstructed", made[0][1]))
    else:
        rows += [(f"by the {name.removeprefix('original.')}", of) for name, of in made]
    rows += [(name, images[name]) for name in ("masked", "inpainted") if name in images]
    for row in range(ROWS if "ends" in images else 0):
        ends, between = images["ends"][row], images["interpolation"][row]
        rows.append((f"morphing {row + 1}", np.concatenate([ends[:1], between[1:-1], ends[1:]])))
    return rows_grid(rows, entry["title"])

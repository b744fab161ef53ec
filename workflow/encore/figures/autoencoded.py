"""Generated and real images, each above what the autoencoders of a model make of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.rows import rows_grid
from encore.papers.model import Paper

KINDS = {"sample": "generated", "original": "real"}  # as the tensors name them


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the shown.safetensors of a run."""
    images, rows = load_file(inputs[0]), []
    for kind, word in KINDS.items():
        prefix = f"{kind}."
        made = {name.removeprefix(prefix): of for name, of in images.items() if name.startswith(prefix)}
        number = len(next(iter(made.values())))
        rows.append((word, images[kind][:number]))
        rows += [(f"by the {name}", of) for name, of in sorted(made.items())]
    return rows_grid(rows, entry["title"])

"""Generated images whose latents are moved away from an attribute and towards it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.edited_images import in_words
from encore.figures.rows import rows_grid
from encore.papers.model import Paper

HEADS = ("without", "as it is", "with")


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: the shown.safetensors of a run; an attribute that it has not is a ValueError."""
    images = load_file(inputs[0])
    domains = paper.experiments[entry["experiment"]].domains_of(entry["unit"])
    return arithmetic_grid(images, entry.get("domains", domains), entry["title"])


def arithmetic_grid(images: Mapping[str, np.ndarray], attributes: Sequence[str], title: str) -> Figure:
    """A row an attribute, in it three columns an image.

    images: `arithmetic.<attribute>` -> uint8 (n, 3, C, S, S), in the order of HEADS.
    """
    rows = []
    for attribute in attributes:
        moved = images.get(f"arithmetic.{attribute}")
        if moved is None:
            raise ValueError(f"the run has no images that were moved towards {attribute!r}.")
        rows.append((in_words(attribute), moved.reshape(-1, *moved.shape[2:])))
    number = len(rows[0][1]) // len(HEADS)
    return rows_grid(rows, title, HEADS * number, group=len(HEADS))

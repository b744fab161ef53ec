"""IFcVAEGAN's Figures 2 to 6: attributes taken away and put on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.edited_images import check_images, in_words, is_white, room_for
from encore.figures.mosaic import centres, mosaic, show
from encore.figures.style import WIDTH, styled
from encore.papers.model import Paper


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: an edits.safetensors a unit."""
    rows = {}
    for path in inputs:
        (attribute,) = paper.experiments[entry["experiment"]].domains_of(path.parts[-3])
        images, name = load_file(path), in_words(attribute)
        of_unit = f"{name}: " if len(inputs) > 1 else ""
        rows |= {
            f"{of_unit}original": images["original"],
            f"{of_unit}reconstruction": images["reconstruction"],
            f"not {name}": images["edited_0"],
            name: images["edited_1"],
        }
    return edits_grid(rows, entry["title"])


@styled
def edits_grid(images: Mapping[str, np.ndarray], title: str) -> Figure:
    """A row a kind of image, named at its left, a column an image.

    images: name of the row -> uint8 (n, C, S, S), the originals first; another shape is a ValueError.
    A run that diverged has white images, and the title says so.
    """
    check_images(images, "n, ")
    rows = list(images.values())
    number, _, size, _ = rows[0].shape
    canvas = mosaic(np.concatenate(rows), number)
    width = WIDTH - room_for(list(images))
    figure = Figure(figsize=(WIDTH, width * canvas.shape[0] / canvas.shape[1] + 0.5))
    axes = figure.subplots()
    show(axes, canvas)
    axes.set_anchor("NW")  # else the layout leaves no room for the names
    axes.set_yticks(centres(len(rows), size), list(images))
    axes.tick_params(length=0)
    diverged = all(map(is_white, rows[1:]))
    figure.suptitle(f"{title}\nthe training diverged" if diverged else title)
    return figure

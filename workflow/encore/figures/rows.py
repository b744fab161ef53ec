"""Rows of images with names at their left."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from encore.figures.edited_images import check_images, is_white, room_for
from encore.figures.mosaic import GAP, centres, mosaic, show
from encore.figures.style import WIDTH, styled


@styled
def rows_grid(
    rows: Sequence[tuple[str, np.ndarray]], title: str, heads: Sequence[str] = (), group: int = 0
) -> Figure:
    """A row of images a pair of (name, uint8 (n, C, S, S)), one below the other; names may be empty.

    heads: above the columns. group: columns that belong together, with a wider gap between such groups.
    Other shapes are a ValueError. Where all is white, as of runs that diverged, the title says so.
    """
    check_images({name or f"row {place}": images for place, (name, images) in enumerate(rows)}, "n, ")
    number, _, size, _ = rows[0][1].shape
    canvas = mosaic(np.concatenate([images for _, images in rows]), number)
    if group:
        canvas, places = _spaced(canvas, number, size, group), _spaced_centres(number, size, group)
    else:
        places = centres(number, size)
    names = [name for name, _ in rows]
    width = WIDTH - (room_for(names) if any(names) else 0)
    figure = Figure(figsize=(WIDTH, width * canvas.shape[0] / canvas.shape[1] + 0.5 + 0.2 * bool(heads)))
    axes = figure.subplots()
    show(axes, canvas)
    axes.set_anchor("NW")  # else the layout leaves no room for the names
    axes.set_yticks(centres(len(rows), size), names)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    if heads:
        axes.set_xticks(places, heads, fontsize=7)
    diverged = all(is_white(images) for _, images in rows)
    figure.suptitle(f"{title}\nthe training diverged" if diverged else title)
    return figure


def _spaced(canvas: np.ndarray, number: int, size: int, group: int) -> np.ndarray:
    """The canvas with another two gaps of white between groups of columns."""
    cuts = [place * (size + GAP) for place in range(group, number, group)]
    return np.insert(canvas, np.repeat(cuts, 2 * GAP), 255, axis=1)


def _spaced_centres(number: int, size: int, group: int) -> list[float]:
    return [at + place // group * 2 * GAP for place, at in enumerate(centres(number, size))]

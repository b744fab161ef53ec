"""Images and what a model makes of them, pixel for pixel."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from encore.figures.plots import WIDTH, styled

Group = tuple[np.ndarray, np.ndarray, np.ndarray]  # originals, reconstructions, scores
GAP = 2  # pixels of white between neighbouring images


def _check(group: Group, where: str) -> None:
    originals, reconstructions, scores = group
    if originals.ndim != 4 or len(originals) == 0 or originals.shape[1] not in (1, 3):
        raise ValueError(f"{where}: expected images (n, 1 or 3, S, S), found shape {originals.shape}.")
    if originals.dtype != np.uint8 or reconstructions.dtype != np.uint8:
        raise ValueError(f"{where}: expected uint8, found {originals.dtype} and {reconstructions.dtype}.")
    if reconstructions.shape != originals.shape or scores.shape != originals.shape[:1]:
        shapes = (
            f"{originals.shape} images, {reconstructions.shape} reconstructions and {scores.shape} scores"
        )
        raise ValueError(f"{where}: {shapes} do not belong together.")


def tile(originals: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """(n, C, S, S) twice -> (2 S + GAP, n (S + GAP) - GAP, 3): originals above reconstructions, on white."""
    n, _, height, width = originals.shape
    canvas = np.full((2 * height + GAP, n * (width + GAP) - GAP, 3), 255, np.uint8)
    for row, images in enumerate((originals, reconstructions)):
        top = row * (height + GAP)
        for column, image in enumerate(images):
            left = column * (width + GAP)
            canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)  # one channel: grey
    return canvas


def show(axes: Axes, canvas: np.ndarray) -> None:
    """A canvas and nothing around it."""
    axes.imshow(canvas, interpolation="none")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _draw_group(axes: Axes, group: Group) -> None:
    originals, reconstructions, scores = group
    canvas = tile(originals, reconstructions)
    show(axes, canvas)
    size = originals.shape[-1]
    for column, score in enumerate(scores):
        centre = column * (size + GAP) + (size - 1) / 2
        axes.text(centre, canvas.shape[0] + 0.5, f"{score:.3g}", ha="center", va="top", fontsize=7)


@styled
def reconstruction_grid(units: Mapping[str, Mapping[str, Group]], title: str) -> Figure:
    """Originals above their reconstructions above the scores; a block of rows a unit, groups side by side.

    units: by unit and then by group ("normal", "anomalous"; the same ones in every unit): originals and
    reconstructions uint8 (n, C, S, S) with C 1 or 3, and scores (n,), higher for more anomalous.
    """
    for unit, groups in units.items():
        for name, group in groups.items():
            _check(group, f"unit {unit!r}, {name}")
    names = list(dict.fromkeys(name for groups in units.values() for name in groups))
    widths = [max(len(groups[name][0]) for groups in units.values() if name in groups) for name in names]
    image = (WIDTH - 1) / sum(widths)  # inches, leaving room for the units' names
    figure = Figure(figsize=(WIDTH, len(units) * (2 * image + 0.25) + 0.8))
    grid = figure.subplots(len(units), len(names), squeeze=False, width_ratios=widths)
    for row, (unit, groups) in zip(grid, units.items(), strict=True):
        for axes, name in zip(row, names, strict=True):
            if name not in groups:
                axes.remove()
                continue
            _draw_group(axes, groups[name])
        row[0].set_ylabel(unit, rotation=0, ha="right", va="center", fontweight="bold")
    for axes, name in zip(grid[0], names, strict=True):
        axes.set_title(name)
    figure.suptitle(title)
    figure.supxlabel("above the original, beneath it the reconstruction and the anomaly score", fontsize=8.5)
    return figure


def corners(shape: Sequence[int], columns: int, head: int = 0) -> list[tuple[int, int]]:
    """(top, left) of each of n images in their `mosaic`, in its pixels. shape: (n, C, S, S)."""
    height, width = shape[2] + GAP + head, shape[3] + GAP
    return [(place // columns * height + head, place % columns * width) for place in range(shape[0])]


def mosaic(images: np.ndarray, columns: int, head: int = 0) -> np.ndarray:
    """Images uint8 (n, C, S, S) row by row with white between: uint8 (H, W, 3).

    head: pixels of white above every row.
    """
    n, _, height, width = images.shape
    rows = -(-n // columns)
    canvas = np.full((rows * (height + GAP + head) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for (top, left), image in zip(corners(images.shape, columns, head), images, strict=True):
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    return canvas


@styled
def extremes_grid(shown: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str, columns: int = 8) -> Figure:
    """A column a loss: above its least, beneath its most anomalous images, uint8 (n, C, S, S) each."""
    figure = Figure(figsize=(WIDTH, 0.9 + 2 * WIDTH / len(shown) * 3 / columns))
    grid = figure.subplots(2, len(shown), squeeze=False)
    for column, (label, ends) in enumerate(shown.items()):
        for axes, images in zip(grid[:, column], ends, strict=True):
            show(axes, mosaic(images, columns))
        grid[0, column].set_title(label)
    for axes, name in zip(grid[:, 0], ("least", "most"), strict=True):
        axes.set_ylabel(name)
    figure.suptitle(title)
    return figure


@styled
def samples_grid(images: np.ndarray, title: str, columns: int = 8) -> Figure:
    """Images uint8 (n, C, S, S) row by row."""
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(WIDTH, WIDTH * rows / columns + 0.5))
    show(figure.subplots(), mosaic(images, columns))
    figure.suptitle(title)
    return figure

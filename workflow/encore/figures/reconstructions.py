"""Test images above their reconstructions, with the anomaly score beneath."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.mosaic import centres, mosaic, show
from encore.figures.style import WIDTH, styled
from encore.papers.model import Paper

Group = tuple[np.ndarray, np.ndarray, np.ndarray]  # originals, reconstructions, scores


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: a reconstructions.safetensors a unit."""
    units = {}
    for path in inputs:
        arrays = load_file(path)
        units[path.parts[-3]] = {
            group: tuple(arrays[f"{group}.{part}"] for part in ("original", "reconstruction", "score"))
            for group in ("normal", "anomalous")
        }
    return reconstruction_grid(units, entry["title"])


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


def _draw_group(axes: Axes, group: Group) -> None:
    originals, reconstructions, scores = group
    number, _, size, _ = originals.shape
    canvas = mosaic(np.concatenate([originals, reconstructions]), number)
    show(axes, canvas)
    for centre, score in zip(centres(number, size), scores, strict=True):
        axes.text(centre, canvas.shape[0] + 0.5, f"{score:.3g}", ha="center", va="top", fontsize=7)


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

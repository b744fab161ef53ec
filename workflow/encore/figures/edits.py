"""Images and what editing makes of them: one attribute taken away and put on, or many domains in turn."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from encore.figures.grids import GAP, corners, mosaic, show
from encore.figures.plots import WIDTH, styled

COLUMNS = 10  # domains in a row
BLOCK_COLUMNS = 8  # images side by side, where every image has a block of its own
LETTER = 0.06  # inches of a domain's name in SMALL letters
HEAD = 0.25  # inches above an image, for a name of two lines
SMALL = {"fontsize": 6.5, "linespacing": 1.1}


def _check(images: Mapping[str, np.ndarray], axes: str) -> None:
    """That all arrays are images of one shape; axes: the meaning of those before C, S, S, such as "n, "."""
    shape = next(iter(images.values())).shape
    for name, array in images.items():
        fits = array.ndim == 3 + axes.count(",") and array.shape[-3] in (1, 3) and array.size > 0
        if not fits or array.dtype != np.uint8:
            expected = f"uint8 ({axes}1 or 3, S, S)"
            raise ValueError(f"{name}: expected images {expected}, found {array.dtype} {array.shape}.")
        if array.shape != shape:
            raise ValueError(f"{name}: found images {array.shape}, beside others {shape}.")


def _check_domains(shown: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
    _check(shown, "k, 1 + n, ")
    found = next(iter(shown.values())).shape[1] - 1
    if found != len(names):
        raise ValueError(f"there are images of {found} domains, but names of {len(names)}.")


def _white(images: np.ndarray) -> bool:
    """Whether there is nothing to see, as of a run that diverged."""
    return bool((images == 255).all())


def _labelled(shown: Mapping[str, np.ndarray]) -> list[str]:
    """The models' labels, with the reason why a model's images are white."""
    return [f"{label} (diverged)" if _white(images[:, 1:]) else label for label, images in shown.items()]


def _wrapped(name: str, width: float) -> str:
    """The name in lines that are no wider than so many inches, but for a long word."""
    return textwrap.fill(name, round(width / LETTER), break_long_words=False)


def _room(labels: Sequence[str]) -> float:
    """Inches that labels need at the left of a row, by the letters of the longest."""
    return 0.15 + 0.09 * max(map(len, labels))


def _centres(number: int, size: int) -> list[float]:
    """Of so many images in a row or a column of a mosaic, in its pixels."""
    return [place * (size + GAP) + (size - 1) / 2 for place in range(number)]


@styled
def edits_grid(images: Mapping[str, np.ndarray], title: str) -> Figure:
    """A row a kind of image, named at its left, a column an image.

    images: name of the row -> uint8 (n, C, S, S), the originals first; another shape is a ValueError.
    A run that diverged has white images, and the title says so.
    """
    _check(images, "n, ")
    rows = list(images.values())
    number, _, size, _ = rows[0].shape
    canvas = mosaic(np.concatenate(rows), number)
    width = WIDTH - _room(list(images))
    figure = Figure(figsize=(WIDTH, width * canvas.shape[0] / canvas.shape[1] + 0.5))
    axes = figure.subplots()
    show(axes, canvas)
    axes.set_anchor("NW")  # else the layout leaves no room for the names
    axes.set_yticks(_centres(len(rows), size), list(images))
    axes.tick_params(length=0)
    diverged = all(map(_white, rows[1:]))
    figure.suptitle(f"{title}\nthe training diverged" if diverged else title)
    return figure


@styled
def domains_grid(shown: Mapping[str, np.ndarray], names: Sequence[str], title: str) -> Figure:
    """The first image, and a block a model of what it becomes in each domain, under the domain's name.

    shown: model -> uint8 (k, 1 + n, C, S, S), k images as they are and then transferred to n domains; names:
    the domains'. Other shapes are a ValueError. A model that diverged has white images; its label says so.
    """
    _check_domains(shown, names)
    labels = _labelled(shown)
    firsts = [images[0] for images in shown.values()]
    original = next((first[:1] for first in firsts if not _white(first[:1])), firsts[0][:1])
    size = original.shape[-1]
    scale = (WIDTH - 0.1) / (COLUMNS * (size + GAP))  # inches a pixel
    head = round(HEAD / scale)
    canvases = [mosaic(original, COLUMNS), *(mosaic(first[1:], COLUMNS, head) for first in firsts)]
    heights = [canvas.shape[0] for canvas in canvases]
    figure = Figure(figsize=(WIDTH, sum(heights) * scale + 0.3 * len(canvases) + 0.4))
    panels = figure.subplots(len(canvases), height_ratios=heights)
    for axes, canvas, label in zip(panels, canvases, ["original", *labels], strict=True):
        show(axes, canvas)
        axes.set_title(label, fontweight="bold")
    for axes in panels[1:]:
        for (top, left), name in zip(corners(firsts[0][1:].shape, COLUMNS, head), names, strict=True):
            place = left + (size - 1) / 2, top - 0.5 - 0.02 / scale
            axes.text(*place, _wrapped(name, (size + GAP) * scale), ha="center", va="bottom", **SMALL)
    figure.suptitle(title)
    return figure


@styled
def chosen_domains_grid(shown: Mapping[str, np.ndarray], names: Sequence[str], title: str) -> Figure:
    """A block an image: a row a model, in it the image as it is and then in each of a few domains.

    Arguments as `domains_grid`.
    """
    _check_domains(shown, names)
    labels = _labelled(shown)
    number, columns, _, size, _ = next(iter(shown.values())).shape
    abreast = min(number, max(1, BLOCK_COLUMNS // columns))
    blocks = -(-number // abreast)
    image = (WIDTH - _room(labels) - 0.1 * abreast) / (columns * abreast)  # inches
    figure = Figure(figsize=(WIDTH, blocks * (len(shown) * image + 0.12) + HEAD + 0.5))
    grid = figure.subplots(blocks, abreast, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= number:
            axes.remove()
            continue
        show(axes, mosaic(np.concatenate([images[place] for images in shown.values()]), columns))
        axes.set_anchor("NW")
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        if place < abreast:
            heads = [_wrapped(name, image) for name in ("original", *names)]
            axes.set_xticks(_centres(columns, size), heads, **SMALL)
        if place % abreast == 0:
            axes.set_yticks(_centres(len(shown), size), labels)
    figure.suptitle(title)
    return figure

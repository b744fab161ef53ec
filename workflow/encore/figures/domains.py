"""DualVAE's Figure 5: images transferred to all domains or to some."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.edited_images import check_images, in_words, is_white, room_for
from encore.figures.inputs import OF_RUN, by_label
from encore.figures.mosaic import GAP, centres, corners, mosaic, show
from encore.figures.style import WIDTH, styled
from encore.papers.model import Paper
from encore.strict import nearest

COLUMNS = 10  # domains in a row
BLOCK_COLUMNS = 8  # images side by side, where every image has a block of its own
LETTER = 0.06  # inches of a domain's name in SMALL letters
HEAD = 0.25  # inches above an image, for a name of two lines
SMALL = {"fontsize": 6.5, "linespacing": 1.1}


def draw(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """inputs: an edits.safetensors an experiment."""
    paths = by_label(inputs, entry["experiments"], OF_RUN)
    units = [paper.experiments[name].domains_of(entry["unit"]) for name in entry["experiments"]]
    names = entry.get("domains", units[0])
    shown = {}
    for (label, path), domains in zip(paths.items(), units, strict=True):
        images = load_file(path)
        edited = images["edited"][:, _places(domains, names)]
        shown[label] = np.concatenate([images["original"][:, np.newaxis], edited], axis=1)
    grid = chosen_domains_grid if "domains" in entry else domains_grid
    return grid(shown, [in_words(name) for name in names], entry["title"])


def _places(domains: Sequence[str], chosen: Sequence[str]) -> list[int]:
    """Where the chosen domains stand among all; an unknown one is a ValueError."""
    for name in chosen:
        if name not in domains:
            raise ValueError(f"the figure shows the domain {name!r}; {nearest(name, domains)}")
    return [domains.index(name) for name in chosen]


@styled
def domains_grid(shown: Mapping[str, np.ndarray], names: Sequence[str], title: str) -> Figure:
    """The first image, and a block a model of what it becomes in each domain, under the domain's name.

    shown: model -> uint8 (k, 1 + n, C, S, S), k images as they are and then transferred to n domains; names:
    the domains'. Other shapes are a ValueError. A model that diverged has white images; its label says so.
    """
    _check_domains(shown, names)
    labels = _labelled(shown)
    firsts = [images[0] for images in shown.values()]
    original = next((first[:1] for first in firsts if not is_white(first[:1])), firsts[0][:1])
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
    image = (WIDTH - room_for(labels) - 0.1 * abreast) / (columns * abreast)  # inches
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
            axes.set_xticks(centres(columns, size), heads, **SMALL)
        if place % abreast == 0:
            axes.set_yticks(centres(len(shown), size), labels)
    figure.suptitle(title)
    return figure


def _check_domains(shown: Mapping[str, np.ndarray], names: Sequence[str]) -> None:
    check_images(shown, "k, 1 + n, ")
    found = next(iter(shown.values())).shape[1] - 1
    if found != len(names):
        raise ValueError(f"there are images of {found} domains, but names of {len(names)}.")


def _labelled(shown: Mapping[str, np.ndarray]) -> list[str]:
    """The models' labels, with the reason why a model's images are white."""
    return [f"{label} (diverged)" if is_white(images[:, 1:]) else label for label, images in shown.items()]


def _wrapped(name: str, width: float) -> str:
    """The name in lines that are no wider than so many inches, but for a long word."""
    return textwrap.fill(name, round(width / LETTER), break_long_words=False)

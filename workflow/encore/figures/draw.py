"""A figure of a paper's YAML from the files that its rule names: one function a kind."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.edits import chosen_domains_grid, domains_grid, edits_grid
from encore.figures.grids import extremes_grid, reconstruction_grid, samples_grid
from encore.figures.plots import (
    cells_figure,
    contrast_figure,
    filters_figure,
    history_figure,
    resemblance_figure,
    sweep_figure,
)
from encore.figures.transfer import means_of_sets, sparsity_figure, transfer_figure
from encore.papers import Paper
from encore.strict import nearest
from encore.tables.build import published_by_unit, read_measures, read_table

# Where in a path its experiment stands: runs/<experiment>/<unit>/<seed>/<file>, measures/<experiment>.csv.
OF_RUN, OF_MEASURES = -4, -1


def _labelled(inputs: Sequence[Path], experiments: Mapping[str, str], part: int) -> dict[str, Path]:
    """Label -> the one file of its experiment, whose name stands at `part` of the path, or a ValueError."""
    found = {}
    for path, (name, label) in zip(inputs, experiments.items(), strict=True):
        if path.with_suffix("").parts[part] != name:
            raise ValueError(f"{path} is not of {name}, which stands at its place in the figure.")
        found[label] = path
    return found


def draw_cells(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """A table's numbers with their intervals beside the printed ones; inputs: the long table."""
    return cells_figure(read_table(inputs[0]), entry["title"])


def draw_history(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """The losses of an experiment's runs; inputs: a history.csv a run."""
    histories = {"/".join(path.parts[-3:-1]): pd.read_csv(path) for path in inputs}
    return history_figure(histories, entry["title"])


def draw_reconstructions(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """Test images above their reconstructions; inputs: a reconstructions.safetensors a unit."""
    units = {}
    for path in inputs:
        arrays = load_file(path)
        units[path.parts[-3]] = {
            group: tuple(arrays[f"{group}.{part}"] for part in ("original", "reconstruction", "score"))
            for group in ("normal", "anomalous")
        }
    return reconstruction_grid(units, entry["title"])


def draw_resemblance(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """What reconstructions are taken for, a row a unit; inputs: a resemblance.csv a run."""
    seeds: dict[str, list[pd.Series]] = {}
    for path in inputs:
        shares = pd.read_csv(path, dtype={"class": str}, index_col="class")["share"]
        seeds.setdefault(path.parts[-3], []).append(shares)
    means = {unit: pd.concat(runs, axis=1).mean(axis=1, skipna=False) for unit, runs in seeds.items()}
    return resemblance_figure(pd.DataFrame(means).T, entry["title"])


def draw_samples(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """What a generator makes of random latent vectors; inputs: the reconstructions.safetensors of a run."""
    return samples_grid(load_file(inputs[0])["sample"], entry["title"])


def draw_sweep(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """A metric over a swept setting, with the printed number; inputs: the experiment's measures."""
    dataset = paper.experiments[entry["experiment"]].dataset
    printed = published_by_unit(paper, entry["table"], entry["method"], dataset)
    return sweep_figure(read_measures(inputs[0]), printed, entry["title"])


def draw_extremes(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """The least and most anomalous test images under several losses; inputs: an extremes.safetensors each."""
    shown = {}
    for label, path in _labelled(inputs, entry["experiments"], OF_RUN).items():
        kept = load_file(path)
        shown[f"{label}: {float(kept['auroc']):.3f}"] = (kept["least"], kept["most"])
    return extremes_grid(shown, entry["title"])


def draw_contrast(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """PIAD's Figure 1; inputs: what the rule `contrast` measured."""
    measured = load_file(inputs[0])
    amounts = measured["shown"]
    rows = [int(np.argmin(np.abs(measured["amount"] - amount))) for amount in amounts]
    losses = {"perc": measured["perceptual"][rows], "rel-perc-L1": measured["relative_perceptual_l1"][rows]}
    labels = [f"contrast lowered by {amount:g}" if amount else "original" for amount in amounts]
    return contrast_figure(measured["pairs"], labels, losses, entry["title"])


def draw_filters(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """PIAD's Figure 3; inputs: what the rule `contrast` measured."""
    measured = load_file(inputs[0])
    return filters_figure(measured["filter_std"], measured["amount"], measured["l1_norm"], entry["title"])


def _spoken(attribute: str) -> str:
    return attribute.replace("_", " ")


def draw_edits(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """IFcVAEGAN's Figures 2 to 6, attributes taken away and put on; inputs: an edits.safetensors a unit."""
    rows = {}
    for path in inputs:
        (attribute,) = paper.experiments[entry["experiment"]].domains_of(path.parts[-3])
        images, name = load_file(path), _spoken(attribute)
        of_unit = f"{name}: " if len(inputs) > 1 else ""
        rows |= {
            f"{of_unit}original": images["original"],
            f"{of_unit}reconstruction": images["reconstruction"],
            f"not {name}": images["edited_0"],
            name: images["edited_1"],
        }
    return edits_grid(rows, entry["title"])


def _places(domains: Sequence[str], chosen: Sequence[str]) -> list[int]:
    """Where the chosen domains stand among all; an unknown one is a ValueError."""
    for name in chosen:
        if name not in domains:
            raise ValueError(f"the figure shows the domain {name!r}; {nearest(name, domains)}")
    return [domains.index(name) for name in chosen]


def draw_domains(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """DualVAE's Figure 5, images transferred to all domains or to some; inputs: an edits.safetensors each."""
    paths = _labelled(inputs, entry["experiments"], OF_RUN)
    units = [paper.experiments[name].domains_of(entry["unit"]) for name in entry["experiments"]]
    names = entry.get("domains", units[0])
    shown = {}
    for (label, path), domains in zip(paths.items(), units, strict=True):
        images = load_file(path)
        edited = images["edited"][:, _places(domains, names)]
        shown[label] = np.concatenate([images["original"][:, np.newaxis], edited], axis=1)
    draw = chosen_domains_grid if "domains" in entry else domains_grid
    return draw(shown, [_spoken(name) for name in names], entry["title"])


def draw_transfer(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """DualVAE's Figure 4, a point a set of test images; inputs: the scores.csv of every run."""
    points: dict[str, list[np.ndarray]] = {name: [] for name in entry["experiments"]}
    for path in inputs:
        name = path.parts[OF_RUN]
        if name not in points:
            raise ValueError(f"{path} is of no experiment of the figure; {nearest(name, points)}")
        points[name].append(means_of_sets(pd.read_csv(path), entry["images"]))
    if lacking := [name for name, found in points.items() if not found]:
        raise ValueError(f"the figure shows {lacking[0]}, but no scores of it were given.")
    labelled = {label: np.concatenate(points[name]) for name, label in entry["experiments"].items()}
    return transfer_figure(labelled, entry["title"])


def draw_sparsity(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """DualVAE's Figure 6, how the scores move with lambda; inputs: the measures of each experiment."""
    paths = _labelled(inputs, entry["experiments"], OF_MEASURES)
    measures = {label: read_measures(path) for label, path in paths.items()}
    return sparsity_figure(measures, entry["unit"], entry["title"])


DRAW: Mapping[str, Callable[[Paper, Mapping, Sequence[Path]], Figure]] = {
    "cells": draw_cells,
    "contrast": draw_contrast,
    "domains": draw_domains,
    "edits": draw_edits,
    "extremes": draw_extremes,
    "filters": draw_filters,
    "history": draw_history,
    "reconstructions": draw_reconstructions,
    "resemblance": draw_resemblance,
    "samples": draw_samples,
    "sparsity": draw_sparsity,
    "sweep": draw_sweep,
    "transfer": draw_transfer,
}

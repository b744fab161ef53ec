"""A figure of a paper's YAML from the files that its rule names: one function a kind."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.grids import extremes_grid, reconstruction_grid, samples_grid
from encore.figures.plots import (
    cells_figure,
    contrast_figure,
    filters_figure,
    history_figure,
    resemblance_figure,
    sweep_figure,
)
from encore.papers import Paper
from encore.tables.build import published_by_unit, read_measures, read_table


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
    for path, (name, label) in zip(inputs, entry["experiments"].items(), strict=True):
        if path.parts[-4] != name:
            raise ValueError(f"{path} is not of {name}, which stands at its place in the figure.")
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


DRAW: Mapping[str, Callable[[Paper, Mapping, Sequence[Path]], Figure]] = {
    "cells": draw_cells,
    "contrast": draw_contrast,
    "extremes": draw_extremes,
    "filters": draw_filters,
    "history": draw_history,
    "reconstructions": draw_reconstructions,
    "resemblance": draw_resemblance,
    "samples": draw_samples,
    "sweep": draw_sweep,
}

"""A figure of a paper's YAML from the files that its rule names: one function a kind."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from encore.figures.grids import reconstruction_grid
from encore.figures.plots import cells_figure, history_figure, sweep_figure
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


def draw_sweep(paper: Paper, entry: Mapping, inputs: Sequence[Path]) -> Figure:
    """A metric over a swept setting, with the printed number; inputs: the experiment's measures."""
    dataset = paper.experiments[entry["experiment"]].dataset
    printed = published_by_unit(paper, entry["table"], entry["method"], dataset)
    return sweep_figure(read_measures(inputs[0]), printed, entry["title"])


DRAW: Mapping[str, Callable[[Paper, Mapping, Sequence[Path]], Figure]] = {
    "cells": draw_cells,
    "history": draw_history,
    "reconstructions": draw_reconstructions,
    "sweep": draw_sweep,
}

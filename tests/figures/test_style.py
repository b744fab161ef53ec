import subprocess
import sys

import matplotlib
import pytest

from encore.figures.cells import cells_figure
from encore.figures.history import history_figure
from encore.figures.resemblance import resemblance_figure
from encore.figures.style import save_figure
from encore.figures.sweep import sweep_figure


@pytest.fixture
def make(frame, histories, heat_map, sweep):
    """Makes a figure of a kind that has a legend."""
    return {
        "cells": lambda: cells_figure(frame, "t"),
        "history": lambda: history_figure(histories(3, ["a", "b"]), "t"),
        "resemblance": lambda: resemblance_figure(heat_map, "t"),
        "sweep": lambda: sweep_figure(sweep, {"0": "0.885"}, "t"),
    }


@pytest.mark.parametrize("kind", ["cells", "history", "resemblance", "sweep"])
def test_saved_bytes_are_the_same_every_time(kind, make, tmp_path):
    figure = make[kind]()
    save_figure(figure, tmp_path / "a.png")
    save_figure(figure, tmp_path / "b.png")
    save_figure(make[kind](), tmp_path / "c.png")
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b == c
    assert a.startswith(b"\x89PNG")
    assert b"Software" not in a
    assert b"matplotlib" not in a
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]


def test_a_matplotlibrc_changes_no_figure(make, tmp_path):
    save_figure(make["history"](), tmp_path / "plain.png")
    theirs = {
        "lines.linewidth": 5,
        "axes.edgecolor": "red",
        "savefig.facecolor": "blue",
        "xtick.bottom": False,
    }
    with matplotlib.rc_context(theirs):
        save_figure(make["history"](), tmp_path / "theirs.png")
    assert (tmp_path / "theirs.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_dollar_signs_in_a_title_are_no_formula(histories, tmp_path):
    figure = history_figure(histories(1, ["a"]), r"costs $1 or \nothing$")
    save_figure(figure, tmp_path / "a.png")  # as a formula it could not be read
    assert not figure.texts[0].get_parse_math()


@pytest.mark.parametrize("kind", ["cells", "history", "resemblance", "sweep"])
def test_the_legend_lies_within_the_figure_and_outside_of_the_data(kind, make, drawn):
    figure = drawn(make[kind]())
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    assert not any(box.overlaps(axes.get_tightbbox()) for axes in figure.axes)


def test_neither_pyplot_nor_torch_nor_snakemake_is_imported():
    code = (
        "import sys, encore.figures.reconstructions, encore.tables.html; "
        "print([name for name in ('matplotlib.pyplot', 'torch', 'snakemake') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"

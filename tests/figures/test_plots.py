import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from encore.figures.draw import draw_resemblance
from encore.figures.plots import (
    cells_figure,
    history_figure,
    line_styles,
    resemblance_figure,
    save_figure,
    sweep_figure,
)
from encore.tables.build import COLUMNS
from encore.tables.render import NOTHING


def row(dataset, method, subset, published="", reproduced=np.nan, half=np.nan, verdict=""):
    values = {"paper": "p", "table": "t", "dataset": dataset, "method": method, "subset": subset,
              "metric": "AUROC", "published": published, "published_sd": "", "reproduced": reproduced,
              "sd": half, "n": 3, "ci_low": reproduced - half, "ci_high": reproduced + half,
              "margin": 0.01, "verdict": verdict, "reading": "paper", "note": ""}  # fmt: skip
    return [values[name] for name in COLUMNS]


@pytest.fixture
def frame():
    rows = []
    for dataset, subsets in (("MNIST", [*"0123456789", "avg"]), ("CIFAR-10", ["airplane", "car", "avg"])):
        for subset in subsets:
            rows.append(row(dataset, "LSA", subset, "0.900", verdict="cited"))
            rows.append(row(dataset, "OCGAN", subset, "0.950", verdict="cited"))
            rows.append(row(dataset, "KDE", subset, "0.880", 0.89, 0.0, "reproduced"))
            rows.append(row(dataset, "PIAD", subset, "0.985", 0.98, 0.004, "reproduced"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.fixture
def demo():
    rows = [row("digits", "PIAD", subset, reproduced=0.99) for subset in ("0", "1", "avg")]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def histories(runs, losses, steps=5):
    return {
        f"{unit}, seed 0": pd.DataFrame(
            {"iteration": np.arange(steps) * 1000, **{loss: np.linspace(unit, 1, steps) for loss in losses}}
        )
        for unit in range(runs)
    }


@pytest.fixture
def sweep():
    rows = [
        {
            "unit": unit,
            "seed": 0,
            "score": f"bandwidth_{h}_leaf_{leaf}",
            "metric": metric,
            "value": 0.8 + h / 100,
        }
        for unit in ("0", "8")
        for h in (0.1, 0.5, 1.0, 3)
        for leaf in ("40", "all", "10")
        for metric in ("AUROC", "AUPRC")
    ]
    own = [{"unit": "0", "seed": 0, "score": "score", "metric": "AUROC", "value": 0.1}]
    return pd.DataFrame(rows + own)


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def ticks(axes):
    return [tick.get_text() for tick in axes.get_xticklabels()]


def drawn(figure):
    figure.draw_without_rendering()
    return figure


def test_cells_have_a_panel_a_dataset(frame):
    figure = drawn(cells_figure(frame, "Table 2"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["MNIST", "CIFAR-10"]
    assert ticks(figure.axes[0]) == [*"0123456789", "avg"]
    assert ticks(figure.axes[1]) == ["airplane", "car", "avg"]
    assert figure.axes[0].get_ylabel() == "AUROC"
    assert figure.get_suptitle() == "Table 2"
    assert legend(figure) == ["KDE", "PIAD", "95 % interval", "hollow: as printed", "range of cited methods"]


def test_cells_set_the_average_apart(frame):
    places = cells_figure(frame, "").axes[0].get_xticks()
    assert np.diff(places).tolist() == [1.0] * 9 + [1.5]


def test_cells_show_means_intervals_printed_and_cited(frame):
    axes = cells_figure(frame, "").axes[1]
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [set(line.get_ydata()) for line in hollow] == [{0.88}, {0.985}]
    kde, piad = axes.containers[1:]
    assert set(kde.lines[0].get_ydata()) == {0.89}
    segments = np.array(piad.lines[2][0].get_segments())
    np.testing.assert_allclose(segments[:, :, 1], [[0.976, 0.984]] * 3)
    bars = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches]
    np.testing.assert_allclose(bars, [[0.90, 0.95]] * 3)


def test_cells_of_a_metric_up_to_one_end_there(frame):
    frame.loc[frame["method"] == "PIAD", "ci_high"] = 1.3
    assert cells_figure(frame, "").axes[0].get_ylim()[1] == pytest.approx(1.01)


def test_cells_without_printed_numbers(demo):
    figure = drawn(cells_figure(demo, "demo"))
    assert legend(figure) == ["PIAD"]
    assert len(figure.axes) == 1
    assert len(figure.axes[0].patches) == 0


def test_a_method_run_elsewhere_is_not_among_the_cited(frame):
    frame.loc[(frame["dataset"] == "CIFAR-10") & (frame["method"] == "PIAD"), ["verdict", "reproduced"]] = [
        "cited",
        np.nan,
    ]
    bars = cells_figure(frame, "").axes[1].patches
    assert max(bar.get_y() + bar.get_height() for bar in bars) == pytest.approx(0.95)


def test_history_has_a_panel_a_loss_and_a_line_a_run():
    losses = ["critic_x", "critic_z", "gan_x", "gan_z", "rec_x", "rec_z", "gamma_g"]
    figure = drawn(history_figure(histories(10, losses), "training"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == losses
    assert all(len(axes.lines) == 10 for axes in figure.axes)
    assert legend(figure) == [f"{unit}, seed 0" for unit in range(10)]
    assert [axes.get_xlabel() for axes in figure.axes] == [""] * 4 + ["iteration"] * 3
    looks = {(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(looks) == 10


def test_history_of_runs_with_different_losses():
    runs = histories(1, ["loss"]) | {"other": histories(1, ["loss", "weight"])["0, seed 0"]}
    assert [len(axes.lines) for axes in history_figure(runs, "").axes] == [2, 1]


def test_line_styles_differ_as_long_as_they_can():
    assert len(set(line_styles(21))) == 21
    assert len(line_styles(50)) == 50


def test_sweep_has_a_panel_a_unit_and_a_line_a_leaf_size(sweep):
    figure = drawn(sweep_figure(sweep, {"8": "0.669"}, "KDE"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["0", "8"]
    assert legend(figure) == [
        "exact (one leaf)",
        "scikit-learn's tree, leaf size 40",
        "scikit-learn's tree, leaf size 10",
        "as printed",
    ]
    first, second = figure.axes
    assert first.get_xscale() == "log"
    assert first.lines[0].get_xdata().tolist() == [0.1, 0.5, 1, 3]
    assert first.lines[0].get_ydata() == pytest.approx([0.801, 0.805, 0.81, 0.83])
    assert len(first.lines) == 3
    assert second.lines[3].get_ydata() == [0.669, 0.669]
    assert second.lines[3].get_linestyle() == "--"
    assert second.get_title(loc="right") == "printed 0.669"
    assert ticks(first) == ["0.1", "0.5", "1", "3"]


def test_sweep_means_over_seeds_and_takes_other_metrics(sweep):
    other = sweep.assign(seed=1, value=sweep["value"] + 0.1)
    figure = sweep_figure(pd.concat([sweep, other], ignore_index=True), {}, "", metric="AUPRC")
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([0.851, 0.855, 0.86, 0.88])
    assert "as printed" not in legend(figure)


def test_sweep_without_swept_scores(sweep):
    with pytest.raises(ValueError, match="bandwidth_<h>_leaf_<l>"):
        sweep_figure(sweep[sweep["score"] == "score"], {}, "")


def heat_map():
    return pd.DataFrame([[0.25, 0.75, 0.0], [0.1, 0.2, 0.7]], index=["1", "0"], columns=["0", "1", "2"])


def test_resemblance_has_a_row_an_anomalous_class_and_a_number_a_cell():
    axes = drawn(resemblance_figure(heat_map(), "t")).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {
        (0, 0): "0.25", (1, 0): "0.75", (2, 0): "0.00", (0, 1): "0.10", (1, 1): "0.20", (2, 1): "0.70",
    }  # fmt: skip
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1", "0"]
    assert ticks(axes) == ["0", "1", "2"]
    framed = {(round(patch.get_x() + 0.47), round(patch.get_y() + 0.47)) for patch in axes.patches}
    assert framed == {(1, 0), (0, 1)}  # (column, row) of the anomalous class itself


def test_resemblance_is_the_mean_over_seeds_and_a_diverged_one_is_no_number(tmp_path):
    paths = []
    runs = {("1", 0): [0.2, 0.8], ("1", 1): [0.4, 0.6], ("0", 0): [0.5, 0.5], ("0", 1): [np.nan, np.nan]}
    for (unit, seed), shares in runs.items():
        paths.append(tmp_path / unit / str(seed) / "resemblance.csv")
        paths[-1].parent.mkdir(parents=True)
        pd.DataFrame({"class": ["0", "1"], "share": shares}).to_csv(paths[-1], index=False)
    axes = drawn(draw_resemblance(None, {"title": "t"}, paths)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.30", "0.70", NOTHING, NOTHING]


def make(kind, frame, sweep):
    return {
        "cells": lambda: cells_figure(frame, "t"),
        "history": lambda: history_figure(histories(3, ["a", "b"]), "t"),
        "resemblance": lambda: resemblance_figure(heat_map(), "t"),
        "sweep": lambda: sweep_figure(sweep, {"0": "0.885"}, "t"),
    }[kind]()


@pytest.mark.parametrize("kind", ["cells", "history", "resemblance", "sweep"])
def test_saved_bytes_are_the_same_every_time(kind, frame, sweep, tmp_path):
    figure = make(kind, frame, sweep)
    save_figure(figure, tmp_path / "a.png")
    save_figure(figure, tmp_path / "b.png")
    save_figure(make(kind, frame, sweep), tmp_path / "c.png")
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b == c
    assert a.startswith(b"\x89PNG")
    assert b"Software" not in a
    assert b"matplotlib" not in a
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize("kind", ["cells", "history", "resemblance", "sweep"])
def test_the_legend_lies_within_the_figure_and_outside_of_the_data(kind, frame, sweep):
    figure = drawn(make(kind, frame, sweep))
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    assert not any(box.overlaps(axes.get_tightbbox()) for axes in figure.axes)


def test_many_methods_wrap_the_legend(frame):
    methods = [f"a method with a long name {number}" for number in range(7)]
    rows = [row("MNIST", method, "0", "0.9", 0.9, 0.01, "reproduced") for method in methods]
    figure = drawn(cells_figure(pd.DataFrame(rows, columns=list(COLUMNS)), ""))
    assert figure.legends[0].get_window_extent().width <= figure.bbox.width


def test_the_users_own_style_is_left_alone(frame):
    before = dict(matplotlib.rcParams)
    cells_figure(frame, "")
    assert dict(matplotlib.rcParams) == before
    assert to_hex(matplotlib.rcParams["grid.color"]) != "#e6e8eb"


def test_neither_pyplot_nor_torch_nor_snakemake_is_imported():
    code = (
        "import sys, encore.figures.grids, encore.tables.render; "
        "print([name for name in ('matplotlib.pyplot', 'torch', 'snakemake') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from encore.figures.cells import cells_figure
from encore.tables.files import COLUMNS


@pytest.fixture
def demo(row):
    rows = [row("digits", "PIAD", subset, reproduced=0.99) for subset in ("0", "1", "avg")]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_cells_have_a_panel_a_dataset(frame, legend, ticks, drawn):
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
    """Room for half a marker is left above it, whatever the values' range."""
    bottom, top = cells_figure(frame, "").axes[0].get_ylim()
    assert 1 + 0.01 * (1 - bottom) < top < 1 + 0.03 * (1 - bottom)


def test_cells_without_printed_numbers(demo, legend, drawn):
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


def test_many_methods_wrap_the_legend(frame, row, drawn):
    methods = [f"a method with a long name {number}" for number in range(7)]
    rows = [row("MNIST", method, "0", "0.9", 0.9, 0.01, "reproduced") for method in methods]
    figure = drawn(cells_figure(pd.DataFrame(rows, columns=list(COLUMNS)), ""))
    assert figure.legends[0].get_window_extent().width <= figure.bbox.width


def test_the_users_own_style_is_left_alone(frame):
    before = dict(matplotlib.rcParams)
    cells_figure(frame, "")
    assert dict(matplotlib.rcParams) == before
    assert to_hex(matplotlib.rcParams["grid.color"]) != "#e6e8eb"

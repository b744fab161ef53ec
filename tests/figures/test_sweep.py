import pandas as pd
import pytest

from encore.figures.sweep import sweep_figure


def test_sweep_has_a_panel_a_unit_and_a_line_a_leaf_size(sweep, legend, ticks, drawn):
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


def test_sweep_means_over_seeds_and_takes_other_metrics(sweep, legend):
    other = sweep.assign(seed=1, value=sweep["value"] + 0.1)
    figure = sweep_figure(pd.concat([sweep, other], ignore_index=True), {}, "", metric="AUPRC")
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([0.851, 0.855, 0.86, 0.88])
    assert "as printed" not in legend(figure)


def test_sweep_without_swept_scores(sweep):
    with pytest.raises(ValueError, match="bandwidth_<h>_leaf_<l>"):
        sweep_figure(sweep[sweep["score"] == "score"], {}, "")

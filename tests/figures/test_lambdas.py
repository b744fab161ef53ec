import numpy as np
import pandas as pd
import pytest

from encore.figures.lambdas import draw, lambdas_figure
from encore.figures.style import COLOURS, MARKERS, save_figure

CURVE = {0.5: -0.02, 10: 0.1, 2: 0.3}


def measures(curve=CURVE, chosen=2.0, length=1.5, seeds=(0, 1), unit="40"):
    """A frame of measures; the seed adds a hundredth to the curve and a tenth to the length."""
    rows = []
    for seed in seeds:
        rows += [(seed, "score", "lambda", chosen), (seed, "score", "length", length + 0.1 * seed)]
        rows += [
            (seed, f"lambda={amount:g}", "CIS_valid", cis + 0.01 * seed) for amount, cis in curve.items()
        ]
        rows += [(seed, f"lambda={amount:g}", "CIS", 9.0) for amount in curve]  # of test images
    return pd.DataFrame(rows, columns=["seed", "score", "metric", "value"]).assign(unit=unit)


def with_markers(axes):
    return [line for line in axes.lines if line.get_marker() in MARKERS]


def test_a_line_a_run_in_rising_order_and_the_chosen_lambda_large(legend):
    figure = lambdas_figure({"s = 0": measures(), "s = 0.9": measures(chosen=10.0, seeds=(0,))}, "40", "t")
    (axes,) = figure.axes
    first, chosen, second, again, other, of_other = with_markers(axes)
    np.testing.assert_allclose(first.get_xydata(), [[0.5, -0.02], [2, 0.3], [10, 0.1]])
    np.testing.assert_allclose(second.get_xydata(), [[0.5, -0.01], [2, 0.31], [10, 0.11]])
    np.testing.assert_allclose(chosen.get_xydata(), [[2, 0.3]])
    np.testing.assert_allclose(again.get_xydata(), [[2, 0.31]])
    np.testing.assert_allclose(of_other.get_xydata(), [[10, 0.1]])
    assert chosen.get_markersize() > 2 * first.get_markersize()
    assert [line.get_color() for line in (first, chosen, other, of_other)] == [
        *COLOURS[:1] * 2,
        *COLOURS[1:2] * 2,
    ]
    assert axes.get_xscale() == "log"
    assert legend(figure) == ["s = 0, |u| = 1.50, 1.60", "s = 0.9, |u| = 1.50", "nothing changed"]
    (nothing,) = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert set(nothing.get_ydata()) == {0}


def test_a_training_that_diverged_has_no_line_and_is_told_of(tmp_path, legend):
    gone = measures().assign(value=np.nan)
    figure = lambdas_figure({"s = 0": gone}, "40", "")
    assert legend(figure)[0] == "s = 0 (a training diverged)"
    save_figure(figure, tmp_path / "a.png")
    assert not np.isfinite(with_markers(figure.axes[0])[0].get_ydata()).any()


@pytest.mark.parametrize("lacking", [measures(unit="20"), measures().query("metric != 'CIS_valid'")])
def test_measures_without_a_sweep_on_validation_images(lacking):
    with pytest.raises(ValueError, match=r"^the measures hold no CIS on validation images of unit '40'\.$"):
        lambdas_figure({"s": lacking}, "40", "")


def test_it_reads_the_measures_of_each_experiment(tmp_path, legend):
    frame = measures(unit="7").assign(experiment="dual", iterations=10)
    frame.to_csv(tmp_path / "dual.csv", index=False)
    entry = {"experiments": {"dual": "DualVAE"}, "unit": "7", "title": "t"}
    figure = draw(None, entry, [tmp_path / "dual.csv"])
    assert legend(figure)[0] == "DualVAE, |u| = 1.50, 1.60"
    assert figure.get_suptitle() == "t"

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from encore.figures.sparsity import draw, sparsity_figure
from encore.figures.style import COLOURS, MARKERS, save_figure


def with_markers(axes):
    return [line for line in axes.lines if line.get_marker() in MARKERS]


def measures(values, seeds=(0, 1), unit="40"):
    """A frame of measures. values: score -> (rs, ts), to which the seed adds a hundredth."""
    return pd.DataFrame(
        [
            {"unit": unit, "seed": seed, "score": score, "metric": metric, "value": value + 0.01 * seed}
            for seed in seeds
            for score, pair in values.items()
            for metric, value in zip(("rs", "ts", "CIS"), (*pair, sum(pair)), strict=True)
        ]
    )


SWEPT = {
    "score": (-0.9, 0.9),
    "logit": (-7.0, 8.0),
    "lambda=10": (-0.2, 0.4),
    "lambda=0.5": (-0.02, 0.05),
    "lambda=2": (-0.05, 0.2),
}


def amounts(axes):
    return [text for text in axes.texts if not text.get_text().startswith("CIS")]


def test_sparsity_joins_the_swept_lambdas_in_rising_order(legend):
    figure = sparsity_figure({"s = 0": measures(SWEPT)}, "40", "Figure 6")
    (axes,) = figure.axes
    (line,) = with_markers(axes)
    np.testing.assert_allclose(line.get_xydata(), [[-0.015, 0.055], [-0.045, 0.205], [-0.195, 0.405]])
    assert line.get_linestyle() == "-"
    assert [text.get_text() for text in amounts(axes)] == ["0.5", "2", "10"]
    np.testing.assert_allclose([text.xy for text in amounts(axes)], line.get_xydata())
    assert {text.get_color() for text in amounts(axes)} == {COLOURS[0]}
    assert axes.get_title(loc="right") == "beside a dot: λ"
    assert legend(figure) == ["s = 0"]
    assert figure.get_suptitle() == "Figure 6"


def test_a_method_that_sweeps_nothing_is_one_dot_without_a_lambda():
    figure = sparsity_figure({"StarGAN": measures({"score": (-0.1, 0.2), "logit": (-1, 2)})}, "40", "")
    (axes,) = figure.axes
    (line,) = with_markers(axes)
    np.testing.assert_allclose(line.get_xydata(), [[-0.095, 0.205]])
    assert amounts(axes) == []
    assert axes.get_title(loc="right") == ""


def test_only_the_figures_unit_is_drawn():
    both = pd.concat([measures(SWEPT), measures({"lambda=1": (-0.5, 0.5)}, unit="20")])
    (line,) = with_markers(sparsity_figure({"s": both}, "20", "").axes[0])
    np.testing.assert_allclose(line.get_xydata(), [[-0.495, 0.505]])


def test_lambdas_with_a_diverged_training_are_left_out_and_told_of(tmp_path, legend):
    broken = measures(SWEPT)
    broken.loc[(broken["seed"] == 1) & (broken["score"] == "lambda=2"), "value"] = np.nan
    gone = measures(SWEPT | {"score": (np.nan, np.nan)}).assign(value=np.nan)
    figure = sparsity_figure({"s = 0": broken, "s = 0.9": gone}, "40", "")
    assert legend(figure) == ["s = 0 (a training diverged)", "s = 0.9 (a training diverged)"]
    assert [text.get_text() for text in amounts(figure.axes[0])] == ["0.5", "10"]
    assert np.isnan(with_markers(figure.axes[0])[0].get_xydata()[1]).all()
    save_figure(figure, tmp_path / "a.png")
    figure = sparsity_figure({"s = 0.9": gone}, "40", "")
    save_figure(figure, tmp_path / "b.png")
    assert amounts(figure.axes[0]) == []


def test_a_diverged_training_without_rows_of_the_lambdas_is_told_of_too(legend):
    diverged = measures({"score": (np.nan, np.nan)}, seeds=(2,))
    figure = sparsity_figure({"s = 0": pd.concat([measures(SWEPT), diverged])}, "40", "")
    assert legend(figure) == ["s = 0 (a training diverged)"]
    assert amounts(figure.axes[0]) == []


@pytest.mark.parametrize(
    "lacking",
    [
        measures({"score": (-0.1, 0.2)}, unit="20"),
        measures({"logit": (-0.1, 0.2)}),
        measures(SWEPT).query("metric != 'ts'"),
    ],
)
def test_measures_without_the_two_scores(lacking):
    with pytest.raises(ValueError, match=r"^the measures hold no rs and ts of unit '40'\.$"):
        sparsity_figure({"s": lacking}, "40", "")


def crowded():
    """Three lines that lie side by side, as where missing labels do little harm."""
    curve = {f"lambda={x}": (-0.02 * x - 0.02, 0.42 * (1 - np.exp(-x / 4))) for x in (1, 2, 3, 5, 8, 10)}
    return {
        f"s = {s}": measures({name: (rs - 0.005 * s, ts - 0.01 * s) for name, (rs, ts) in curve.items()})
        for s in range(3)
    }


def test_lambdas_stand_beside_their_dots_and_cover_nothing():
    figure = sparsity_figure(crowded(), "40", "")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in amounts(axes)]
    assert len(boxes) == 18
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    dots = np.concatenate([axes.transData.transform(line.get_xydata()) for line in with_markers(axes)])
    assert not any(box.contains(*dot) for box in boxes for dot in dots)
    for box, dot in zip(boxes, dots, strict=True):
        middle = (box.p0 + box.p1) / 2
        assert np.linalg.norm(middle - dot) < 30  # pixels, at the 100 to an inch of a figure


def test_saved_bytes_are_the_same_every_time(tmp_path):
    figure = sparsity_figure(crowded(), "40", "t")
    save_figure(figure, tmp_path / "a")
    save_figure(figure, tmp_path / "b")
    save_figure(sparsity_figure(crowded(), "40", "t"), tmp_path / "c")
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b == c


def test_sparsity_reads_the_measures_of_each_experiment(tmp_path):
    swept = [
        ("lambda=5", "ts", 0.4),
        ("lambda=5", "rs", -0.2),
        ("lambda=1", "ts", 0.1),
        ("lambda=1", "rs", -0.1),
    ]
    own = [("score", "ts", 9.0), ("score", "rs", -9.0)]
    diverged = [("score", "ts", ""), ("score", "rs", ""), ("score", "CIS", "")]
    paths = []
    for name, rows in {"dual-0.9": swept + own, "star": diverged}.items():
        frame = pd.DataFrame(rows, columns=["score", "metric", "value"])
        frame = frame.assign(experiment=name, unit="3", seed=0, iterations=10)
        paths.append(tmp_path / f"{name}.csv")
        frame.to_csv(paths[-1], index=False)
    entry = {"experiments": {"dual-0.9": "s = 0.9", "star": "StarGAN"}, "unit": "3", "title": "t"}
    figure = draw(None, entry, paths)
    dual, star = (line.get_xydata() for line in figure.axes[0].lines[:2])
    np.testing.assert_allclose(dual, [[-0.1, 0.1], [-0.2, 0.4]])
    assert np.isnan(star[0, 0])
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["s = 0.9", "StarGAN (a training diverged)"]
    with pytest.raises(ValueError, match=r"star\.csv is not of dual-0\.9, which stands at its place"):
        draw(None, entry, paths[::-1])

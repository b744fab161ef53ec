import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from encore.figures.plots import COLOURS, MARKERS, save_figure
from encore.figures.transfer import means_of_sets, sparsity_figure, transfer_figure


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def models():
    numbers = np.random.default_rng(0)
    return {
        "CVAE": [-0.18, 0.05] + 0.01 * numbers.normal(size=(12, 2)),
        "DualVAE": [-0.11, 0.25] + 0.01 * numbers.normal(size=(9, 2)),
    }


def with_markers(axes):
    return [line for line in axes.lines if line.get_marker() in MARKERS]


def equal_cis(axes):
    return [line for line in axes.lines if line.get_marker() == "None"]


def test_means_of_full_sets_of_consecutive_rows():
    scores = pd.DataFrame({"index": range(5), "ts": [1.0, 3, 5, 7, 100], "rs": [-1.0, -1, -2, -4, -100]})
    np.testing.assert_array_equal(means_of_sets(scores, 2), [[-1, 2], [-3, 6]])
    np.testing.assert_array_equal(means_of_sets(scores, 5), [[-21.6, 23.2]])


def test_fewer_rows_than_a_set_are_one_point():
    scores = pd.DataFrame({"ts": [0.25, 0.75], "rs": [-0.5, -0.25]})
    np.testing.assert_array_equal(means_of_sets(scores, 160), [[-0.375, 0.5]])


def test_a_diverged_run_has_points_that_are_no_numbers():
    scores = pd.DataFrame({"ts": [np.nan] * 4, "rs": [np.nan] * 4})
    assert np.isnan(means_of_sets(scores, 2)).tolist() == [[True, True]] * 2


def test_scores_without_the_two_columns():
    with pytest.raises(ValueError, match=r"^the scores have no column rs and no column ts\.$"):
        means_of_sets(pd.DataFrame({"score": [1.0]}), 2)


def test_transfer_has_a_point_a_set_and_a_look_a_model():
    found = models()
    figure = transfer_figure(found, "Figure 4")
    (axes,) = figure.axes
    drawn = with_markers(axes)
    for line, points in zip(drawn, found.values(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), points)  # rs to the right, ts upwards
        assert line.get_linestyle() == "None"
    assert [(line.get_color(), line.get_marker()) for line in drawn] == [
        *zip(COLOURS[:2], MARKERS[:2], strict=True)
    ]
    assert axes.get_xlabel() == "reconstruction score rs"
    assert axes.get_ylabel() == "transfer score ts"
    assert legend(figure) == ["CVAE", "DualVAE"]
    assert figure.get_suptitle() == "Figure 4"


def test_every_line_of_equal_cis_has_its_sum_for_a_name():
    axes = transfer_figure(models(), "").axes[0]
    lines = equal_cis(axes)
    assert len(lines) == len(axes.texts) >= 4
    for line, text in zip(lines, axes.texts, strict=True):
        level = float(re.fullmatch(r"CIS (.+)", text.get_text())[1].replace("\N{MINUS SIGN}", "-"))
        np.testing.assert_allclose(line.get_xydata().sum(axis=1), level, atol=1e-12)
        np.testing.assert_allclose(sum(text.get_position()), level, atol=1e-12)


def test_names_of_equal_cis_do_not_overlap_and_lie_within_the_axes():
    figure = transfer_figure(models(), "")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    outer = figure.axes[0].get_tightbbox()
    assert all(box.x0 >= outer.x0 and box.x1 <= outer.x1 and box.y0 >= outer.y0 for box in boxes)


def test_diverged_trainings_are_left_out_and_told_of():
    found = models() | {"StarGAN": np.full((3, 2), np.nan)}
    found["CVAE"][:4] = np.nan
    figure = transfer_figure(found, "")
    figure.draw_without_rendering()
    assert legend(figure) == ["CVAE (a training diverged)", "DualVAE", "StarGAN (a training diverged)"]
    np.testing.assert_array_equal(with_markers(figure.axes[0])[0].get_xydata()[4:], found["CVAE"][4:])


def test_all_diverged_is_no_error(tmp_path):
    figure = transfer_figure({"CVAE": np.full((2, 2), np.nan)}, "")
    save_figure(figure, tmp_path / "a.png")
    assert legend(figure) == ["CVAE (a training diverged)"]


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


def test_sparsity_joins_the_swept_lambdas_in_rising_order():
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


def test_lambdas_with_a_diverged_training_are_left_out_and_told_of(tmp_path):
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


def test_a_diverged_training_without_rows_of_the_lambdas_is_told_of_too():
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
    for name in "de":
        save_figure(transfer_figure(models(), "t"), tmp_path / name)
    a, b, c, d, e = ((tmp_path / name).read_bytes() for name in "abcde")
    assert a == b == c
    assert d == e

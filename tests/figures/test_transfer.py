import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from encore.figures.style import COLOURS, MARKERS, save_figure
from encore.figures.transfer import draw, means_of_sets, transfer_figure

LABELS = {"cvae": "CVAE", "dualvae": "DualVAE"}


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


def test_transfer_has_a_point_a_set_and_a_look_a_model(legend):
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


def test_a_cross_stands_for_a_model_that_changes_nothing():
    axes = transfer_figure(models(), "").axes[0]
    (cross,) = [line for line in axes.lines if line.get_marker() == "+"]
    np.testing.assert_array_equal(cross.get_xydata(), [[0, 0]])
    assert axes.get_xlim()[1] > 0 > axes.get_ylim()[0]  # wherever the models lie
    assert axes.get_title(loc="left") == "+ a model that changes nothing"


def test_names_of_equal_cis_do_not_overlap_and_lie_within_the_axes():
    figure = transfer_figure(models(), "")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    outer = figure.axes[0].get_tightbbox()
    assert all(box.x0 >= outer.x0 and box.x1 <= outer.x1 and box.y0 >= outer.y0 for box in boxes)


def test_diverged_trainings_are_left_out_and_told_of(legend):
    found = models() | {"StarGAN": np.full((3, 2), np.nan)}
    found["CVAE"][:4] = np.nan
    figure = transfer_figure(found, "")
    figure.draw_without_rendering()
    assert legend(figure) == ["CVAE (a training diverged)", "DualVAE", "StarGAN (a training diverged)"]
    np.testing.assert_array_equal(with_markers(figure.axes[0])[0].get_xydata()[4:], found["CVAE"][4:])


def test_all_diverged_is_no_error(tmp_path, legend):
    figure = transfer_figure({"CVAE": np.full((2, 2), np.nan)}, "")
    save_figure(figure, tmp_path / "a.png")
    assert legend(figure) == ["CVAE (a training diverged)"]


def test_saved_bytes_are_the_same_every_time(tmp_path):
    for name in "de":
        save_figure(transfer_figure(models(), "t"), tmp_path / name)
    assert (tmp_path / "d").read_bytes() == (tmp_path / "e").read_bytes()


# --- from files -------------------------------------------------------------------------------------


def scores(tmp_path, experiment, seed, ts, rs):
    path = tmp_path / "runs" / experiment / "3" / str(seed) / "scores.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame({"index": range(len(ts)), "accuracy": 1.0, "ts": ts, "rs": rs, "ts:logit": 9.0})
    frame.to_csv(path, index=False)
    return path


def test_transfer_gathers_the_sets_of_all_runs_of_a_model(tmp_path):
    paths = [
        scores(tmp_path, "dualvae", 0, [0.2, 0.4, 0.5, 0.9], [-0.1, -0.3, -0.2, -0.4]),
        scores(tmp_path, "cvae", 0, [0.0, 0.1], [-0.5, -0.7]),
        scores(tmp_path, "dualvae", 1, [np.nan] * 4, [np.nan] * 4),
    ]
    entry = {"experiments": LABELS, "unit": "3", "images": 2, "title": "t"}
    figure = draw(None, entry, paths)
    cvae, dualvae = (line.get_xydata() for line in figure.axes[0].lines[:2])
    np.testing.assert_allclose(cvae, [[-0.6, 0.05]])
    np.testing.assert_allclose(dualvae, [[-0.2, 0.3], [-0.3, 0.7], *[[np.nan, np.nan]] * 2])
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["CVAE", "DualVAE (a training diverged)"]


def test_scores_of_too_few_or_other_experiments(tmp_path):
    path = scores(tmp_path, "cvae", 0, [0.1], [-0.1])
    entry = {"experiments": LABELS, "unit": "3", "images": 2, "title": "t"}
    with pytest.raises(ValueError, match=r"^the figure shows dualvae, but no scores of it were given\.$"):
        draw(None, entry, [path])
    other = scores(tmp_path, "dualvae-", 0, [0.1], [-0.1])
    with pytest.raises(ValueError, match=r"is of no experiment of the figure; did you mean 'dualvae'"):
        draw(None, entry, [path, other])

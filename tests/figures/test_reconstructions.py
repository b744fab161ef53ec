from itertools import pairwise

import numpy as np
import pytest

from encore.figures.mosaic import mosaic
from encore.figures.reconstructions import reconstruction_grid
from encore.figures.style import save_figure


def group(n, channels=1, size=8, seed=0):
    numbers = np.random.default_rng(seed)
    images = numbers.integers(0, 256, (2, n, channels, size, size), dtype=np.uint8)
    return images[0], images[1], numbers.random(n)


def test_grid_has_a_block_a_unit_and_groups_side_by_side():
    units = {unit: {"normal": group(4), "anomalous": group(6)} for unit in ("0", "car")}
    figure = reconstruction_grid(units, "Reconstructions")
    assert len(figure.axes) == 4
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["normal", "anomalous", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes] == ["0", "", "car", ""]
    assert [len(axes.texts) for axes in figure.axes] == [4, 6, 4, 6]
    assert figure.get_suptitle() == "Reconstructions"
    image = figure.axes[0].images[0]
    assert image.get_interpolation() in ("none", "nearest")
    np.testing.assert_array_equal(image.get_array(), mosaic(np.concatenate(group(4)[:2]), 4))


def test_scores_stand_below_their_column_without_overlap():
    figure = reconstruction_grid({"0": {"normal": group(8), "anomalous": group(8)}}, "")
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
        assert all(box.y1 <= axes.bbox.y0 + 1 for box in boxes)
    scores = group(8)[2]
    assert [text.get_text() for text in figure.axes[0].texts] == [f"{score:.3g}" for score in scores]


def test_a_unit_without_a_group_leaves_its_place_empty():
    figure = reconstruction_grid(
        {"0": {"normal": group(2), "anomalous": group(2)}, "1": {"normal": group(2)}}, ""
    )
    assert len(figure.axes) == 3


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ((group(2)[0] / 255, group(2)[1], group(2)[2]), "expected uint8, found float64 and uint8"),
        ((group(2)[0][:, 0], *group(2)[1:]), r"expected images \(n, 1 or 3, S, S\), found shape \(2, 8, 8\)"),
        ((group(0)), "found shape"),
        ((group(2)[0], group(3)[1], group(2)[2]), "do not belong together"),
        ((group(2)[0], group(2)[1], group(3)[2]), "do not belong together"),
    ],
)
def test_images_that_do_not_fit(broken, message):
    with pytest.raises(ValueError, match=f"unit '3', normal: .*{message}"):
        reconstruction_grid({"3": {"normal": broken}}, "")


def test_saved_bytes_are_the_same_every_time(tmp_path):
    for name in ("a.png", "b.png"):
        save_figure(reconstruction_grid({"0": {"normal": group(3)}}, "t"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()

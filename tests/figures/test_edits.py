from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from encore.datasets.catalogue import DATASETS
from encore.figures.edits import chosen_domains_grid, domains_grid, edits_grid
from encore.figures.grids import GAP
from encore.figures.plots import save_figure

SIZE = 8
ATTRIBUTES = [name.replace("_", " ") for name in DATASETS["celeba"].classes]


def images(*shape, channels=3, size=SIZE, seed=0):
    numbers = np.random.default_rng(seed)
    return numbers.integers(0, 255, (*shape, channels, size, size), dtype=np.uint8)


def rows(n=4):
    names = ("original", "reconstruction", "not Wearing Lipstick", "Wearing Lipstick")
    return {name: images(n, seed=seed) for seed, name in enumerate(names)}


def canvas(axes):
    return axes.images[0].get_array()


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def tile(drawn, row, column, head=0):
    """What is drawn at a row and a column of a mosaic, as (3, S, S)."""
    top, left = row * (SIZE + GAP + head) + head, column * (SIZE + GAP)
    return drawn[top : top + SIZE, left : left + SIZE].transpose(2, 0, 1)


def drawn_without(figure):
    figure.draw_without_rendering()
    return figure


def test_edits_are_a_row_a_kind_and_a_column_an_image():
    shown = rows()
    figure = edits_grid(shown, "Figure 2")
    (axes,) = figure.axes
    assert canvas(axes).shape == (4 * (SIZE + GAP) - GAP, 4 * (SIZE + GAP) - GAP, 3)
    for row, kind in enumerate(shown.values()):
        for column in range(4):
            np.testing.assert_array_equal(tile(canvas(axes), row, column), kind[column])
    assert [label.get_text() for label in axes.get_yticklabels()] == list(shown)
    assert axes.get_yticks().tolist() == [3.5, 13.5, 23.5, 33.5]
    assert figure.get_suptitle() == "Figure 2"


@pytest.mark.parametrize("n", [4, 8, 16])
def test_names_at_the_left_of_edits_lie_within_the_figure(n):
    figure = drawn_without(edits_grid(rows(n), ""))
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert all(box.x0 >= 0 for box in boxes)
    assert figure.axes[0].get_window_extent().x1 <= figure.bbox.width


def test_edits_of_a_run_that_diverged_are_told_of():
    shown = {name: np.full_like(kind, 255) if name != "original" else kind for name, kind in rows().items()}
    assert edits_grid(shown, "Figure 2").get_suptitle() == "Figure 2\nthe training diverged"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (images(4) / 255, r"expected images uint8 \(n, 1 or 3, S, S\), found float64 \(4, 3, 8, 8\)\."),
        (images(4)[:, 0], r"expected images uint8 \(n, 1 or 3, S, S\), found uint8 \(4, 8, 8\)\."),
        (images(3), r"found images \(3, 3, 8, 8\), beside others \(4, 3, 8, 8\)\."),
    ],
)
def test_edits_that_do_not_fit(broken, message):
    with pytest.raises(ValueError, match=f"^reconstruction: {message}$"):
        edits_grid(rows() | {"reconstruction": broken}, "")


def models(k=2, n=40, size=SIZE):
    return {label: images(k, 1 + n, size=size, seed=seed) for seed, label in enumerate(("CVAE", "DualVAE"))}


def test_domains_are_a_block_a_model_in_rows_of_ten():
    shown = models()
    figure = domains_grid(shown, ATTRIBUTES, "Figure 5")
    assert titles(figure) == ["original", "CVAE", "DualVAE"]
    first, *blocks = figure.axes
    np.testing.assert_array_equal(tile(canvas(first), 0, 0), shown["CVAE"][0, 0])
    assert (canvas(first)[:, SIZE:] == 255).all()
    for axes, of_model in zip(blocks, shown.values(), strict=True):
        head = canvas(axes).shape[0] // 4 + 1 - SIZE - GAP
        assert canvas(axes).shape == (4 * (SIZE + GAP + head) - GAP, 10 * (SIZE + GAP) - GAP, 3)
        for domain in range(40):
            found = tile(canvas(axes), domain // 10, domain % 10, head)
            np.testing.assert_array_equal(found, of_model[0, 1 + domain])
        assert [text.get_text().replace("\n", " ") for text in axes.texts] == ATTRIBUTES


@pytest.mark.parametrize("size", [16, 64, 128])
def test_every_domains_name_stands_above_its_image_and_clear_of_all_else(size):
    figure = drawn_without(domains_grid(models(1, size=size), ATTRIBUTES, "Figure 5"))
    for axes in figure.axes[1:]:
        boxes = [text.get_window_extent() for text in axes.texts]
        for row in range(4):
            assert all(left.x1 < right.x0 for left, right in pairwise(boxes[10 * row : 10 * row + 10]))
        (title,) = axes.findobj(lambda part: isinstance(part, Text) and part.get_text() in models())
        assert not any(title.get_window_extent().overlaps(box) for box in boxes)
        pixel = axes.bbox.height / canvas(axes).shape[0]
        height = canvas(axes).shape[0] + GAP
        for place, box in enumerate(boxes):
            begins = axes.bbox.y1 - place // 10 * height / 4 * pixel  # where the row's white begins
            assert box.y1 <= begins + 1
            assert box.y0 >= begins - (height / 4 - size - GAP) * pixel  # where the images begin


def test_a_model_that_diverged_is_white_and_lends_no_original():
    shown = models()
    shown["CVAE"][:] = 255
    figure = domains_grid(shown, ATTRIBUTES, "")
    assert titles(figure) == ["original", "CVAE (diverged)", "DualVAE"]
    np.testing.assert_array_equal(tile(canvas(figure.axes[0]), 0, 0), shown["DualVAE"][0, 0])
    shown["DualVAE"][:] = 255
    assert titles(domains_grid(shown, ATTRIBUTES, ""))[2] == "DualVAE (diverged)"


FEW = ["Blond Hair", "Eyeglasses", "Mouth Slightly Open"]


def test_chosen_domains_are_a_block_an_image_and_a_row_a_model():
    shown = models(3, 3)
    figure = chosen_domains_grid(shown, FEW, "Figure 6")
    assert len(figure.axes) == 3  # two abreast, then one
    for place, axes in enumerate(figure.axes):
        assert canvas(axes).shape == (2 * (SIZE + GAP) - GAP, 4 * (SIZE + GAP) - GAP, 3)
        for row, of_model in enumerate(shown.values()):
            for column in range(4):
                np.testing.assert_array_equal(tile(canvas(axes), row, column), of_model[place, column])
    heads = [[label.get_text().replace("\n", " ") for label in a.get_xticklabels()] for a in figure.axes]
    assert heads == [["original", *FEW], ["original", *FEW], []]
    names = [[label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes]
    assert names == [["CVAE", "DualVAE"], [], ["CVAE", "DualVAE"]]


@pytest.mark.parametrize(("k", "size"), [(1, 64), (8, 16), (8, 128)])
def test_names_beside_and_above_chosen_domains_do_not_overlap(k, size):
    shown = models(k, 3, size=size)
    shown["DualVAE"][:] = 255
    figure = drawn_without(chosen_domains_grid(shown, FEW, "Figure 6"))
    for axes in figure.axes:
        heads = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in pairwise(heads))
        assert all(box.y0 >= axes.get_window_extent().y1 - 1 for box in heads)
        names = [label.get_window_extent() for label in axes.get_yticklabels()]
        assert all(box.x0 >= 0 and box.x1 <= axes.get_window_extent().x0 + 1 for box in names)
    edges = [axes.get_window_extent() for axes in figure.axes[:2]]
    assert all(left.x1 < right.x0 for left, right in pairwise(edges))


@pytest.mark.parametrize("draw", [domains_grid, chosen_domains_grid])
def test_domains_that_do_not_fit(draw):
    with pytest.raises(ValueError, match=r"^there are images of 3 domains, but names of 2\.$"):
        draw(models(2, 3), FEW[:2], "")
    with pytest.raises(ValueError, match=r"^DualVAE: found images \(1, 4, .*, beside others \(2, 4, .*$"):
        draw({"CVAE": images(2, 4), "DualVAE": images(1, 4)}, FEW, "")


def test_images_of_one_channel_are_grey():
    shown = {"CVAE": images(1, 4, channels=1)}
    (axes,) = chosen_domains_grid(shown, FEW, "").axes
    for channel in tile(canvas(axes), 0, 2):
        np.testing.assert_array_equal(channel, shown["CVAE"][0, 2, 0])


def test_saved_bytes_are_the_same_every_time(tmp_path):
    for name in ("a", "b"):
        save_figure(domains_grid(models(1), ATTRIBUTES, "t"), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text
from safetensors.numpy import save_file

from encore.datasets.catalogue import DATASETS
from encore.figures.domains import chosen_domains_grid, domains_grid, draw
from encore.figures.mosaic import GAP
from encore.figures.style import save_figure

SIZE = 8
ATTRIBUTES = [name.replace("_", " ") for name in DATASETS["celeba"].classes]
FEW = ["Blond Hair", "Eyeglasses", "Mouth Slightly Open"]


def images(*shape, channels=3, size=SIZE, seed=0):
    numbers = np.random.default_rng(seed)
    return numbers.integers(0, 255, (*shape, channels, size, size), dtype=np.uint8)


def models(k=2, n=40, size=SIZE):
    return {label: images(k, 1 + n, size=size, seed=seed) for seed, label in enumerate(("CVAE", "DualVAE"))}


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


# --- from files -------------------------------------------------------------------------------------


DOMAINS = {
    "cvae": ("Blond_Hair", "Eyeglasses", "Mustache"),
    "dualvae": ("Mustache", "Blond_Hair", "Eyeglasses"),  # the same in another order
}
LABELS = {"cvae": "CVAE", "dualvae": "DualVAE"}
PAPER = SimpleNamespace(
    experiments={
        name: SimpleNamespace(domains_of={"3": domains}.__getitem__) for name, domains in DOMAINS.items()
    }
)


@pytest.fixture
def edits(tmp_path):
    """The files of two models, and their arrays by model."""
    paths, arrays = [], {}
    for seed, name in enumerate(DOMAINS):
        arrays[name] = {"original": images(2, seed=9), "edited": images(2, 3, seed=seed)}
        paths.append(tmp_path / "runs" / name / "3/0/edits.safetensors")
        paths[-1].parent.mkdir(parents=True)
        save_file(arrays[name], paths[-1])
    return paths, arrays


def test_all_domains_stand_under_their_names_in_the_order_of_the_first_model(edits):
    paths, _ = edits
    figure = draw(PAPER, {"experiments": LABELS, "unit": "3", "title": "t"}, paths)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["original", "CVAE", "DualVAE"]
    for axes in figure.axes[1:]:
        assert [text.get_text() for text in axes.texts] == ["Blond Hair", "Eyeglasses", "Mustache"]


def test_chosen_domains_are_found_by_name_in_every_model(edits):
    paths, arrays = edits
    entry = {"experiments": LABELS, "unit": "3", "title": "t", "domains": ["Mustache", "Blond_Hair"]}
    figure = draw(PAPER, entry, paths)
    for image, axes in enumerate(figure.axes):
        for row, (name, places) in enumerate({"cvae": (2, 0), "dualvae": (0, 1)}.items()):
            np.testing.assert_array_equal(tile(canvas(axes), row, 0), arrays[name]["original"][image])
            for column, place in enumerate(places):
                found = tile(canvas(axes), row, column + 1)
                np.testing.assert_array_equal(found, arrays[name]["edited"][image, place])


def test_an_unknown_domain(edits):
    entry = {"experiments": LABELS, "unit": "3", "title": "t", "domains": ["Mustach"]}
    with pytest.raises(
        ValueError, match=r"^the figure shows the domain 'Mustach'; did you mean 'Mustache'\?$"
    ):
        draw(PAPER, entry, edits[0])


def test_a_file_of_another_experiment(edits):
    entry = {"experiments": LABELS, "unit": "3", "title": "t"}
    with pytest.raises(ValueError, match=r"edits\.safetensors is not of cvae, which stands at its place"):
        draw(PAPER, entry, edits[0][::-1])

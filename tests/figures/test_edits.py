from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from encore.figures.edits import draw, edits_grid
from encore.figures.mosaic import GAP

SIZE = 8


def images(*shape, channels=3, size=SIZE, seed=0):
    numbers = np.random.default_rng(seed)
    return numbers.integers(0, 255, (*shape, channels, size, size), dtype=np.uint8)


def rows(n=4):
    names = ("original", "reconstruction", "not Wearing Lipstick", "Wearing Lipstick")
    return {name: images(n, seed=seed) for seed, name in enumerate(names)}


def canvas(axes):
    return axes.images[0].get_array()


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


# --- from files -------------------------------------------------------------------------------------


def paper(units):
    """What a figure needs to know of a paper. units: experiment -> unit -> attributes."""
    return SimpleNamespace(
        experiments={name: SimpleNamespace(domains_of=domains.__getitem__) for name, domains in units.items()}
    )


def run(tmp_path, experiment, unit, seed, name):
    folder = tmp_path / "runs" / experiment / unit / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def test_edits_name_the_attribute_in_words(tmp_path):
    names = ("original", "reconstruction", "edited_0", "edited_1")
    arrays = {name: images(2, seed=seed) for seed, name in enumerate(names)}
    path = run(tmp_path, "if", "Wearing_Hat", 0, "edits.safetensors")
    save_file(arrays, path)
    of_units = paper({"if": {"Wearing_Hat": ("Wearing_Hat",), "Male": ("Male",)}})
    figure = draw(of_units, {"experiment": "if", "unit": "Wearing_Hat", "title": "t"}, [path])
    (axes,) = figure.axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == ["original", "reconstruction", "not Wearing Hat", "Wearing Hat"]
    for row, name in enumerate(names):
        np.testing.assert_array_equal(tile(canvas(axes), row, 1), arrays[name][1])


def test_edits_of_several_attributes_stand_below_each_other(tmp_path):
    names, paths = ("original", "reconstruction", "edited_0", "edited_1"), []
    for seed, unit in enumerate(("Wearing_Hat", "Male")):
        paths.append(run(tmp_path, "if", unit, 0, "edits.safetensors"))
        save_file({name: images(2, seed=seed) for name in names}, paths[-1])
    of_units = paper({"if": {"Wearing_Hat": ("Wearing_Hat",), "Male": ("Male",)}})
    figure = draw(of_units, {"experiment": "if", "title": "t"}, paths)
    (axes,) = figure.axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    of_hat = ["Wearing Hat: original", "Wearing Hat: reconstruction", "not Wearing Hat", "Wearing Hat"]
    assert shown == [*of_hat, "Male: original", "Male: reconstruction", "not Male", "Male"]
    np.testing.assert_array_equal(tile(canvas(axes), 4, 1), images(2, seed=1)[1])

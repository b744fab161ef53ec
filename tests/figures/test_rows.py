"""Rows of images, and the kinds of figures that are made of them."""

from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from encore.figures import arithmetic, autoencoded, gallery, generation, interpolation
from encore.figures.mosaic import GAP
from encore.figures.rows import rows_grid

SIZE = 8


def images(*shape, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (*shape, channels, SIZE, SIZE), dtype=np.uint8)


def tile(figure, row, column, extra=0):
    """What is drawn at a row and a column, as (3, S, S); extra: pixels of wider gaps before it."""
    drawn = figure.axes[0].images[0].get_array()
    top, left = row * (SIZE + GAP), column * (SIZE + GAP) + extra
    return drawn[top : top + SIZE, left : left + SIZE].transpose(2, 0, 1)


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def heads(figure):
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]


def shown(folder, experiment, **tensors):
    """A shown.safetensors where a run of the experiment leaves it."""
    path = folder / "runs" / experiment / "all" / "0" / "shown.safetensors"
    path.parent.mkdir(parents=True)
    save_file(tensors, path)
    return path


# --- rows --------------------------------------------------------------------------------------------


def test_rows_lie_below_each_other_with_their_names():
    rows = [("one", images(4)), ("", images(4, seed=1))]
    figure = rows_grid(rows, "Title")
    for row, (_, of_row) in enumerate(rows):
        for column in range(4):
            np.testing.assert_array_equal(tile(figure, row, column), of_row[column])
    assert labels(figure) == ["one", ""]
    assert figure.get_suptitle() == "Title"


def test_groups_of_columns_stand_apart_with_their_heads_above():
    row = images(4)
    figure = rows_grid([("a", row)], "", heads=["x", "y", "x", "y"], group=2)
    for column, extra in enumerate([0, 0, 2 * GAP, 2 * GAP]):
        np.testing.assert_array_equal(tile(figure, 0, column, extra), row[column])
        centre = column * (SIZE + GAP) + extra + (SIZE - 1) / 2
        assert figure.axes[0].get_xticks()[column] == centre
    assert heads(figure) == ["x", "y", "x", "y"]


def test_names_lie_within_the_figure():
    figure = rows_grid([("by the discriminator", images(8)), ("generated", images(8))], "")
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert all(box.x0 >= 0 for box in boxes)
    assert figure.axes[0].get_window_extent().x1 <= figure.bbox.width


def test_rows_that_diverged_are_told_of():
    white = np.full_like(images(3), 255)
    assert rows_grid([("a", white), ("b", white)], "T").get_suptitle() == "T\nthe training diverged"
    assert rows_grid([("a", white), ("b", images(3))], "T").get_suptitle() == "T"


def test_rows_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^row 1: found images"):
        rows_grid([("a", images(3)), ("", images(4))], "")


# --- kinds -------------------------------------------------------------------------------------------


def test_gallery_of_one_model_is_six_rows_without_a_name(tmp_path):
    sample = images(64)
    path = shown(tmp_path, "x", sample=sample)
    figure = gallery.draw(None, {"experiments": {"x": "X"}, "title": ""}, [path])
    assert labels(figure) == [""] * 6
    np.testing.assert_array_equal(tile(figure, 5, 9), sample[59])


def test_gallery_of_several_models_is_two_rows_each(tmp_path):
    samples = {name: images(64, seed=seed) for seed, name in enumerate("xy")}
    paths = [shown(tmp_path, name, sample=sample) for name, sample in samples.items()]
    figure = gallery.draw(None, {"experiments": {"x": "X", "y": "Y"}, "title": ""}, paths)
    assert labels(figure) == ["X", "", "Y", ""]
    np.testing.assert_array_equal(tile(figure, 3, 9), samples["y"][19])
    with pytest.raises(ValueError, match="is not of y"):
        gallery.draw(None, {"experiments": {"y": "Y", "x": "X"}, "title": ""}, paths)


def test_autoencoded_shows_both_kinds_above_what_is_made_of_them(tmp_path):
    names = ("sample.VAE", "sample.discriminator", "original", "original.VAE", "original.discriminator")
    tensors = {name: images(8, seed=seed) for seed, name in enumerate(names)} | {"sample": images(64, seed=9)}
    path = shown(tmp_path, "x", **tensors)
    figure = autoencoded.draw(None, {"experiment": "x", "title": ""}, [path])
    by = ["by the VAE", "by the discriminator"]
    assert labels(figure) == ["generated", *by, "real", *by]
    np.testing.assert_array_equal(tile(figure, 0, 7), tensors["sample"][7])
    np.testing.assert_array_equal(tile(figure, 2, 3), tensors["sample.discriminator"][3])
    np.testing.assert_array_equal(tile(figure, 4, 3), tensors["original.VAE"][3])


def test_interpolation_of_one_model_has_the_real_images_at_both_sides(tmp_path):
    between, ends = images(4, 5), images(4, 2, seed=1)
    path = shown(tmp_path, "x", interpolation=between, ends=ends)
    figure = interpolation.draw(None, {"experiments": {"x": "X"}, "title": ""}, [path])
    np.testing.assert_array_equal(tile(figure, 3, 0), ends[3, 0])
    np.testing.assert_array_equal(tile(figure, 3, 1), between[3, 0])
    np.testing.assert_array_equal(tile(figure, 3, 6), ends[3, 1])
    assert heads(figure) == ["real", "", "", "", "", "", "real"]


def test_generation_is_random_images_reconstructions_inpainting_and_morphing(tmp_path):
    of = {
        name: images(count, seed=seed)
        for seed, (name, count) in enumerate(
            {"sample": 20, "original": 6, "original.X": 6, "masked": 6, "inpainted": 6, "sample.X": 6}.items()
        )
    }
    between, ends = images(4, 6, seed=7), images(4, 2, seed=8)
    path = shown(tmp_path, "x", interpolation=between, ends=ends, **of)
    figure = generation.draw(None, {"experiment": "x", "title": ""}, [path])
    assert labels(figure) == [
        "random 1", "random 2", "real", "reconstructed", "masked", "inpainted", "morphing 1", "morphing 2",
    ]  # fmt: skip
    np.testing.assert_array_equal(tile(figure, 1, 2), of["sample"][8])
    rows = {2: of["original"], 3: of["original.X"], 4: of["masked"], 5: of["inpainted"]}
    for row, expected in rows.items():
        np.testing.assert_array_equal(tile(figure, row, 5), expected[5])
    for row in (6, 7):
        np.testing.assert_array_equal(tile(figure, row, 0), ends[row - 6, 0])
        np.testing.assert_array_equal(tile(figure, row, 1), between[row - 6, 1])
        np.testing.assert_array_equal(tile(figure, row, 4), between[row - 6, 4])
        np.testing.assert_array_equal(tile(figure, row, 5), ends[row - 6, 1])


def test_generation_shows_what_a_method_has(tmp_path):
    """Without an encoder random images alone; of two autoencoders both."""
    of = {"sample": images(20), "original": images(6), "interpolation": images(4, 6)}
    path = shown(tmp_path, "x", **of)
    figure = generation.draw(None, {"experiment": "x", "title": ""}, [path])
    assert labels(figure) == ["random 1", "random 2", "real"]
    path = shown(tmp_path, "y", **of, **{f"original.{name}": images(6) for name in ("VAE", "discriminator")})
    figure = generation.draw(None, {"experiment": "y", "title": ""}, [path])
    assert labels(figure)[3:] == ["by the VAE", "by the discriminator"]


def test_interpolation_of_several_models_is_what_they_make_alone(tmp_path):
    of = {name: images(4, 5, seed=seed) for seed, name in enumerate("xy")}
    paths = [shown(tmp_path, name, interpolation=one, ends=images(4, 2)) for name, one in of.items()]
    figure = interpolation.draw(None, {"experiments": {"x": "X", "y": "Y"}, "title": ""}, paths)
    assert labels(figure) == ["X", "", "Y", ""]
    np.testing.assert_array_equal(tile(figure, 3, 4), of["y"][1, 4])


def test_arithmetic_is_a_row_an_attribute_and_three_columns_an_image(tmp_path):
    tensors = {
        f"arithmetic.{name}": images(4, 3, seed=seed) for seed, name in enumerate(["Bald", "Pale_Skin"])
    }
    path = shown(tmp_path, "x", **tensors)
    experiment = SimpleNamespace(domains_of=lambda unit: ("Bald", "Pale_Skin"))
    paper = SimpleNamespace(experiments={"x": experiment})
    entry = {"experiment": "x", "unit": "all", "title": ""}
    figure = arithmetic.draw(paper, entry, [path])
    assert labels(figure) == ["Bald", "Pale Skin"]
    np.testing.assert_array_equal(tile(figure, 1, 5, 2 * GAP), tensors["arithmetic.Pale_Skin"][1, 2])
    assert heads(figure)[:4] == ["without", "as it is", "with", "without"]
    assert labels(arithmetic.draw(paper, entry | {"domains": ["Pale_Skin"]}, [path])) == ["Pale Skin"]
    with pytest.raises(ValueError, match="no images that were moved towards 'Male'"):
        arithmetic.draw(paper, entry | {"domains": ["Male"]}, [path])

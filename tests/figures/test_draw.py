"""From files to figures: that each part of the files comes to its place."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from encore.figures.draw import DRAW

DOMAINS = {
    "cvae": ("Blond_Hair", "Eyeglasses", "Mustache"),
    "dualvae": ("Mustache", "Blond_Hair", "Eyeglasses"),  # the same in another order
}
LABELS = {"cvae": "CVAE", "dualvae": "DualVAE"}


def paper(units):
    """What a figure needs to know of a paper. units: experiment -> unit -> attributes."""
    return SimpleNamespace(
        experiments={name: SimpleNamespace(domains_of=domains.__getitem__) for name, domains in units.items()}
    )


PAPER = paper({name: {"3": domains} for name, domains in DOMAINS.items()})


def images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (*shape, 3, 8, 8), dtype=np.uint8)


def run(tmp_path, experiment, unit, seed, name):
    folder = tmp_path / "runs" / experiment / unit / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def corner(axes, row, column):
    """The image at a row and a column of a mosaic without names above, as (3, 8, 8)."""
    return (
        axes.images[0].get_array()[10 * row : 10 * row + 8, 10 * column : 10 * column + 8].transpose(2, 0, 1)
    )


def test_edits_name_the_attribute_in_words(tmp_path):
    names = ("original", "reconstruction", "edited_0", "edited_1")
    arrays = {name: images(2, seed=seed) for seed, name in enumerate(names)}
    path = run(tmp_path, "if", "Wearing_Hat", 0, "edits.safetensors")
    save_file(arrays, path)
    of_units = paper({"if": {"Wearing_Hat": ("Wearing_Hat",), "Male": ("Male",)}})
    figure = DRAW["edits"](of_units, {"experiment": "if", "unit": "Wearing_Hat", "title": "t"}, [path])
    (axes,) = figure.axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert shown == ["original", "reconstruction", "not Wearing Hat", "Wearing Hat"]
    for row, name in enumerate(names):
        np.testing.assert_array_equal(corner(axes, row, 1), arrays[name][1])


def test_edits_of_several_attributes_stand_below_each_other(tmp_path):
    names, paths = ("original", "reconstruction", "edited_0", "edited_1"), []
    for seed, unit in enumerate(("Wearing_Hat", "Male")):
        paths.append(run(tmp_path, "if", unit, 0, "edits.safetensors"))
        save_file({name: images(2, seed=seed) for name in names}, paths[-1])
    of_units = paper({"if": {"Wearing_Hat": ("Wearing_Hat",), "Male": ("Male",)}})
    figure = DRAW["edits"](of_units, {"experiment": "if", "title": "t"}, paths)
    (axes,) = figure.axes
    shown = [label.get_text() for label in axes.get_yticklabels()]
    of_hat = ["Wearing Hat: original", "Wearing Hat: reconstruction", "not Wearing Hat", "Wearing Hat"]
    assert shown == [*of_hat, "Male: original", "Male: reconstruction", "not Male", "Male"]
    np.testing.assert_array_equal(corner(axes, 4, 1), images(2, seed=1)[1])


@pytest.fixture
def edits(tmp_path):
    """The files of two models, and their arrays by model."""
    paths, arrays = [], {}
    for seed, name in enumerate(DOMAINS):
        arrays[name] = {"original": images(2, seed=9), "edited": images(2, 3, seed=seed)}
        paths.append(run(tmp_path, name, "3", 0, "edits.safetensors"))
        save_file(arrays[name], paths[-1])
    return paths, arrays


def test_all_domains_stand_under_their_names_in_the_order_of_the_first_model(edits):
    paths, _ = edits
    figure = DRAW["domains"](PAPER, {"experiments": LABELS, "unit": "3", "title": "t"}, paths)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["original", "CVAE", "DualVAE"]
    for axes in figure.axes[1:]:
        assert [text.get_text() for text in axes.texts] == ["Blond Hair", "Eyeglasses", "Mustache"]


def test_chosen_domains_are_found_by_name_in_every_model(edits):
    paths, arrays = edits
    entry = {"experiments": LABELS, "unit": "3", "title": "t", "domains": ["Mustache", "Blond_Hair"]}
    figure = DRAW["domains"](PAPER, entry, paths)
    for image, axes in enumerate(figure.axes):
        for row, (name, places) in enumerate({"cvae": (2, 0), "dualvae": (0, 1)}.items()):
            np.testing.assert_array_equal(corner(axes, row, 0), arrays[name]["original"][image])
            for column, place in enumerate(places):
                found = corner(axes, row, column + 1)
                np.testing.assert_array_equal(found, arrays[name]["edited"][image, place])


def test_an_unknown_domain(edits):
    entry = {"experiments": LABELS, "unit": "3", "title": "t", "domains": ["Mustach"]}
    with pytest.raises(
        ValueError, match=r"^the figure shows the domain 'Mustach'; did you mean 'Mustache'\?$"
    ):
        DRAW["domains"](PAPER, entry, edits[0])


@pytest.mark.parametrize("kind", ["domains", "extremes"])
def test_a_file_of_another_experiment(kind, edits):
    entry = {"experiments": LABELS, "unit": "3", "title": "t"}
    with pytest.raises(ValueError, match=r"edits\.safetensors is not of cvae, which stands at its place"):
        DRAW[kind](PAPER, entry, edits[0][::-1])


def scores(tmp_path, experiment, seed, ts, rs):
    path = run(tmp_path, experiment, "3", seed, "scores.csv")
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
    figure = DRAW["transfer"](None, entry, paths)
    cvae, dualvae = (line.get_xydata() for line in figure.axes[0].lines[:2])
    np.testing.assert_allclose(cvae, [[-0.6, 0.05]])
    np.testing.assert_allclose(dualvae, [[-0.2, 0.3], [-0.3, 0.7], *[[np.nan, np.nan]] * 2])
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["CVAE", "DualVAE (a training diverged)"]


def test_scores_of_too_few_or_other_experiments(tmp_path):
    path = scores(tmp_path, "cvae", 0, [0.1], [-0.1])
    entry = {"experiments": LABELS, "unit": "3", "images": 2, "title": "t"}
    with pytest.raises(ValueError, match=r"^the figure shows dualvae, but no scores of it were given\.$"):
        DRAW["transfer"](None, entry, [path])
    other = scores(tmp_path, "dualvae-", 0, [0.1], [-0.1])
    with pytest.raises(ValueError, match=r"is of no experiment of the figure; did you mean 'dualvae'"):
        DRAW["transfer"](None, entry, [path, other])


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
    figure = DRAW["sparsity"](None, entry, paths)
    dual, star = (line.get_xydata() for line in figure.axes[0].lines[:2])
    np.testing.assert_allclose(dual, [[-0.1, 0.1], [-0.2, 0.4]])
    assert np.isnan(star[0, 0])
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["s = 0.9", "StarGAN (a training diverged)"]
    with pytest.raises(ValueError, match=r"star\.csv is not of dual-0\.9, which stands at its place"):
        DRAW["sparsity"](None, entry, paths[::-1])

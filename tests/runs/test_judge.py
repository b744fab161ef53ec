"""What a judge says of edits that are known: a stand-in for the method, pictures whose attributes are pixels.

Attribute i of an image is its pixel in row 0 and column i, white where it has it; the judge reads it there.
"""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch

from encore.datasets.read import Images
from encore.datasets.split import Split
from encore.methods.attribute_classifier import AttributeClassifier
from encore.metrics import editing, transfer
from encore.papers.find import find_experiment
from encore.runs import run as run_module
from encore.runs.checkpoint import DivergedError, to_bytes
from encore.runs.judge import (
    chosen_amount,
    judge_edits,
    judged_test,
    judged_valid,
    open_judge,
    undefined,
)
from encore.runs.run import Run
from encore.strict import ConfigError

SIDE = 8
TEST = np.array([1, 3, 4, 6, 7])  # of eight images
VALID = np.array([2, 5])  # where an amount is chosen
LIGHT = 0.5
SURE = 10.0  # logit of a white pixel; minus it of a black one
P1, P0 = 1 / (1 + math.exp(-SURE)), 1 / (1 + math.exp(SURE))
SEVERAL = np.random.default_rng(5).random((8, 3)) < 0.5
COUNT = SEVERAL[TEST].sum(axis=1)  # attributes that each test image has
ONE = np.array([[0], [1], [0], [0], [1], [1], [0], [1]], dtype=bool)


class Untouched:
    """A method whose edits change nothing, and whose reconstructions are the images."""

    def reconstruct(self, x, y):
        return x

    def edit(self, x, y, domain, value):
        return x

    def transfer(self, x, domain, value, amount):
        return x

    def mean_length(self):
        return 2.0


class Perfect(Untouched):
    """Sets the one pixel that was asked for, to white or black in `pixel_range`."""

    def __init__(self, pixel_range=(0.0, 1.0)):
        self.low, self.high = pixel_range

    def edit(self, x, y, domain, value):
        edited = x.clone()
        edited[:, :, 0, domain] = self.high if value else self.low
        return edited


class FromLabels(Perfect):
    """Draws all attributes anew from the labels, then the one that was asked for."""

    def edit(self, x, y, domain, value):
        drawn = x.clone()
        drawn[:, 0, 0, : y.shape[1]] = self.low + y * (self.high - self.low)
        return super().edit(drawn, y, domain, value)


class Spoiling(Perfect):
    """Sets the pixel that was asked for and blackens all others."""

    def edit(self, x, y, domain, value):
        return super().edit(torch.full_like(x, self.low), y, domain, value)


class ByAmount(Perfect):
    """Sets the pixel to a share of white, `amount` of ten."""

    amount = 0.0  # by which `edit` transfers; a judge of amounts sets it

    def transfer(self, x, domain, value, amount):
        moved = x.clone()
        moved[:, :, 0, domain] = self.low + (self.high - self.low) * amount / 10
        return moved

    def edit(self, x, y, domain, value):
        return self.transfer(x, domain, value, self.amount)

    def mean_length(self):
        return 0.75


class BestAt(ByAmount):
    """The pixel that was asked for turns white at any amount; the others go black but at the `best` one.

    best: amount of the images that are dark beneath their first row, and of the others.
    """

    def __init__(self, dark, light):
        super().__init__()
        self.best = dark, light

    def transfer(self, x, domain, value, amount):
        light = (x[:, 0, -1, -1] > LIGHT).long()
        spoilt = torch.tensor(self.best)[light] != amount
        moved = torch.where(spoilt[:, None, None, None], torch.zeros_like(x), x)
        moved[:, :, 1:] = x[:, :, 1:]
        moved[:, :, 0, domain] = 1.0
        return moved


def pictures(attributes):
    """uint8 (n, SIDE, SIDE, 1), a different grey beneath the first row of each."""
    pixels = np.zeros((len(attributes), SIDE, SIDE, 1), np.uint8)
    pixels[:, 1:] = np.arange(len(attributes)).reshape(-1, 1, 1, 1) * 20
    pixels[:, 0, : attributes.shape[1], 0] = 255 * attributes
    return pixels


def opened(method, attributes, pixel_range=(0.0, 1.0), labels=None, **judged):
    """A run of `method` on pictures of `attributes`; labels: what stands in the dataset, if anything else."""
    several = attributes.shape[1] > 1
    experiment = find_experiment("demo-dualvae" if several else "demo-ifcvaegan")
    experiment = dataclasses.replace(experiment, judged={"by": experiment.judged["by"]} | judged)
    settings = {"pixel_range": list(pixel_range), "image_size": SIDE, "crop": "none", "resize": "none"}
    valid = VALID if "amounts" in judged else None
    train = np.setdiff1d(np.arange(len(attributes)), TEST if valid is None else [*TEST, *VALID])
    labels = attributes if labels is None else labels
    split = Split(train, TEST, labels[TEST, 0], valid=valid)
    unit, images = "7" if several else "closed_loop", Images(pictures(attributes), None, len(labels), ())
    return Run(experiment, unit, 0, "code", settings, method, split, "cpu", images, labels)


def reading(run):
    """A judge that reads the attributes off the first row."""
    low, high = run.settings["pixel_range"]
    count = run.attributes.shape[1]

    def judge(images):
        pixels = (images[:, 0, 0, :count].double().numpy() - low) / (high - low)
        return SURE * (2 * pixels - 1)

    return judge


def judged(run):
    return judge_edits(run, reading(run))


def metrics(run):
    columns = {"index": judged_test(run)}
    if run.attributes.shape[1] == 1:
        columns["label"] = run.attributes[judged_test(run), 0].astype(int)
    return measured(run, columns | judged(run))


def measured(run, columns):
    module = editing if run.attributes.shape[1] == 1 else transfer
    return module.measure(pd.DataFrame(columns), run.experiment, "")


# --- several domains ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_a_transfer_that_changes_nothing_scores_nothing(pixel_range):
    found = metrics(opened(Untouched(), SEVERAL, pixel_range, amounts=[5]))
    nothing = {"CIS": 0, "ts": 0, "rs": 0}
    assert found["score"] == nothing | {"accuracy": 1, "lambda": 5, "length": 2}
    assert found["logit"] == nothing
    assert found["lambda=5"] == nothing | {"CIS_valid": 0}


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_a_perfect_transfer_sets_what_was_absent_and_keeps_the_rest(pixel_range):
    columns = judged(opened(Perfect(pixel_range), SEVERAL, pixel_range))
    absent = (3 - COUNT) / 3
    assert 0 < absent.mean() < 1
    np.testing.assert_allclose(columns["ts"], absent * (P1 - P0), atol=1e-9)
    np.testing.assert_allclose(columns["ts:logit"], absent * 2 * SURE, atol=1e-9)
    np.testing.assert_array_equal(columns["rs"], 0)
    np.testing.assert_array_equal(columns["rs:logit"], 0)


def test_a_transfer_that_spoils_the_rest_loses_what_was_there():
    columns = judged(opened(Spoiling(), SEVERAL))
    np.testing.assert_allclose(columns["ts"], (3 - COUNT) / 3 * (P1 - P0), atol=1e-9)
    # Of the six entries off the diagonal each attribute that the image has falls in two.
    np.testing.assert_allclose(columns["rs"], -2 * COUNT / 6 * (P1 - P0), atol=1e-9)
    np.testing.assert_allclose(columns["rs:logit"], -2 * COUNT / 6 * 2 * SURE, atol=1e-9)


def test_accuracy_is_of_the_originals_against_the_labels():
    labels = SEVERAL.copy()
    labels[TEST[0], 0] ^= True
    labels[TEST[3], [0, 2]] ^= True
    found = judged(opened(Perfect(), SEVERAL, labels=labels))["accuracy"]
    np.testing.assert_allclose(found, [2 / 3, 1, 1, 1 / 3, 1])


def test_the_judge_says_yes_above_the_logit_0():
    """As above the probability 1/2; a logit of 0 is no."""
    run = opened(Untouched(), SEVERAL, labels=np.ones_like(SEVERAL))
    said = np.array([[0.01, 0, -0.01], [0.6, 0.4, 0.01], [-0.6, -0.4, 0.01], [9, 9, 0], [0, 0, -9]])
    found = judge_edits(run, lambda images: said)["accuracy"]
    np.testing.assert_allclose(found, [1 / 3, 1, 1 / 3, 2 / 3, 0])


def test_every_amount_is_a_variant_of_its_own():
    columns = judged(opened(ByAmount(), SEVERAL, amounts=[10, 2.5]))
    assert list(columns) == [
        *("accuracy", "ts", "rs", "ts:logit", "rs:logit"),
        *("ts:lambda=10", "rs:lambda=10", "ts:lambda=2.5", "rs:lambda=2.5"),
        *("lambda", "length", "valid:lambda=10", "valid:lambda=2.5"),
    ]
    assert (set(columns["lambda"]), set(columns["length"])) == ({10}, {0.75})
    np.testing.assert_allclose(columns["ts:lambda=10"], columns["ts"], atol=1e-9)
    reached = 1 / (1 + math.exp(5))  # a quarter of white: the logit -5
    by_hand = (COUNT * (reached - P1) + (3 - COUNT) * (reached - P0)) / 3
    np.testing.assert_allclose(columns["ts:lambda=2.5"], by_hand, atol=1e-6)
    np.testing.assert_array_equal(columns["rs:lambda=2.5"], 0)


def test_an_amount_is_chosen_by_validation_images_and_no_other():
    """Validation images are told from test images by their grey: the ones are best at 2, the others at 5."""
    run = opened(BestAt(dark=2.0, light=5.0), SEVERAL, amounts=[1, 2, 5])
    run.images.pixels[:, 1:] = 200
    run.images.pixels[VALID, 1:] = 50
    columns = judged(run)
    assert set(columns["lambda"]) == {2}
    assert run.method.amount == 2  # what figures are then drawn by
    for name in ("ts", "rs"):
        np.testing.assert_array_equal(columns[name], columns[f"{name}:lambda=2"])
    mean = {
        amount: (columns[f"ts:lambda={amount}"] + columns[f"rs:lambda={amount}"]).mean()
        for amount in (1, 2, 5)
    }
    assert mean[5] > mean[2]  # by the test images it would be another
    curve = {amount: set(columns[f"valid:lambda={amount}"]) for amount in (1, 2, 5)}
    (best,), (other,) = curve[2], curve[1]
    assert curve[5] == {other}
    gained = (3 - SEVERAL[VALID].sum(axis=1)) / 3 * (P1 - P0)
    assert best == pytest.approx(gained.mean())
    lost = 2 * SEVERAL[VALID].sum(axis=1) / 6 * (P1 - P0)
    assert other == pytest.approx((gained - lost).mean())
    assert other < best


def test_as_many_validation_images_choose_as_test_images_are_judged():
    some = opened(ByAmount(), SEVERAL, images=1, amounts=[1])
    assert judged_valid(some).tolist() == [2]
    assert judged_valid(opened(ByAmount(), SEVERAL, amounts=[1])).tolist() == [2, 5]


def test_amounts_without_a_validation_part_are_refused():
    run = opened(ByAmount(), SEVERAL, amounts=[1])
    run = dataclasses.replace(run, split=dataclasses.replace(run.split, valid=None))
    with pytest.raises(
        ConfigError, match=r"demo-dualvae: judged\.amounts needs a split with a validation part"
    ):
        judged(run)


def test_the_chosen_amount_is_read_from_the_scores(tmp_path):
    run = opened(BestAt(2.0, 2.0), SEVERAL, amounts=[1, 2.5, 2])
    pd.DataFrame({"index": judged_test(run)} | judged(run)).to_csv(tmp_path / "scores.csv", index=False)
    assert chosen_amount(tmp_path / "scores.csv") == 2
    pd.DataFrame({"index": judged_test(run)} | undefined(run)).to_csv(tmp_path / "none.csv", index=False)
    assert math.isnan(chosen_amount(tmp_path / "none.csv"))


def test_without_amounts_a_method_needs_no_transfer():
    class Editing:
        edit = Perfect().edit

    columns = judged(opened(Editing(), SEVERAL))
    assert list(columns) == ["accuracy", "ts", "rs", "ts:logit", "rs:logit"]


def test_labels_reach_the_edits_beside_their_images_over_all_batches(monkeypatch):
    """A batch's labels of other images would be drawn into it, and seen off the diagonal."""
    whole = judged(opened(FromLabels(), SEVERAL))
    np.testing.assert_array_equal(whole["rs"], 0)
    monkeypatch.setattr(run_module, "IMAGES_AT_ONCE", 2)
    batched = judged(opened(FromLabels(), SEVERAL))
    assert list(batched) == list(whole)
    for name, column in whole.items():
        assert column.shape == (5,)
        np.testing.assert_array_equal(batched[name], column)


def test_the_first_test_images_are_judged_or_all():
    some = opened(Perfect(), SEVERAL, images=2)
    assert judged_test(some).tolist() == [1, 3]
    assert judged_test(opened(Perfect(), SEVERAL)).tolist() == TEST.tolist()
    columns, whole = judged(some), judged(opened(Perfect(), SEVERAL))
    for name, column in columns.items():
        np.testing.assert_array_equal(column, whole[name][:2])


# --- one domain --------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_one_domain_by_hand(pixel_range):
    columns = judged(opened(Perfect(pixel_range), ONE, pixel_range))
    assert list(columns) == ["squared_error", "original", "edited_0", "edited_1"]
    np.testing.assert_allclose(columns["original"], np.where(ONE[TEST, 0], P1, P0), atol=1e-9)
    np.testing.assert_allclose(columns["edited_0"], P0, atol=1e-9)
    np.testing.assert_allclose(columns["edited_1"], P1, atol=1e-9)
    np.testing.assert_array_equal(columns["squared_error"], 0)
    found = metrics(opened(Perfect(pixel_range), ONE, pixel_range))["score"]
    shares = {"Class0": 1, "Class1": 1, "Class0+Class1": 2, "success": 1}
    assert found == {"MSE": 0, **shares, "accuracy": 1}


def test_a_method_that_does_not_edit_leaves_what_was_there():
    found = metrics(opened(Untouched(), ONE))["score"]
    assert (found["Class0"], found["Class1"], found["success"]) == (0, 1, 0.5)
    assert found["Class0+Class1"] == 1


@pytest.mark.parametrize("images_at_once", [1, 2, 250])
def test_a_method_that_draws_is_given_the_noise_of_each_image(images_at_once, monkeypatch):
    """By its index in the dataset: in any batch the same, and the same for all that is made of it."""

    class Drawing:
        def edit_noise(self, indices):
            return torch.from_numpy(indices / 10).float().reshape(-1, 1, 1, 1)

        def reconstruct(self, x, y, noise):
            return x + noise

        def edit(self, x, y, domain, value, noise):
            return torch.zeros_like(x) + noise / (2 if value else 1)

    monkeypatch.setattr(run_module, "IMAGES_AT_ONCE", images_at_once)
    found = judged(opened(Drawing(), ONE))
    np.testing.assert_allclose(found["squared_error"], (TEST / 10) ** 2, rtol=1e-5)
    for name, share in (("edited_0", 1), ("edited_1", 2)):
        logits = SURE * (2 * TEST / 10 / share - 1)
        np.testing.assert_allclose(found[name], 1 / (1 + np.exp(-logits)), rtol=1e-4)


@pytest.mark.parametrize("pixel_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_errors_are_of_pixels_from_0_to_1_in_any_range(pixel_range):
    low, high = pixel_range

    class Lighter(Untouched):
        """Reconstructs image number k of a batch a tenth of k lighter in its upper half."""

        def reconstruct(self, x, y):
            made = x.clone()
            made[:, :, : SIDE // 2] += torch.arange(len(x)).reshape(-1, 1, 1, 1) * (high - low) / 10
            return made

    found = judged(opened(Lighter(), ONE, pixel_range))["squared_error"]
    np.testing.assert_allclose(found, [0.0, 0.005, 0.02, 0.045, 0.08], atol=1e-6)


# --- the classifier ----------------------------------------------------------------------------------


def saved_classifier(path, n_labels):
    """The demo's classifier of so many attributes with drawn weights, stored as a training stores it."""
    name = "demo-domains-judge" if n_labels > 1 else "demo-judge"
    settings = find_experiment(name).values("code")
    classifier = AttributeClassifier(settings, (1, SIDE, SIDE), 4, "cpu", n_labels=n_labels)
    path.write_bytes(to_bytes(classifier.model()))
    return classifier


def greys(*shape):
    """Images in [-1, 1] and a little beyond, between the 256 values that can be stored."""
    return torch.from_numpy(np.random.default_rng(0).uniform(-1.3, 1.3, shape).astype(np.float32))


@pytest.mark.parametrize("attributes", [SEVERAL, ONE])
def test_the_classifier_sees_bytes_in_its_own_range(tmp_path, attributes):
    run = opened(Untouched(), attributes, (-1.0, 1.0))
    domains = len(run.experiment.domains_of(run.unit))
    trained = saved_classifier(tmp_path / "model", domains)
    judge, deviations = open_judge(run, tmp_path / "model", [])
    images = greys(6, 1, SIDE, SIDE)
    stored = np.rint(np.clip((images.numpy() + 1) / 2, 0, 1) * 255)
    expected = trained.classify(torch.from_numpy((stored / 255).astype(np.float32)))
    found = judge(images)
    assert found.dtype == np.float64
    assert found.shape == (6, domains)
    np.testing.assert_allclose(found, expected.double().numpy(), atol=1e-6)
    unstored = trained.classify((images + 1) / 2).double().numpy()
    assert np.abs(found - unstored).max() > 1e-3  # what is tested can be seen at this tolerance
    assert deviations == []


def test_images_that_are_stored_alike_are_judged_alike(tmp_path):
    run = opened(Untouched(), SEVERAL, (-1.0, 1.0))
    saved_classifier(tmp_path / "model", 7)
    judge, _ = open_judge(run, tmp_path / "model", [])
    images = torch.arange(3 * SIDE**2).reshape(3, 1, SIDE, SIDE) / 255 * 2 - 1
    np.testing.assert_array_equal(judge(images), judge(images + 0.4 / 255))
    assert not np.array_equal(judge(images), judge(images + 1.6 / 255))


def test_a_judge_that_diverged_judges_nothing(tmp_path):
    (tmp_path / "model").write_bytes(to_bytes({}, {"diverged": "demo-judge closed_loop/0 diverged."}))
    with pytest.raises(DivergedError, match="demo-judge closed_loop/0 diverged"):
        open_judge(opened(Untouched(), ONE), tmp_path / "model", [])


def test_an_edit_that_is_no_number_gives_no_number(tmp_path):
    class Broken(Untouched):
        def edit(self, x, y, domain, value):
            edited = x.clone()
            edited[1, 0, 2, 3] = math.nan  # one pixel of one image
            return edited

    saved_classifier(tmp_path / "model", 1)
    run = opened(Broken(), ONE)
    judge, _ = open_judge(run, tmp_path / "model", [])
    found = judge_edits(run, judge)
    assert np.isnan(found["edited_0"]).tolist() == [False, True, False, False, False]
    assert not np.isnan(found["original"]).any()


# --- a training that diverged ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "judged_by"), [(ONE, {}), (SEVERAL, {}), (SEVERAL, {"amounts": [1, 2.5, 20]})]
)
def test_a_run_that_diverged_has_the_same_columns_and_no_number(attributes, judged_by):
    run = opened(ByAmount(), attributes, **judged_by)
    found = undefined(run)
    assert list(found) == list(judged(run))
    assert all(map(math.isnan, found.values()))
    columns = {"index": judged_test(run), "label": 1}
    nothing = measured(run, columns | found)
    names = {name: set(values) for name, values in metrics(run).items()}
    assert {name: set(values) for name, values in nothing.items()} == names
    assert all(math.isnan(value) for values in nothing.values() for value in values.values())

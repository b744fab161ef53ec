"""Metrics of edited images by hand: of five images with one domain, and of three with several."""

import math

import numpy as np
import pandas as pd
import pytest

from encore.metrics.editing import editing_metrics


def one_domain(**changed):
    """Five images, the first four with the attribute; 0.5 is not above 0.5, so it says "no"."""
    columns = {
        "index": [3, 4, 8, 9, 11],
        "label": [1, 1, 1, 1, 0],
        "squared_error": [0.01, 0.02, 0.03, 0.04, 0.15],
        "original": [0.9, 0.5, 0.8, 0.7, 0.2],
        "edited_0": [0.1, 0.5, 0.6, 0.4, 0.9],
        "edited_1": [0.9, 0.5, 0.51, 0.2, 0.1],
    }
    return pd.DataFrame(columns | changed)


def several_domains(**changed):
    columns = {
        "index": [0, 1, 2],
        "accuracy": [1.0, 0.5, 0.75],
        "ts": [0.3, 0.6, 0.0],
        "rs": [-0.1, -0.2, -0.6],
    }
    return pd.DataFrame(columns | changed)


def with_nan(values, place):
    return [math.nan if index == place else value for index, value in enumerate(values)]


def test_one_domain_by_hand():
    found = editing_metrics(one_domain())
    assert list(found) == ["score"]
    assert found["score"] == pytest.approx(
        {
            "MSE": 0.25 / 5,  # of all images
            "Class0": 3 / 4,  # 0.1, 0.5 and 0.4; the image without the attribute does not count
            "Class1": 2 / 4,  # 0.9 and 0.51
            "success": 5 / 8,
            "accuracy": 4 / 5,  # 0.5 is taken for "no", though the image has the attribute
        }
    )


def test_an_image_without_the_attribute_bears_on_error_and_accuracy_alone():
    turned = one_domain(
        edited_0=[0.1, 0.5, 0.6, 0.4, 0.1],
        edited_1=[0.9, 0.5, 0.51, 0.2, 0.9],
        original=[0.9, 0.5, 0.8, 0.7, 0.8],
        squared_error=[0.01, 0.02, 0.03, 0.04, 0.65],
    )
    before, after = (editing_metrics(scores)["score"] for scores in (one_domain(), turned))
    assert {name for name in before if before[name] != after[name]} == {"MSE", "accuracy"}
    assert after["MSE"] == pytest.approx(0.15)
    assert after["accuracy"] == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("column", "undefined"),
    [
        ("squared_error", {"MSE"}),
        ("original", {"accuracy"}),
        ("edited_0", {"Class0", "success"}),
        ("edited_1", {"Class1", "success"}),
    ],
)
def test_what_is_undefined_for_one_image_is_undefined_and_nothing_else(column, undefined):
    whole = editing_metrics(one_domain())["score"]
    found = editing_metrics(one_domain(**{column: with_nan(one_domain()[column], 2)}))["score"]
    assert {name for name, value in found.items() if math.isnan(value)} == undefined
    assert {name: value for name, value in found.items() if name not in undefined} == {
        name: value for name, value in whole.items() if name not in undefined
    }


def test_without_an_image_that_has_the_attribute_no_edit_is_measured():
    found = editing_metrics(one_domain(label=[0] * 5))["score"]
    assert {name for name, value in found.items() if math.isnan(value)} == {"Class0", "Class1", "success"}
    assert found["accuracy"] == pytest.approx(2 / 5)


def test_several_domains_by_hand():
    found = editing_metrics(several_domains())
    assert list(found) == ["score"]
    assert found["score"] == pytest.approx({"CIS": 0.0, "ts": 0.3, "rs": -0.3, "accuracy": 0.75})


def test_every_variant_is_a_score_of_its_own_in_the_order_of_the_columns():
    variants = {"ts:logit": [3.0, 0.0, 6.0], "rs:logit": [-1.0, -2.0, 0.0]}
    variants |= {"ts:lambda=2.5": [0.1, 0.2, 0.3], "rs:lambda=2.5": [0.0, 0.0, -0.3]}
    found = editing_metrics(several_domains(**variants))
    assert list(found) == ["score", "logit", "lambda=2.5"]
    assert found["score"] == editing_metrics(several_domains())["score"]
    assert found["logit"] == pytest.approx({"CIS": 2.0, "ts": 3.0, "rs": -1.0})
    assert found["lambda=2.5"] == pytest.approx({"CIS": 0.1, "ts": 0.2, "rs": -0.1})


@pytest.mark.parametrize(
    ("column", "undefined"),
    [("ts", {"CIS", "ts"}), ("rs", {"CIS", "rs"}), ("accuracy", {"accuracy"})],
)
def test_an_undefined_image_leaves_the_other_variants_as_they_are(column, undefined):
    variant = {"ts:logit": [3.0, 0.0, 6.0], "rs:logit": [-1.0, -2.0, 0.0]}
    scores = several_domains(**variant)
    found = editing_metrics(scores.assign(**{column: with_nan(scores[column], 1)}))
    assert {name for name, value in found["score"].items() if math.isnan(value)} == undefined
    assert not any(map(math.isnan, found["logit"].values()))


def test_means_are_over_images_in_any_order():
    scores = several_domains(**{"ts:logit": [3.0, 0.0, 6.0], "rs:logit": [-1.0, -2.0, 0.0]})
    shuffled = scores.sample(frac=1, random_state=1)
    assert not np.array_equal(shuffled["index"], scores["index"])
    assert editing_metrics(shuffled)["logit"] == pytest.approx(editing_metrics(scores)["logit"])
    assert editing_metrics(one_domain().iloc[::-1])["score"] == pytest.approx(
        editing_metrics(one_domain())["score"]
    )

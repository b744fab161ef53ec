"""Metrics of edits of one attribute by hand, of five images."""

import math

import pandas as pd
import pytest

from encore.metrics.editing import flags, measure


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


def measured(scores):
    return measure(scores, None, "")


def with_nan(values, place):
    return [math.nan if index == place else value for index, value in enumerate(values)]


def test_one_domain_by_hand():
    found = measured(one_domain())
    assert list(found) == ["score"]
    assert found["score"] == pytest.approx(
        {
            "MSE": 0.25 / 5,  # of all images
            "Class0": 3 / 4,  # 0.1, 0.5 and 0.4; the image without the attribute does not count
            "Class1": 2 / 4,  # 0.9 and 0.51
            "Class0+Class1": 5 / 4,
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
    before, after = (measured(scores)["score"] for scores in (one_domain(), turned))
    assert {name for name in before if before[name] != after[name]} == {"MSE", "accuracy"}
    assert after["MSE"] == pytest.approx(0.15)
    assert after["accuracy"] == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("column", "undefined"),
    [
        ("squared_error", {"MSE"}),
        ("original", {"accuracy"}),
        ("edited_0", {"Class0", "Class0+Class1", "success"}),
        ("edited_1", {"Class1", "Class0+Class1", "success"}),
    ],
)
def test_what_is_undefined_for_one_image_is_undefined_and_nothing_else(column, undefined):
    whole = measured(one_domain())["score"]
    found = measured(one_domain(**{column: with_nan(one_domain()[column], 2)}))["score"]
    assert {name for name, value in found.items() if math.isnan(value)} == undefined
    assert {name: value for name, value in found.items() if name not in undefined} == {
        name: value for name, value in whole.items() if name not in undefined
    }


def test_of_edits_that_change_nothing_the_shares_add_up_to_one():
    """Section 4.2: whatever the classifier says of an image, it says the same of both edits."""
    said = [0.9, 0.5, 0.51, 0.2, 0.3]
    found = measured(one_domain(edited_0=said, edited_1=said))["score"]
    assert (found["Class0"], found["Class1"], found["Class0+Class1"]) == (0.5, 0.5, 1)


def test_without_an_image_that_has_the_attribute_no_edit_is_measured():
    found = measured(one_domain(label=[0] * 5))["score"]
    undefined = {"Class0", "Class1", "Class0+Class1", "success"}
    assert {name for name, value in found.items() if math.isnan(value)} == undefined
    assert found["accuracy"] == pytest.approx(2 / 5)


def test_means_are_over_images_in_any_order():
    assert measured(one_domain().iloc[::-1])["score"] == pytest.approx(measured(one_domain())["score"])


def test_a_judge_that_knows_no_more_than_one_answer_is_told_of():
    def told(original):
        return flags(pd.DataFrame({"label": [1, 1, 1, 0], "original": original}), "MSE", 0.0)

    assert told([0.9, 0.9, 0.9, 0.1]) == []
    found = told([0.9, 0.9, 0.1, 0.1])
    assert found == ["its judge is right about 75% of the originals, the same answer always about 75%"]
    assert told([math.nan] * 4) == []

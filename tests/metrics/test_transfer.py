"""Metrics of transfers to several domains by hand, of three images."""

import math

import numpy as np
import pandas as pd
import pytest

from encore.metrics.transfer import measure


def several_domains(**changed):
    columns = {
        "index": [0, 1, 2],
        "accuracy": [1.0, 0.5, 0.75],
        "ts": [0.3, 0.6, 0.0],
        "rs": [-0.1, -0.2, -0.6],
    }
    return pd.DataFrame(columns | changed)


def measured(scores):
    return measure(scores, None, "")


def with_nan(values, place):
    return [math.nan if index == place else value for index, value in enumerate(values)]


def test_several_domains_by_hand():
    found = measured(several_domains())
    assert list(found) == ["score"]
    assert found["score"] == pytest.approx({"CIS": 0.0, "ts": 0.3, "rs": -0.3, "accuracy": 0.75})


def test_every_variant_is_a_score_of_its_own_in_the_order_of_the_columns():
    variants = {"ts:logit": [3.0, 0.0, 6.0], "rs:logit": [-1.0, -2.0, 0.0]}
    variants |= {"ts:lambda=2.5": [0.1, 0.2, 0.3], "rs:lambda=2.5": [0.0, 0.0, -0.3]}
    found = measured(several_domains(**variants))
    assert list(found) == ["score", "logit", "lambda=2.5"]
    assert found["score"] == measured(several_domains())["score"]
    assert found["logit"] == pytest.approx({"CIS": 2.0, "ts": 3.0, "rs": -1.0})
    assert found["lambda=2.5"] == pytest.approx({"CIS": 0.1, "ts": 0.2, "rs": -0.1})


@pytest.mark.parametrize(
    ("column", "undefined"),
    [("ts", {"CIS", "ts"}), ("rs", {"CIS", "rs"}), ("accuracy", {"accuracy"})],
)
def test_an_undefined_image_leaves_the_other_variants_as_they_are(column, undefined):
    variant = {"ts:logit": [3.0, 0.0, 6.0], "rs:logit": [-1.0, -2.0, 0.0]}
    scores = several_domains(**variant)
    found = measured(scores.assign(**{column: with_nan(scores[column], 1)}))
    assert {name for name, value in found["score"].items() if math.isnan(value)} == undefined
    assert not any(map(math.isnan, found["logit"].values()))


def test_means_are_over_images_in_any_order():
    scores = several_domains(**{"ts:logit": [3.0, 0.0, 6.0], "rs:logit": [-1.0, -2.0, 0.0]})
    shuffled = scores.sample(frac=1, random_state=1)
    assert not np.array_equal(shuffled["index"], scores["index"])
    assert measured(shuffled)["logit"] == pytest.approx(measured(scores)["logit"])


def test_what_was_chosen_by_validation_images_stands_beside_the_scores():
    columns = {f"{name}:lambda={amount}": [0.0] * 3 for amount in ("0.5", "5") for name in ("ts", "rs")}
    chosen = {"lambda": [5.0] * 3, "length": [1.25] * 3}
    curve = {"valid:lambda=0.5": [-0.2] * 3, "valid:lambda=5": [0.1] * 3}
    found = measured(several_domains(**columns, **chosen, **curve))
    assert list(found) == ["score", "lambda=0.5", "lambda=5"]
    own = measured(several_domains())["score"]
    assert found["score"] == own | {"lambda": 5.0, "length": 1.25}
    assert [found[f"lambda={amount}"]["CIS_valid"] for amount in ("0.5", "5")] == [-0.2, 0.1]

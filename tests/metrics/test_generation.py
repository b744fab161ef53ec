"""What the measures of generated images say of generated.csv."""

import math
from types import SimpleNamespace

import pandas as pd

from encore.metrics.generation import measure

COMPARED = SimpleNamespace(generated={"reference": "real"})


def rows(*values, what):
    return pd.DataFrame({"what": what, "value": values})


def test_is_is_the_mean_over_splits_and_fid_its_one_row():
    table = rows(2.0, 4.0, 30.0, what=["inception_score", "inception_score", "frechet_distance"])
    assert measure(table, COMPARED, "all") == {"score": {"IS": 3.0, "FID": 30.0}}


def test_without_a_reference_there_is_no_fid():
    table = rows(2.0, 4.0, what="inception_score")
    assert measure(table, SimpleNamespace(generated={}), "all") == {"score": {"IS": 3.0}}


def test_what_is_undefined_is_undefined():
    table = rows(2.0, math.nan, math.nan, what=["inception_score", "inception_score", "frechet_distance"])
    assert all(map(math.isnan, measure(table, COMPARED, "all")["score"].values()))

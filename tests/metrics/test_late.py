"""Losses over the end of a training, from its history."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from encore.metrics import late


def history(**columns):
    return pd.DataFrame({"iteration": [3, 6, 9, 10], **columns})


def measured(share, **columns):
    return late.measure(history(**columns), SimpleNamespace(late={"share": share}), "all")["score"]


def test_rows_of_the_end_count_by_their_iterations():
    found = measured(0.5, imbalance=[9.0, 1.0, 2.0, 6.0], k=[0.5, 0.1, 0.2, 0.6])
    assert found == {"balance": pytest.approx((3 + 6 + 6) / 7), "k": pytest.approx((0.3 + 0.6 + 0.6) / 7)}


def test_all_rows_count_where_the_share_is_all():
    assert measured(1, L_e=[1.0, 2.0, 3.0, 4.0]) == {"content": pytest.approx((3 + 6 + 9 + 4) / 10)}


def test_the_offset_is_of_the_mean_and_has_no_sign():
    found = measured(0.4, error=[5.0, 5.0, -1.0, 1.0], imbalance=[5.0, 5.0, 1.0, 1.0])
    assert found == {"offset": pytest.approx(0.5), "balance": pytest.approx(1)}


def test_a_row_that_is_no_number_makes_the_mean_none():
    found = measured(0.5, imbalance=[1.0, 1.0, math.nan, 1.0], error=[math.nan, 1.0, 1.0, 1.0])
    assert math.isnan(found["balance"])
    assert found["offset"] == 1

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from encore.papers.kinds import METRICS
from encore.tables.equivalence import compare, confidence, counts, interval, rounding, verdict, wilson
from encore.tables.verdicts import VERDICTS


def compared(published, values, margin=0.01, **changed):
    facts = {"better": "higher", "deterministic": False, "deviations": (), "cited": False} | changed
    return verdict(published, values, margin, **facts)


@pytest.mark.parametrize(
    ("published", "half_a_unit"),
    [("0.97", 0.005), ("1.000", 0.0005), ("12.5", 0.05), ("1e-3", 0.0005), ("100", 0.5), ("-0.5", 0.05)],
)
def test_rounding_is_half_a_unit_of_the_last_printed_digit(published, half_a_unit):
    assert rounding(published) == half_a_unit


@pytest.mark.parametrize("published", ["-", "0.9 (best)", "nan", "inf"])
def test_rounding_refuses_what_is_no_number(published):
    with pytest.raises(ValueError, match="the printed number"):
        rounding(published)


def test_interval_by_hand():
    # mean 0.9, sd 0.01, n = 3: the 97.5 % point of t with two degrees of freedom is 4.30265.
    low, high = interval([0.89, 0.90, 0.91])
    assert low == pytest.approx(0.9 - 4.302653 * 0.01 / math.sqrt(3), abs=1e-8)
    assert high == pytest.approx(0.9 + 4.302653 * 0.01 / math.sqrt(3), abs=1e-8)


@pytest.mark.parametrize("n", [2, 3, 10, 30])
def test_interval_agrees_with_scipy(n):
    values = np.random.default_rng(n).normal(0.9, 0.02, n)
    expected = scipy.stats.t.interval(0.95, n - 1, values.mean(), scipy.stats.sem(values))
    assert interval(values) == pytest.approx(expected, abs=1e-12)


def test_interval_needs_two_values():
    with pytest.raises(ValueError, match="at least two values, found 1"):
        interval([0.9])


def test_confidence_of_one_run():
    assert confidence([0.9], deterministic=True) == (0.9, 0.9)
    assert all(map(math.isnan, confidence([0.9], deterministic=False)))
    assert all(map(math.isnan, confidence([], deterministic=True)))


# Two shares are those that IFcVAEGAN prints, in three digits; the others are exact.
@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (13 / 16, ("0.57", "0.93")),
        (0.813, ("0.57", "0.93")),
        (15 / 16, ("0.72", "0.99")),
        (0.938, ("0.72", "0.99")),
        (8 / 16, ("0.28", "0.72")),
        (3 / 16, ("0.07", "0.43")),
        (16 / 16, ("0.81", "1.00")),
        (0 / 16, ("0.00", "0.19")),
    ],
)
def test_what_sixteen_images_allow(share, expected):
    assert tuple(f"{end:.2f}" for end in wilson(share, 16)) == expected


@pytest.mark.parametrize("images", [1, 16, 160, 10_000])
@pytest.mark.parametrize("share", [0.0, 0.1875, 0.5, 1.0])
def test_the_ends_of_wilson_are_where_the_score_test_just_rejects(share, images):
    """Both ends p solve (share - p)² = z² p (1 - p) / n; where the share is 0 or 1, one of them is that."""
    low, high = wilson(share, images)
    for p in (low, high):
        assert (share - p) ** 2 == pytest.approx(1.959963984540054**2 * p * (1 - p) / images, abs=1e-15)
    assert low < high
    if share == 0:
        assert (low, high) == pytest.approx((0, 1 / (1 + images / 3.841458820694124)), abs=1e-15)
    assert wilson(1 - share, images) == pytest.approx((1 - high, 1 - low))


def test_more_images_allow_less():
    widths = [high - low for low, high in (wilson(0.8125, images) for images in (16, 64, 256))]
    assert widths == sorted(widths, reverse=True)


# With p = 0.97 and margin 0.01 the range is 0.955 to 0.985; three values a half-width d apart from their
# mean have the interval mean ± 2.4841 d.
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.970, 0.970, 0.970], "reproduced"),
        ([0.968, 0.970, 0.972], "reproduced"),
        ([0.960, 0.970, 0.980], "consistent"),  # holds p, but is too wide for a pass
        ([0.983, 0.985, 0.987], "consistent"),  # overlaps from above
        ([0.947, 0.950, 0.953], "consistent"),  # overlaps from below: 0.9425 to 0.9575
        ([0.948, 0.950, 0.952], "below"),  # 0.9450 to 0.95497, which misses 0.955
        ([0.938, 0.940, 0.942], "below"),
        ([0.993, 0.995, 0.997], "above"),
        ([0.985, 0.985, 0.985], "reproduced"),  # exactly on p + ε + r
        ([0.955, 0.955, 0.955], "reproduced"),  # exactly on p - ε - r
        ([0.98500001] * 3, "above"),
        ([0.95499999] * 3, "below"),
        ([0.970, 0.970], "insufficient"),
        ([0.970], "insufficient"),
        ([], "missing"),
        ([0.970, math.nan, 0.970], "missing"),
    ],
)
def test_verdict_where_higher_is_better(values, expected):
    assert compared("0.97", values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([40.0, 40.0, 40.0], "below"), ([30.0, 30.0, 30.0], "above"), ([35.2, 35.2, 35.2], "reproduced")],
)
def test_below_is_worse_where_lower_is_better(values, expected):
    assert compared("35.2", values, margin=1.0, better=METRICS["MSE"].better) == expected


def test_direction_of_metrics():
    lower = {name for name, metric in METRICS.items() if metric.better == "lower"}
    assert lower == {"MSE", "FID", "balance", "offset", "content"}
    higher = {"Class0", "Class1", "CIS", "IS", "AUROC", "resembles_normal", "resembles_named"}
    assert {METRICS[name].better for name in higher} == {"higher"}


@pytest.mark.parametrize("published", ["0.1", "0.7", "0.975", "1.000", "12.5", "1e-3", "33.33", "123456.7"])
@pytest.mark.parametrize("margin", [0.01, 0.003, 0.07, 1.1])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_mean_on_the_edge_lies_inside_whatever_the_floats(published, margin, side):
    edge = float(published) + side * (margin + rounding(published))
    assert compared(published, [edge] * 3, margin) == "reproduced"
    beyond = edge + side * rounding(published) / 1000
    assert compared(published, [beyond] * 3, margin) == ("above" if side > 0 else "below")


def test_a_deterministic_method_is_compared_by_one_run():
    assert compared("0.97", [0.984], deterministic=True) == "reproduced"
    assert compared("0.97", [0.986], deterministic=True) == "above"
    assert compared("0.97", [math.nan], deterministic=True) == "missing"


def test_precedence_of_what_is_no_comparison():
    assert compared("", [0.97] * 3) == ""
    assert compared("", [], cited=True) == ""
    assert compared("0.97", [], cited=True) == "cited"
    assert compared("0.97", [0.97] * 3, deviations=["stand-in weights"]) == "not comparable"
    assert compared("0.97", [0.97], deviations=["stand-in weights"]) == "not comparable"
    assert compared("0.97", [], deviations=["stand-in weights"]) == "missing"
    # Stale numbers are no numbers of this code, whatever else is said of them, printed or not.
    assert compared("0.97", [0.97] * 3, stale=True) == "stale"
    assert compared("", [0.97], stale=True) == "stale"
    assert compared("0.97", [0.97] * 3, stale=True, deviations=["stand-in weights"]) == "stale"
    assert compared("0.97", [], stale=True) == "missing"
    assert compared("0.97", [], stale=True, cited=True) == "cited"


def test_a_wide_interval_never_passes():
    assert compare("0.97", 0.5, 1.2, 0.01, "higher") == "consistent"


def test_counts_compare_again_at_other_margins():
    def row(verdict, low, high, published="0.97", metric="AUROC"):
        return {"verdict": verdict, "published": published, "ci_low": low, "ci_high": high, "margin": 0.01,
                "metric": metric}  # fmt: skip

    nan = math.nan
    rows = pd.DataFrame(
        [
            row("reproduced", 0.969, 0.971),
            row("reproduced", 0.958, 0.984),  # within ±0.015, not within ±0.010
            row("above", 0.986, 0.994),  # outside ±0.015, within ±0.025
            row("below", 0.990, 0.994, metric="MSE"),
            row("insufficient", 0.5, 0.6),
            row("not comparable", 0.97, 0.97),
            row("cited", nan, nan),
            row("missing", nan, nan),
            row("", nan, nan, published=""),
        ]
    )
    uncompared = {"insufficient": 1, "not comparable": 1, "cited": 1, "missing": 1}
    nothing = dict.fromkeys(VERDICTS, 0)
    assert counts(rows, 1) == nothing | uncompared | {"reproduced": 2, "above": 1, "below": 1}
    assert counts(rows, 0.5) == nothing | uncompared | {
        "reproduced": 1,
        "consistent": 1,
        "above": 1,
        "below": 1,
    }
    assert counts(rows, 2) == nothing | uncompared | {"reproduced": 4}

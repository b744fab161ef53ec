"""What a comparison with a printed number says.

The question is one of equivalence: does the 95 % interval of our mean lie within p ± (ε + r)? A wide interval
that merely holds p earns no pass. p is the number as printed, r half a unit of its last digit, ε the margin
that stands with its source in the paper's YAML.
"""

import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from encore.papers.kinds import METRICS
from encore.tables.verdicts import (
    ABOVE,
    BELOW,
    CITED,
    COMPARED,
    CONSISTENT,
    INSUFFICIENT,
    MISSING,
    NOT_COMPARABLE,
    REPRODUCED,
    STALE,
    VERDICTS,
)

MIN_SEEDS = 3


def rounding(published: str) -> float:
    """Half a unit of the last printed digit: 0.005 for "0.97", 0.0005 for "1.000" and for "1e-3"."""
    try:
        exponent = Decimal(published).as_tuple().exponent
    except InvalidOperation:
        raise ValueError(f"the printed number {published!r} is no number.") from None
    if not isinstance(exponent, int):
        raise ValueError(f"the printed number {published!r} is not finite.")
    return float(Decimal(5).scaleb(exponent - 1))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % t interval (low, high) of the mean of at least two values, one a seed."""
    if len(values) < 2:
        raise ValueError(f"an interval needs at least two values, found {len(values)}.")
    mean = float(np.mean(values))
    half = float(stdtrit(len(values) - 1, 0.975) * np.std(values, ddof=1) / math.sqrt(len(values)))
    return mean - half, mean + half


def wilson(share: float, images: int) -> tuple[float, float]:
    """The 95 % Wilson interval (low, high) of a probability of which `images` gave `share`."""
    z = float(ndtri(0.975))
    centre = (share + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z / (1 + z**2 / images) * math.sqrt(share * (1 - share) / images + z**2 / (4 * images**2))
    return centre - half, centre + half


def confidence(values: Sequence[float], deterministic: bool) -> tuple[float, float]:
    """The interval that a cell is compared by; (nan, nan) where the values give none.

    A deterministic method gives the same result for every seed: its one run has an interval of zero width.
    """
    if len(values) == 1 and deterministic:
        return float(values[0]), float(values[0])
    if len(values) < 2:
        return math.nan, math.nan
    return interval(values)


def compare(published: str, low: float, high: float, margin: float, better: str) -> str:
    """One of COMPARED for the interval [low, high]; an end that touches p ± (ε + r) lies inside.

    The ends are means of floats, so a millionth of r is forgiven: far more than their error in the last
    place, far less than any printed digit.
    """
    r = rounding(published)
    reach = margin + r + r * 1e-6
    bottom, top = float(published) - reach, float(published) + reach
    if bottom <= low and high <= top:
        return REPRODUCED
    if low <= top and high >= bottom:
        return CONSISTENT
    return ABOVE if (low > top) == (better == "higher") else BELOW


def verdict(
    published: str,
    values: Sequence[float],
    margin: float,
    *,
    better: str = "higher",
    deterministic: bool,
    deviations: Sequence[str],
    cited: bool,
    stale: bool = False,
) -> str:
    """What the values of a cell, one a seed, say of its printed number; "" where nothing is printed.

    published: the text as printed, its digits count. margin: ε, in the metric's unit. better: "higher" or
    "lower"; "below" is always worse and "above" always better. deterministic: the method gives the same
    result for every seed, so that one run, whose interval has zero width, is compared all the same.
    deviations: what was declared to differ from the paper. cited: the paper took the number from elsewhere
    and it is not run. stale: any of the values was made by other code or settings than the present ones,
    which is said whether or not something is printed.
    """
    if stale and len(values) and not cited:
        return STALE
    if not published:
        return ""
    if cited:
        return CITED
    if not len(values) or any(math.isnan(value) for value in values):
        return MISSING
    if deviations:
        return NOT_COMPARABLE
    if len(values) < MIN_SEEDS and not deterministic:
        return INSUFFICIENT
    return compare(published, *confidence(values, deterministic), margin, better)


def counts(table_rows: pd.DataFrame, factor: float) -> dict[str, int]:
    """How many rows of a long table get each of VERDICTS at `factor` times their margin."""
    found = dict.fromkeys(VERDICTS, 0)
    for row in table_rows[table_rows["verdict"] != ""].itertuples():
        name = row.verdict
        if name in COMPARED:
            better = METRICS[row.metric].better
            name = compare(row.published, row.ci_low, row.ci_high, factor * row.margin, better)
        found[name] += 1
    return found

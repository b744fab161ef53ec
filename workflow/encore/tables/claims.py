"""What a claim says, a sentence of a paper that a table can bear out, and whether the print bears it.

A claim stands in the paper's YAML as a kind and the cells that it speaks of. Every kind comes down to
conditions on the difference of two means:

    best          `cell` is better than every other method that the table has for its dataset and subset
    ordered       `groups`, worst first: every cell of a group is better than every cell of the group before
    equal         the two `cells` differ by at most `margin`
    no_worse      the first of two `cells` is worse than the second by at most `margin`, or better
    at_chance     `cell` is better than `chance` by at most `margin`, or worse
    below_chance  `cell` is worse than `chance`
    at_least      `cell` is no less than `threshold`, whichever direction of its metric is better
    at_most       `cell` is no more than `threshold`, likewise
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from encore.papers.kinds import CLAIMS
from encore.strict import ConfigError, nearest
from encore.tables.entry import Key

ROUND_OFF = 1e-9  # far more than the error of a mean of floats, far less than any printed digit
BETTER, WORSE = "better than", "worse than chance,"
AT_LEAST, AT_MOST = "at least", "at most"
SAME, NO_BETTER = "within {margin:g} of", "at most {margin:g} better than chance,"
NO_WORSE = "at most {margin:g} worse than"
STRICT = (BETTER, WORSE)  # a tie is neither


@dataclass(frozen=True)
class Condition:
    """`left` stands in `relation` to `right`, a cell or a number: the level of chance, a threshold."""

    left: Key
    relation: str
    right: Key | float
    margin: float = 0.0

    @property
    def cells(self) -> tuple[Key, ...]:
        """The cells that it speaks of."""
        return (self.left, self.right) if isinstance(self.right, tuple) else (self.left,)

    def difference(self, numbers: Mapping[Key, Any]) -> Any:
        """Left minus right, from a number or an array of them for each cell."""
        return numbers[self.left] - (numbers[self.right] if isinstance(self.right, tuple) else self.right)

    def slack(self, difference: float | np.ndarray, better: str) -> float | np.ndarray:
        """How far inside its edge the condition lies if left minus right is `difference`."""
        if self.relation in (AT_LEAST, AT_MOST):
            return difference if self.relation == AT_LEAST else -difference
        gain = difference if better == "higher" else -difference
        if self.relation in STRICT:
            return gain if self.relation == BETTER else -gain
        beyond = {SAME: abs(gain), NO_BETTER: gain, NO_WORSE: -gain}[self.relation]
        return self.margin - beyond

    def holds(self, difference: float | np.ndarray, better: str) -> bool | np.ndarray:
        """Whether it holds: a tie is neither better nor worse, a difference of just the margin is within."""
        slack = self.slack(difference, better)
        return slack > ROUND_OFF if self.relation in STRICT else slack >= -ROUND_OFF

    def said(self, shown: Mapping[Key, str], verb: str = "") -> str:
        """The condition in words, with the number that `shown` has for each cell in brackets."""
        relation = f"{verb} {self.relation}".strip().format(margin=self.margin)
        right = _with_number(self.right, shown) if isinstance(self.right, tuple) else f"{self.right:g}"
        return f"{_with_number(self.left, shown)} {relation} {right}"


def _with_number(cell: Key, shown: Mapping[Key, str]) -> str:
    return f"{name_of(cell)} ({shown[cell]})"


def name_of(cell: Key) -> str:
    """A cell in words."""
    dataset, method, subset = cell
    return f"{method} on {dataset}, {subset}"


def conditions(claim: Mapping, known: Iterable[Key]) -> list[Condition]:
    """The conditions that a claim consists of.

    known: the cells that the table runs or prints, among which "best" finds the others. ConfigError if the
    claim's kind is unknown, or if there is no other method.
    """
    kind = claim["kind"]
    if kind not in CLAIMS:
        raise ConfigError([f"the claim {claim['says']!r}: found the kind {kind!r}; {nearest(kind, CLAIMS)}"])
    margin = claim["margin"]["value"] if "margin" in claim else 0.0
    if kind in ("equal", "no_worse"):
        left, right = map(_key, claim["cells"])
        return [Condition(left, SAME if kind == "equal" else NO_WORSE, right, margin)]
    if kind == "at_chance":
        return [Condition(_key(claim["cell"]), NO_BETTER, claim["chance"]["value"], margin)]
    if kind == "below_chance":
        return [Condition(_key(claim["cell"]), WORSE, claim["chance"]["value"])]
    if kind in ("at_least", "at_most"):
        relation = AT_LEAST if kind == "at_least" else AT_MOST
        return [Condition(_key(claim["cell"]), relation, claim["threshold"]["value"])]
    if kind == "best":
        groups = [_others(claim, known), [_key(claim["cell"])]]
    else:
        groups = [[_key(cell) for cell in group] for group in claim["groups"]]
    return [
        Condition(left, BETTER, right)
        for worse, good in itertools.pairwise(groups)
        for left, right in itertools.product(good, worse)
    ]


def cells_of(stated: Sequence[Condition]) -> list[Key]:
    """The cells that conditions speak of, each once."""
    return list(dict.fromkeys(cell for condition in stated for cell in condition.cells))


def _key(cell: Mapping[str, str]) -> Key:
    return cell["dataset"], cell["method"], cell["subset"]


def _others(claim: Mapping, known: Iterable[Key]) -> list[Key]:
    """The cells of all other methods for the dataset and subset of a claim's cell, each once."""
    dataset, own, subset = _key(claim["cell"])
    methods = dict.fromkeys(method for of, method, part in known if (of, part) == (dataset, subset))
    others = [(dataset, method, subset) for method in methods if method != own]
    if not others:
        raise ConfigError([f"the claim {claim['says']!r}: no other method stands on {dataset}, {subset}."])
    return others


# --- whether the printed numbers bear it -------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """Whether the printed numbers themselves bear a claim; None where one of them is not printed."""

    holds: bool | None
    sentence: str


def printed_cells(frame: pd.DataFrame) -> dict[Key, str]:
    """The printed numbers of a long table, as text: every digit counts."""
    rows = frame[frame["published"] != ""]
    keys = rows[["dataset", "method", "subset"]].itertuples(index=False, name=None)
    return dict(zip(keys, rows["published"], strict=True))


def published_holds(claim: Mapping, printed: Mapping[Key, str], *, better: str = "higher") -> Published:
    """Whether the printed numbers bear a claim, taken as they stand: 0.608 is not better than 0.609.

    printed: as `printed_cells` gives it. better: "higher" or "lower", as METRICS says of the metric.
    """
    if not printed:
        return Published(None, "Not printed: any number of the table.")
    stated = conditions(claim, printed)
    unprinted = [cell for cell in cells_of(stated) if cell not in printed]
    if unprinted:
        return Published(None, f"Not printed: {'; '.join(map(name_of, unprinted))}.")
    numbers = {cell: float(printed[cell]) for cell in cells_of(stated)}
    failing = [one for one in stated if not one.holds(one.difference(numbers), better)]
    if failing:
        return Published(False, f"As printed, {'; '.join(one.said(printed, 'is not') for one in failing)}.")
    hardest = min(stated, key=lambda one: one.slack(one.difference(numbers), better))
    return Published(True, f"As printed, {hardest.said(printed, 'is')}.")

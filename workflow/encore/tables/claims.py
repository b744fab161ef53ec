"""Claims: sentences of a paper that a table can bear out, judged by a paired bootstrap over units and seeds.

A claim stands in the paper's YAML as a kind and the cells that it speaks of. Every kind comes down to
conditions on the difference of two means, and the probability of a claim is the share of resamples in which
all of its conditions hold:

    best          `cell` is better than every other method that the table has for its dataset and subset
    ordered       `groups`, worst first: every cell of a group is better than every cell of the group before
    equal         the two `cells` differ by at most `margin`
    at_chance     `cell` is better than `chance` by at most `margin`, or worse
    below_chance  `cell` is worse than `chance`
    at_least      `cell` is no less than `threshold`, whichever direction of its metric is better

A resample draws units with replacement and, for each drawn unit, its seeds. All cells see the same draws, so
that what a unit or a seed does to all of them alike cancels. A printed number without runs is a constant.
Beside one only our seeds are drawn: its average is over the paper's units, with which drawn ones could not be
paired.

The draws can show no more spread than the runs have, and three seeds show little: a probability summarises
the runs at hand, and the numbers of units and seeds belong to it.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from encore.papers import AVERAGE, Paper
from encore.strict import ConfigError, nearest
from encore.tables.build import Key, cell_outcomes, cell_units, own_runs
from encore.tables.verdicts import INSUFFICIENT, MIN_SEEDS, MISSING, NOT_COMPARABLE

BORNE_OUT, NOT_BORNE_OUT, UNDECIDED = "borne out", "not borne out", "undecided"
VERDICTS = (BORNE_OUT, NOT_BORNE_OUT, UNDECIDED, INSUFFICIENT, NOT_COMPARABLE, MISSING)
KINDS = ("best", "ordered", "equal", "at_chance", "below_chance", "at_least")

ENOUGH = 0.95  # a claim is borne out from this probability on, and not borne out up to one minus it
RESAMPLES = 10_000  # so that a probability of 0.95 has a standard error of 0.002
SEED = 0  # any number would do; a fixed one gives the same runs the same verdict
ROUND_OFF = 1e-9  # far more than the error of a mean of floats, far less than any printed digit


@dataclass(frozen=True, eq=False)
class Runs:
    """What was run for a cell.

    values: columns unit (text), seed, value (nan where undefined), a row a run; no rows if nothing was run.
    units: all that the cell stands for. deterministic: every seed gives the same value, so that one run a
    unit is enough. deviations: what was declared to differ from the paper.
    """

    values: pd.DataFrame
    units: tuple[str, ...]
    deterministic: bool = False
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """One of VERDICTS, the probability behind it (nan where there is none), what it rests on, and why."""

    verdict: str
    probability: float
    n_units: int
    n_seeds: int
    sentence: str


@dataclass(frozen=True)
class Published:
    """Whether the printed numbers themselves bear a claim; None where one of them is not printed."""

    holds: bool | None
    sentence: str


# --- what a claim says -------------------------------------------------------------------------------

BETTER, WORSE = "better than", "worse than chance,"
AT_LEAST = "at least"
SAME, NO_BETTER = "within {margin:g} of", "at most {margin:g} better than chance,"
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
        if self.relation == AT_LEAST:
            return difference
        gain = difference if better == "higher" else -difference
        if self.relation in STRICT:
            return gain if self.relation == BETTER else -gain
        return self.margin - (abs(gain) if self.relation == SAME else gain)

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
    return f"{_name(cell)} ({shown[cell]})"


def _name(cell: Key) -> str:
    dataset, method, subset = cell
    return f"{method} on {dataset}, {subset}"


def conditions(claim: Mapping, known: Iterable[Key]) -> list[Condition]:
    """The conditions that a claim consists of.

    known: the cells that the table runs or prints, among which "best" finds the others. ConfigError if the
    claim's kind is unknown, or if there is no other method.
    """
    kind = claim["kind"]
    if kind not in KINDS:
        raise ConfigError([f"the claim {claim['says']!r}: found the kind {kind!r}; {nearest(kind, KINDS)}"])
    margin = claim["margin"]["value"] if "margin" in claim else 0.0
    if kind == "equal":
        left, right = map(_key, claim["cells"])
        return [Condition(left, SAME, right, margin)]
    if kind == "at_chance":
        return [Condition(_key(claim["cell"]), NO_BETTER, claim["chance"]["value"], margin)]
    if kind == "below_chance":
        return [Condition(_key(claim["cell"]), WORSE, claim["chance"]["value"])]
    if kind == "at_least":
        return [Condition(_key(claim["cell"]), AT_LEAST, claim["threshold"]["value"])]
    if kind == "best":
        groups = [_others(claim, known), [_key(claim["cell"])]]
    else:
        groups = [[_key(cell) for cell in group] for group in claim["groups"]]
    return [
        Condition(left, BETTER, right)
        for worse, good in itertools.pairwise(groups)
        for left, right in itertools.product(good, worse)
    ]


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


def printed_cells(frame: pd.DataFrame) -> dict[Key, str]:
    """The printed numbers of a long table, as text: every digit counts."""
    rows = frame[frame["published"] != ""]
    keys = rows[["dataset", "method", "subset"]].itertuples(index=False, name=None)
    return dict(zip(keys, rows["published"], strict=True))


def published_holds(claim: Mapping, printed: Mapping[Key, str], *, better: str = "higher") -> Published:
    """Whether the printed numbers bear a claim, taken as they stand: 0.608 is not better than 0.609.

    printed: as `printed_cells` gives it. better: "higher" or "lower", as `verdicts.better` says of a metric.
    """
    if not printed:
        return Published(None, "Not printed: any number of the table.")
    stated = conditions(claim, printed)
    unprinted = [cell for cell in _cells(stated) if cell not in printed]
    if unprinted:
        return Published(None, f"Not printed: {'; '.join(map(_name, unprinted))}.")
    numbers = {cell: float(printed[cell]) for cell in _cells(stated)}
    failing = [one for one in stated if not one.holds(one.difference(numbers), better)]
    if failing:
        return Published(False, f"As printed, {'; '.join(one.said(printed, 'is not') for one in failing)}.")
    hardest = min(stated, key=lambda one: one.slack(one.difference(numbers), better))
    return Published(True, f"As printed, {hardest.said(printed, 'is')}.")


def _cells(stated: Sequence[Condition]) -> list[Key]:
    return list(dict.fromkeys(cell for condition in stated for cell in condition.cells))


# --- what was run ------------------------------------------------------------------------------------


def table_runs(
    paper: Paper, name: str, measures: Mapping[str, pd.DataFrame], facts: Mapping[str, bool]
) -> dict[Key, Runs]:
    """What was run for every cell of a table that has an experiment, single units and averages.

    measures, facts: as `build_table` takes them. A cell whose experiment was not run has Runs without rows;
    a cited cell is not there at all.
    """
    table, found = paper.tables[name], {}
    for cell in table["cells"]:
        experiment = paper.experiments[cell["experiment"]]
        deterministic = facts.get(experiment.name, False)
        of_cell = cell_units(cell, experiment)
        runs = own_runs(measures.get(experiment.name), table["metric"], of_cell, table["score"])
        outcomes = cell_outcomes(cell, experiment, runs, deterministic)
        words = cell.get("subsets", {})
        subsets = {words.get(unit, unit): (unit,) for unit in of_cell}
        for subset, units in (subsets | {AVERAGE: of_cell}).items():
            of_units = [outcomes[words.get(unit, unit)] for unit in units]
            deviations = [text for outcome in of_units for text in outcome.deviations]
            deviations += [f"stale: made {how}" for outcome in of_units for how in outcome.stale]
            found[cell["dataset"], cell["method"], subset] = Runs(
                _of_units(runs, units), units, deterministic, tuple(dict.fromkeys(deviations))
            )
    return found


def _of_units(runs: pd.DataFrame | None, units: Sequence[str]) -> pd.DataFrame:
    columns = ["unit", "seed", "value"]
    return pd.DataFrame(columns=columns) if runs is None else runs.loc[runs["unit"].isin(units), columns]


def _by_unit_and_seed(runs: Runs) -> pd.DataFrame:
    """A row a unit in the order of `units`, a column a seed, nan where there is no run."""
    return runs.values.pivot(index="unit", columns="seed", values="value").reindex(list(runs.units))


def _shared_seeds(cells: Iterable[Runs]) -> list[int]:
    """The seeds that every unit of every cell has; deterministic cells join in with their one run."""
    complete = [
        set(_by_unit_and_seed(runs).dropna(axis=1).columns) for runs in cells if not runs.deterministic
    ]
    return sorted(set.intersection(*complete)) if complete else []


def _matrix(runs: Runs, seeds: Sequence[int]) -> np.ndarray:
    """Values (units, seeds) of a whole cell; (units, 1) of a deterministic one."""
    by_seed = _by_unit_and_seed(runs)
    if runs.deterministic:
        return by_seed.bfill(axis=1).iloc[:, :1].to_numpy(dtype=float)
    return by_seed[list(seeds)].to_numpy(dtype=float)


# --- the bootstrap -----------------------------------------------------------------------------------


def resampled_means(
    values: Mapping[Key, np.ndarray], units: Mapping[Key, Sequence[str]], *, draw_units: bool
) -> dict[Key, np.ndarray]:
    """The mean of each cell in every resample, (RESAMPLES,).

    values: by cell, (units, seeds); those with one seed, from deterministic methods, give it in every draw.
    units: by cell, what the rows stand for. Cells with the same units see the same units drawn; all cells see
    the same seeds drawn for the first drawn unit, for the second, and so on. draw_units: False leaves the
    units as they are and draws seeds alone.

    Draws are integers of the bit generator itself, modulo the number of choices: NumPy promises to keep these
    from one release to the next (docstring of PCG64), and 2^64 is so large that the modulo favours none.
    """
    bits = np.random.PCG64(SEED)
    most_units = max(len(rows) for rows in values.values())
    most_seeds = max(rows.shape[1] for rows in values.values())
    drawn_seeds = bits.random_raw((RESAMPLES, most_units, most_seeds))
    drawn_units: dict[tuple[str, ...], np.ndarray] = {}
    means = {}
    for cell, rows in values.items():
        n_units, n_seeds = rows.shape
        names = tuple(units[cell])
        if not draw_units:
            drawn_units[names] = np.arange(n_units)[None, :]
        elif names not in drawn_units:
            drawn_units[names] = (bits.random_raw((RESAMPLES, n_units)) % n_units).astype(np.intp)
        seeds = (drawn_seeds[:, :n_units] % n_seeds).astype(np.intp)
        means[cell] = rows[drawn_units[names][:, :, None], seeds].mean(axis=(1, 2))
    return means


# --- the verdict -------------------------------------------------------------------------------------


def judge(
    claim: Mapping, runs: Mapping[Key, Runs], printed: Mapping[Key, str], *, better: str = "higher"
) -> Judgement:
    """What the runs of a table say of a claim.

    runs: as `table_runs` gives them; a cell that is not there is cited, and its printed number is compared
    with. printed: as `printed_cells` gives it. better: "higher" or "lower", as `verdicts.better` says of a
    metric. ConfigError if the claim speaks of a cell that the table neither runs nor prints.
    """
    stated = conditions(claim, [*printed, *runs])
    _check_cells(claim, _cells(stated), [*printed, *runs])
    own = {cell: runs[cell] for cell in _cells(stated) if cell in runs}
    seeds = _shared_seeds(own.values())
    n_units = len({unit for one in own.values() for unit in one.values["unit"]})
    if obstacle := _obstacle(stated, own, seeds):
        verdict, sentence = obstacle
        return Judgement(verdict, math.nan, n_units, len(seeds), sentence)
    values = {cell: _matrix(one, seeds) for cell, one in own.items()}
    constants = {cell: float(printed[cell]) for cell in _cells(stated) if cell not in own}
    held = _held(stated, values, {cell: one.units for cell, one in own.items()}, constants, better)
    probability = float(held.all(axis=0).mean())
    n_seeds = max(rows.shape[1] for rows in values.values())
    means = {cell: float(rows.mean()) for cell, rows in values.items()}
    basis = f"{RESAMPLES:,} resamples of {_count(n_units, 'unit')} and {_count(n_seeds, 'seed')}"
    sentence = _summary(stated, held, means, constants, basis, better)
    return Judgement(_decided(probability), probability, n_units, n_seeds, sentence)


def _check_cells(claim: Mapping, cells: Iterable[Key], known: Iterable[Key]) -> None:
    names = [_name(cell) for cell in dict.fromkeys(known)]
    faults = [
        f"the claim {claim['says']!r}: the table has no {_name(cell)!r}; {nearest(_name(cell), names)}"
        for cell in cells
        if _name(cell) not in names
    ]
    if faults:
        raise ConfigError(faults)


def _obstacle(
    stated: Sequence[Condition], own: Mapping[Key, Runs], seeds: Sequence[int]
) -> tuple[str, str] | None:
    """Verdict and sentence if something forbids to judge; None if nothing does."""
    not_run = [cell for cell, runs in own.items() if runs.values.empty]
    not_run += [one.left for one in stated if not any(cell in own for cell in one.cells)]
    if not_run:
        return MISSING, f"Not run: {'; '.join(map(_name, dict.fromkeys(not_run)))}."
    undefined = [cell for cell, runs in own.items() if runs.values["value"].isna().any()]
    if undefined:
        return MISSING, f"Undefined for some run: {'; '.join(map(_name, undefined))}."
    deviations = dict.fromkeys(text for runs in own.values() for text in runs.deviations)
    if deviations:
        return NOT_COMPARABLE, f"Declared deviations: {'; '.join(deviations)}."
    for cell, runs in own.items():
        lacking = [unit for unit in runs.units if unit not in set(runs.values["unit"])]
        if lacking:
            return INSUFFICIENT, f"Units not run for {_name(cell)}: {', '.join(lacking)}."
    if len(seeds) < MIN_SEEDS and not all(runs.deterministic for runs in own.values()):
        return INSUFFICIENT, f"All units and methods share {len(seeds)} of {MIN_SEEDS} seeds needed."
    return None


def _held(
    stated: Sequence[Condition],
    values: Mapping[Key, np.ndarray],
    units: Mapping[Key, Sequence[str]],
    constants: Mapping[Key, float],
    better: str,
) -> np.ndarray:
    """Whether each condition holds in each resample, bool (conditions, RESAMPLES)."""
    paired = resampled_means(values, units, draw_units=True)
    beside_printed = constants | resampled_means(values, units, draw_units=False)
    return np.stack(
        [
            one.holds(one.difference(beside_printed if constants.keys() & set(one.cells) else paired), better)
            for one in stated
        ]
    )


def _decided(probability: float) -> str:
    if probability >= ENOUGH:
        return BORNE_OUT
    return NOT_BORNE_OUT if probability <= 1 - ENOUGH else UNDECIDED


def _summary(
    stated: Sequence[Condition],
    held: np.ndarray,
    means: Mapping[Key, float],
    constants: Mapping[Key, float],
    basis: str,
    better: str,
) -> str:
    """How often all conditions hold, and the one that holds least often, with the numbers compared."""
    shares = held.mean(axis=1)
    slacks = [one.slack(one.difference(constants | means), better) for one in stated]
    hardest = min(range(len(stated)), key=lambda place: (shares[place], slacks[place]))
    shown = {cell: f"{number:.3f}" for cell, number in means.items()}
    shown |= {cell: f"{number:.3f} as printed" for cell, number in constants.items()}
    said, share = stated[hardest].said(shown), _percent(shares[hardest])
    if len(stated) == 1:
        return f"{said} in {share} of {basis}."
    together = _percent(held.all(axis=0).mean())
    return f"All {len(stated)} comparisons hold in {together} of {basis}; the hardest: {said} in {share}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

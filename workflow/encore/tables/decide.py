"""Claims are decided by a paired bootstrap over units and seeds.

The probability of a claim is the share of resamples in which all of its conditions hold. A resample draws
units with replacement and, for each drawn unit, its seeds. All cells see the same draws, so that what a unit
or a seed does to all of them alike cancels. A printed number without runs is a constant. Beside one only our
seeds are drawn: its average is over the paper's units, with which drawn ones could not be paired.

The draws can show no more spread than the runs have, and three seeds show little: a probability summarises
the runs at hand, and the numbers of units and seeds belong to it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from encore.strict import ConfigError, nearest
from encore.tables.claim_runs import Runs, matrix, shared_seeds
from encore.tables.claims import Condition, cells_of, conditions, name_of
from encore.tables.entry import Key
from encore.tables.equivalence import MIN_SEEDS
from encore.tables.verdicts import INSUFFICIENT, MISSING, NOT_COMPARABLE

BORNE_OUT, NOT_BORNE_OUT, UNDECIDED = "borne out", "not borne out", "undecided"
DECISIONS = (BORNE_OUT, NOT_BORNE_OUT, UNDECIDED, INSUFFICIENT, NOT_COMPARABLE, MISSING)

ENOUGH = 0.95  # a claim is borne out from this probability on, and not borne out up to one minus it
RESAMPLES = 10_000  # so that a probability of 0.95 has a standard error of 0.002
SEED = 0  # any number would do; a fixed one gives the same runs the same decision


@dataclass(frozen=True)
class Decision:
    """One of DECISIONS, the probability behind it (nan where there is none), what it rests on, and why."""

    verdict: str
    probability: float
    n_units: int
    n_seeds: int
    sentence: str


def decide(
    claim: Mapping, runs: Mapping[Key, Runs], printed: Mapping[Key, str], *, better: str = "higher"
) -> Decision:
    """What the runs of a table say of a claim.

    runs: as `table_runs` gives them; a cell that is not there is cited, and its printed number is compared
    with. printed: as `printed_cells` gives it. better: "higher" or "lower", as METRICS says of the metric.
    ConfigError if the claim speaks of a cell that the table neither runs nor prints.
    """
    stated = conditions(claim, [*printed, *runs])
    _check_cells(claim, cells_of(stated), [*printed, *runs])
    own = {cell: runs[cell] for cell in cells_of(stated) if cell in runs}
    seeds = shared_seeds(own.values())
    n_units = len({unit for one in own.values() for unit in one.values["unit"]})
    if obstacle := _obstacle(stated, own, seeds):
        verdict, sentence = obstacle
        return Decision(verdict, math.nan, n_units, len(seeds), sentence)
    values = {cell: matrix(one, seeds) for cell, one in own.items()}
    constants = {cell: float(printed[cell]) for cell in cells_of(stated) if cell not in own}
    held = _held(stated, values, {cell: one.units for cell, one in own.items()}, constants, better)
    probability = float(held.all(axis=0).mean())
    n_seeds = max(rows.shape[1] for rows in values.values())
    means = {cell: float(rows.mean()) for cell, rows in values.items()}
    basis = f"{RESAMPLES:,} resamples of {_count(n_units, 'unit')} and {_count(n_seeds, 'seed')}"
    sentence = _summary(stated, held, means, constants, basis, better)
    return Decision(_verdict(probability), probability, n_units, n_seeds, sentence)


def _check_cells(claim: Mapping, cells: Iterable[Key], known: Iterable[Key]) -> None:
    names = [name_of(cell) for cell in dict.fromkeys(known)]
    faults = [
        f"the claim {claim['says']!r}: the table has no {name_of(cell)!r}; {nearest(name_of(cell), names)}"
        for cell in cells
        if name_of(cell) not in names
    ]
    if faults:
        raise ConfigError(faults)


def _obstacle(
    stated: Sequence[Condition], own: Mapping[Key, Runs], seeds: Sequence[int]
) -> tuple[str, str] | None:
    """Verdict and sentence if something forbids to decide; None if nothing does."""
    not_run = [cell for cell, runs in own.items() if runs.values.empty]
    not_run += [one.left for one in stated if not any(cell in own for cell in one.cells)]
    if not_run:
        return MISSING, f"Not run: {'; '.join(map(name_of, dict.fromkeys(not_run)))}."
    undefined = [cell for cell, runs in own.items() if runs.values["value"].isna().any()]
    if undefined:
        return MISSING, f"Undefined for some run: {'; '.join(map(name_of, undefined))}."
    deviations = dict.fromkeys(text for runs in own.values() for text in runs.deviations)
    if deviations:
        return NOT_COMPARABLE, f"Declared deviations: {'; '.join(deviations)}."
    for cell, runs in own.items():
        lacking = [unit for unit in runs.units if unit not in set(runs.values["unit"])]
        if lacking:
            return INSUFFICIENT, f"Units not run for {name_of(cell)}: {', '.join(lacking)}."
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


def _verdict(probability: float) -> str:
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

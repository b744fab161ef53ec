"""What makes a run suspect though nothing failed; a flag is a note beside a number and changes none."""

from collections.abc import Iterable, Mapping

import numpy as np


def leak_flags(trained_on: np.ndarray, tested_on: np.ndarray) -> list[str]:
    """Flags of one run from the indices (n,) and (m,) of its training and its test images."""
    shared = len(np.intersect1d(trained_on, tested_on))
    return [f"{shared} of {len(tested_on)} test images are training images"] if shared else []


def identical_scores(runs: Iterable[tuple[str, int, str, np.ndarray]]) -> Mapping[tuple[str, int], str]:
    """(unit, seed) -> a flag, for runs of an experiment whose scores equal those of another one.

    runs: unit, seed, the model that scored, scores (n,). One model may well give two units the same scores.
    """
    seen: dict[bytes, tuple[str, int, str]] = {}
    flags = {}
    for unit, seed, model, scores in runs:
        other = seen.setdefault(np.ascontiguousarray(scores).tobytes(), (unit, seed, model))
        if other[2] != model and np.isfinite(scores).all():
            flags[unit, seed] = f"its scores are those of unit {other[0]}, seed {other[1]}, of another model"
    return flags

"""What makes a number suspect though nothing failed; a flag is a note beside a number and changes none."""

from collections.abc import Iterable, Mapping

import numpy as np

CHANCE = 0.5  # AUROC of a ranking that knows nothing


def ranking_flags(metric: str, value: float) -> list[str]:
    """Flags of one metric of one run; none for NaN."""
    if metric != "AUROC" or not value <= CHANCE:
        return []
    at = f"exactly {CHANCE:g}: all scores may be the same" if value == CHANCE else f"below {CHANCE:g}"
    return [f"AUROC is {at}"]


def leak_flags(trained_on: np.ndarray, tested_on: np.ndarray) -> list[str]:
    """Flags of one run from the indices (n,) and (m,) of its training and its test images."""
    shared = len(np.intersect1d(trained_on, tested_on))
    return [f"{shared} of {len(tested_on)} test images are training images"] if shared else []


def judge_flags(label: np.ndarray, probability: np.ndarray) -> list[str]:
    """Flags of one run whose edits a classifier judged, from its probabilities (n,) for the originals; label:
    (n,) 0 or 1. None where the training diverged.
    """
    right = float(((probability > CHANCE) == (label == 1)).mean())
    same = float(max((label == 1).mean(), (label == 0).mean()))
    if not np.isfinite(probability).all() or right > same:
        return []
    return [f"its judge is right about {right:.0%} of the originals, the same answer always about {same:.0%}"]


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

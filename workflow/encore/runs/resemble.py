"""Which classes the reconstructions of one run's test images are taken for."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from encore.metrics.neighbours import NEIGHBOURS, NONE, QUANTILE, fit, limits, vote
from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import to_pixels
from encore.runs.run import Run


def resemble(run: Run, model: Path) -> tuple[pd.DataFrame, dict[str, object]]:
    """A row a class, and what is to be said of the classifier.

    class: NONE last. share: of the reconstructions of all anomalous test images, which are taken for it.
    images: its test images. itself: the share of their reconstructions that are taken for it. Shares are NaN
    where the training diverged.

    The classifier knows no test image, but for those of the anomalous class where all of them are tested: an
    image of it is judged by the others.
    """
    test, anomalous, classes = run.split.test, run.split.anomalous, run.images.classes
    known = np.setdiff1d(np.arange(len(run.images.labels)), test[~anomalous])
    itself = np.where(anomalous, np.searchsorted(known, test), -1)
    labels, known_labels = run.images.labels[test], run.images.labels[known]
    pixels = run.pixels(test)
    fitted = fit(run.pixels(known).cpu().numpy())
    voted, distances = vote(fitted, known_labels, pixels.cpu().numpy(), itself)
    near = limits(labels, distances, len(classes))
    kept = _taken(voted, distances, near)[anomalous]
    about = {
        "neighbours": NEIGHBOURS,
        "images": len(known),
        "accuracy": float((voted == labels).mean()),
        "quantile": QUANTILE,
        # Of the anomalous images as they are: what `resembles_normal` would be if nothing were changed.
        "anomalous_taken_for_normal": float(((kept >= 0) & (kept != labels[anomalous])).mean()),
    }
    made = reconstructions(run, model, pixels)
    if made is None:
        taken = np.full(len(test), np.nan)
    else:
        taken = _taken(*vote(fitted, known_labels, made, itself), near)
    return shares(taken, labels, anomalous, classes), about


def _taken(voted: np.ndarray, distances: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The class that each image is taken for, -1 for none; near: a distance a class."""
    return np.where(distances <= near[voted], voted, -1)


def shares(
    taken: np.ndarray, labels: np.ndarray, anomalous: np.ndarray, classes: tuple[str, ...]
) -> pd.DataFrame:
    """The table of `resemble`.

    taken: (n,), what the reconstruction of each test image is taken for, -1 for none, NaN where there is no
    reconstruction. labels, anomalous: (n,), of the test images.
    """
    rows = [
        {
            "class": name,
            "share": _share(taken[anomalous], label),
            "images": int((labels == label).sum()),
            "itself": _share(taken[labels == label], label),
        }
        for label, name in [*enumerate(classes), (-1, NONE)]
    ]
    return pd.DataFrame(rows)


def _share(taken: np.ndarray, label: int) -> float:
    """Which share of `taken` is `label`; NaN for none at all, or where one is NaN."""
    return float((taken == label).mean()) if len(taken) and not np.isnan(taken).any() else float("nan")


def reconstructions(run: Run, model: Path, pixels: torch.Tensor) -> np.ndarray | None:
    """Of pixels uint8 (n, C, S, S), the same; None where the training diverged."""
    try:
        run.method.load_model(load_model(model))
    except DivergedError:
        return None
    images = run.over(pixels, lambda batch: {"image": run.method.reconstruct(batch)})["image"]
    return to_pixels(torch.from_numpy(images), run.settings["pixel_range"]).numpy()

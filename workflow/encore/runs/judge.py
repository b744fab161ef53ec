"""What a judge, a trained classifier, says of edited images: the numbers of scores.csv, a row a test image.

With one domain these are Creswell et al.'s (Section 4.2): how near reconstructions come, and what both edits
are taken for. With several they are those of DualVAE's Algorithm 2. Images are shown to the classifier as
they would be stored, in bytes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import expit
from torch import Tensor

from encore.metrics.cis import cis_dualvae
from encore.papers.find import find_experiment
from encore.registry import load_method
from encore.runs.both_edits import both_edits
from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import scale, to_pixels
from encore.runs.run import Run

Judge = Callable[[Tensor], np.ndarray]  # images in the method's range (B, C, S, S) -> logits (B, domains)


def judge(
    run: Run, model: Path, judge_model: Path, judge_weights: Sequence[str]
) -> tuple[pd.DataFrame, list[str], str]:
    """A row a test image that is edited; the judge's deviations; where either training diverged, or "".

    judge_weights: the files of pretrained weights that the judge began from.
    """
    deviations: list[str] = []
    try:
        classify, deviations = open_judge(run, judge_model, judge_weights)
        run.method.load_model(load_model(model))
        columns, diverged = judge_edits(run, classify), ""
    except DivergedError as error:
        columns, diverged = undefined(run), str(error)
    rows = {"index": judged_test(run)}
    if len(run.experiment.domains_of(run.unit)) == 1:
        rows["label"] = run.attributes[judged_test(run), 0].astype(int)
    return pd.DataFrame(rows | columns), deviations, diverged


def open_judge(run: Run, model: Path, weights: Sequence[str]) -> tuple[Judge, list[str]]:
    """The judge of the edits of `run`, and its deviations from what a paper judges by.

    It gives NaN for an image with a pixel that is no number. A DivergedError where it has no model.
    """
    experiment = find_experiment(run.experiment.judged["by"])
    settings = experiment.values(run.reading)
    shape = (run.images.pixels.shape[3], settings["image_size"], settings["image_size"])
    labels = len(experiment.domains_of(run.unit))
    classifier = load_method(experiment.method)(settings, shape, 0, run.device, weights, n_labels=labels)
    classifier.load_model(load_model(model))

    def classify(images: Tensor) -> np.ndarray:
        shown = scale(to_pixels(images, run.settings["pixel_range"]), settings["pixel_range"])
        defined = images.isfinite().all(dim=(1, 2, 3), keepdim=True).flatten(1)
        return torch.where(defined, classifier.classify(shown).double(), torch.nan).cpu().numpy()

    return classify, classifier.deviations


def judged_test(run: Run) -> np.ndarray:
    """Indices of the test images that are edited: the first ones, or all."""
    return run.split.test[: run.experiment.judged.get("images")]


def judge_edits(run: Run, classify: Judge) -> dict[str, np.ndarray]:
    """The columns of scores.csv for the images of `judged_test`, by name (n,)."""
    test = judged_test(run)
    labels = torch.from_numpy(run.attributes[test]).float().to(run.device)
    one = labels.shape[1] == 1
    parts, done = [], 0
    for x in run.batches(run.pixels(test)):
        here = slice(done, done + len(x))
        y = labels[here]
        parts.append(
            _one_domain(run, classify, test[here], x, y) if one else _several_domains(run, classify, x, y)
        )
        done += len(x)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def undefined(run: Run) -> dict[str, float]:
    """The columns of a run whose training diverged."""
    one = len(run.experiment.domains_of(run.unit)) == 1
    if one:
        return dict.fromkeys(("squared_error", "original", "edited_0", "edited_1"), np.nan)
    amounts = [f":lambda={amount:g}" for amount in run.experiment.judged.get("amounts", ())]
    names = [f"{name}{variant}" for variant in ("", ":logit", *amounts) for name in ("ts", "rs")]
    return dict.fromkeys(["accuracy", *names], np.nan)


def _one_domain(
    run: Run, classify: Judge, indices: np.ndarray, x: Tensor, y: Tensor
) -> dict[str, np.ndarray]:
    low, high = run.settings["pixel_range"]
    edits = both_edits(run, indices, x, y)
    error = ((edits.pop("reconstruction") - x) / (high - low)).square().mean(dim=(1, 2, 3))
    shown = {"original": x, **edits}
    return {"squared_error": error.cpu().numpy()} | {
        name: expit(classify(images))[:, 0] for name, images in shown.items()
    }


def _several_domains(run: Run, classify: Judge, x: Tensor, y: Tensor) -> dict[str, np.ndarray]:
    domains = range(y.shape[1])
    original = classify(x)
    transferred = np.stack([classify(run.method.edit(x, y, i, True)) for i in domains], axis=1)
    right = (original > 0) == (y.cpu().numpy() > 0.5)
    columns = {"accuracy": right.mean(axis=1)}
    columns |= _cis("", expit(original), expit(transferred))
    columns |= _cis(":logit", original, transferred)
    for amount in run.experiment.judged.get("amounts", ()):
        moved = np.stack([classify(run.method.transfer(x, i, True, amount)) for i in domains], axis=1)
        columns |= _cis(f":lambda={amount:g}", expit(original), expit(moved))
    return columns


def _cis(variant: str, original: np.ndarray, transferred: np.ndarray) -> dict[str, np.ndarray]:
    found = cis_dualvae(original, transferred)
    return {f"{name}{variant}": found[name] for name in ("ts", "rs")}

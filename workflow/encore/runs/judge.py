"""What a judge, a trained classifier, says of edited images: the numbers of scores.csv, a row a test image.

With one domain these are Creswell et al.'s (Section 4.2): how near reconstructions come, and what both edits
are taken for. With several they are those of DualVAE's Algorithm 2. Images are shown to the classifier as
they would be stored, in bytes.

Where a transfer has an amount, DualVAE's lambda, its unit is the length of a vector that grows in training:
one lambda is another transfer in another model. So each model's own is chosen, the one of highest CIS on
images of the validation part; test images are seen only after that, and nothing is chosen by them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import expit
from torch import Tensor

from encore.metrics.cis import best_amount, cis_dualvae
from encore.papers.find import find_experiment
from encore.registry import load_method
from encore.runs.both_edits import both_edits
from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import scale, to_pixels
from encore.runs.run import Run
from encore.strict import ConfigError

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


def judged_valid(run: Run) -> np.ndarray:
    """Indices of the validation images by which an amount is chosen: the first ones, or all, as of the test.

    A ConfigError for a split without any; papers are checked for that before a job starts.
    """
    if run.split.valid is None:
        raise ConfigError(
            [f"{run.experiment.name}: judged.amounts needs a split with a validation part, found none."]
        )
    return run.split.valid[: run.experiment.judged.get("images")]


def judge_edits(run: Run, classify: Judge) -> dict[str, np.ndarray]:
    """The columns of scores.csv for the images of `judged_test`, by name (n,).

    With amounts, what led to the chosen one stands in all rows alike: `lambda`, that amount; `length`, what
    an amount of 1 is in this model; `valid:lambda=<amount>`, the mean CIS over the validation images.
    """
    if run.attributes.shape[1] == 1:
        return _over(run, judged_test(run), lambda i, x, y: _one_domain(run, classify, i, x, y))
    alike: dict[str, float] = {}
    if amounts := run.experiment.judged.get("amounts", ()):
        valid = _over(run, judged_valid(run), lambda _, x, y: _swept(run, classify, x, y))
        curve = {amount: float(sum(valid[name] for name in _names(amount)).mean()) for amount in amounts}
        run.method.amount = best_amount(curve)
        alike = {"lambda": run.method.amount, "length": run.method.mean_length()}
        alike |= {f"valid:lambda={amount:g}": value for amount, value in curve.items()}
    found = _over(run, judged_test(run), lambda _, x, y: _several_domains(run, classify, x, y))
    return found | {name: np.full(len(found["accuracy"]), value) for name, value in alike.items()}


def chosen_amount(scores: Path) -> float:
    """The amount that stands in a scores.csv as chosen; NaN where the training diverged."""
    return float(pd.read_csv(scores, usecols=["lambda"], nrows=1)["lambda"].iloc[0])


def _over(
    run: Run,
    indices: np.ndarray,
    function: Callable[[np.ndarray, Tensor, Tensor], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """`function` of indices, images and labels over the images at `indices`, name -> array (n,)."""
    labels = torch.from_numpy(run.attributes[indices]).float().to(run.device)
    parts, done = [], 0
    for x in run.batches(run.pixels(indices)):
        here = slice(done, done + len(x))
        parts.append(function(indices[here], x, labels[here]))
        done += len(x)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def undefined(run: Run) -> dict[str, float]:
    """The columns of a run whose training diverged."""
    one = len(run.experiment.domains_of(run.unit)) == 1
    if one:
        return dict.fromkeys(("squared_error", "original", "edited_0", "edited_1"), np.nan)
    amounts = run.experiment.judged.get("amounts", ())
    names = ["accuracy", "ts", "rs", "ts:logit", "rs:logit"]
    names += [name for amount in amounts for name in _names(amount)]
    chosen = ["lambda", "length", *(f"valid:lambda={amount:g}" for amount in amounts)]
    return dict.fromkeys([*names, *(chosen if amounts else ())], np.nan)


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
    original = classify(x)
    moved = [classify(run.method.edit(x, y, i, True)) for i in range(y.shape[1])]
    transferred = np.stack(moved, axis=1)
    right = (original > 0) == (y.cpu().numpy() > 0.5)
    columns = {"accuracy": right.mean(axis=1)}
    columns |= _cis("", expit(original), expit(transferred))
    columns |= _cis(":logit", original, transferred)
    return columns | _swept(run, classify, x, y)


def _swept(run: Run, classify: Judge, x: Tensor, y: Tensor) -> dict[str, np.ndarray]:
    """ts and rs of transfers by every amount, if there are any."""
    columns, original = {}, expit(classify(x))
    for amount in run.experiment.judged.get("amounts", ()):
        moved = [classify(run.method.transfer(x, i, True, amount)) for i in range(y.shape[1])]
        columns |= _cis(f":lambda={amount:g}", original, expit(np.stack(moved, axis=1)))
    return columns


def _names(amount: float) -> list[str]:
    return [f"{name}:lambda={amount:g}" for name in ("ts", "rs")]


def _cis(variant: str, original: np.ndarray, transferred: np.ndarray) -> dict[str, np.ndarray]:
    found = cis_dualvae(original, transferred)
    return {f"{name}{variant}": found[name] for name in ("ts", "rs")}

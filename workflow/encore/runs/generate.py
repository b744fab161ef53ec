"""Inception Score and FID of the images that one run makes, in a stream: no image is kept."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from encore.datasets.faults import DataError
from encore.metrics.generation import FRECHET_DISTANCE, INCEPTION_SCORE
from encore.metrics.inception import ClassSums, FeatureSums, Statistics, frechet_distance
from encore.networks.inception import CLASSES, FEATURES, Inception
from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import to_pixels
from encore.runs.progress import Progress
from encore.runs.run import Run


def generate(
    run: Run, model: Path, inception: Path, reference: Path | None
) -> tuple[pd.DataFrame, dict[str, Tensor], str]:
    """What was measured, a row a split and one for FID; the statistics behind FID; where a training diverged.

    inception: the network's weights. reference: the statistics of real images, where FID is asked for. Values
    are NaN, and there are no statistics, where the training diverged, that of the reference included, or a
    generated image has a value that is not finite.
    """
    splits = run.experiment.generated["splits"]
    try:
        run.method.load_model(load_model(model))
        of_real = None if reference is None else statistics_in(load_model(reference))
        scores, found = measured(run, Inception(load_model(inception)).to(run.device))
        distances = [] if of_real is None else [frechet_distance(found, of_real)]
        tensors, diverged = as_tensors(found), ""
    except DivergedError as error:
        scores, distances = np.full(splits, math.nan), [math.nan] * (reference is not None)
        tensors, diverged = {}, str(error)
    what = [INCEPTION_SCORE] * splits + [FRECHET_DISTANCE] * len(distances)
    values = [*scores, *distances]
    return pd.DataFrame({"what": what, "value": values}), tensors, diverged


@torch.no_grad()
def measured(run: Run, network: Inception) -> tuple[np.ndarray, Statistics]:
    """The Inception Score of each split, and the statistics of the features of all images."""
    about = run.experiment.generated
    classes = ClassSums(about["images"], about["splits"], about["order_seed"], CLASSES, run.device)
    features = FeatureSums(FEATURES, run.device)
    progress = Progress(f"{run.experiment.name} {run.unit}/{run.seed}, images", 0, about["images"])
    for images in shown(run):
        classes.add(network.logits(images).double().softmax(dim=1))
        features.add(network.features(images))
        progress.update(features.images, {})
    return classes.scores(), features.statistics()


def shown(run: Run) -> Iterator[Tensor]:
    """The images as they would be stored, uint8 (B, C, S, S): samples, or of a method that draws none, what
    it makes of the first training images.
    """
    about, train = run.experiment.generated, run.split.train
    draws = hasattr(run.method, "sample")
    if not draws and about["images"] > len(train):
        raise DataError(
            f"{run.experiment.name}: generated.images: expected up to {len(train):,}, the training images "
            f"there are, found {about['images']:,}"
        )
    for first in range(0, about["images"], about["batch"]):
        count = min(about["batch"], about["images"] - first)
        if draws:
            yield stored(run, run.method.sample(count))
        else:
            for batch in run.batches(run.pixels(train[first : first + count])):
                yield stored(run, run.method.reconstruct(batch))


def stored(run: Run, images: Tensor) -> Tensor:
    """Images in the method's range as bytes; a DivergedError for a value that is not finite."""
    if not images.isfinite().all():
        raise DivergedError(
            f"{run.experiment.name} {run.unit}/{run.seed} makes images with values that are not finite."
        )
    return to_pixels(images, run.settings["pixel_range"])


def as_tensors(found: Statistics) -> dict[str, Tensor]:
    """Statistics as tensors."""
    arrays = {"mean": found.mean, "covariance": found.covariance, "images": np.array(found.images)}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def statistics_in(tensors: Mapping[str, Tensor]) -> Statistics:
    """The way back."""
    return Statistics(tensors["mean"].numpy(), tensors["covariance"].numpy(), int(tensors["images"]))

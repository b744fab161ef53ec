"""Which classes the reconstructions of one run's anomalous test images are taken for."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from encore.metrics.neighbours import NEIGHBOURS, classifier, flat, parts, shares
from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import to_pixels
from encore.runs.run import Run


def resemble(run: Run, model: Path) -> tuple[pd.DataFrame, dict[str, object]]:
    """A row a class with the share of reconstructions that are taken for it, and what is to be said of the
    classifier: its `neighbours`, its `accuracy`, and on how many `images` it was fitted.
    """
    images = run.images
    fitted, held_out = parts(len(images.labels), images.n_train, images.n_valid)
    classify = classifier(run.pixels(fitted).cpu().numpy(), images.labels[fitted])
    accuracy = classify.score(flat(run.pixels(held_out).cpu().numpy()), images.labels[held_out])
    made = reconstructions(run, model)
    found = shares(classify.predict(flat(made)) if len(made) else [], images.classes)
    about = {"neighbours": NEIGHBOURS, "accuracy": float(accuracy), "images": len(fitted)}
    return pd.DataFrame({"class": found.keys(), "share": found.values()}), about


def reconstructions(run: Run, model: Path) -> np.ndarray:
    """Of all anomalous test images, uint8 (n, C, S, S); none where the training diverged."""
    try:
        run.method.load_model(load_model(model))
    except DivergedError:
        return np.empty((0,), np.uint8)
    pixels = run.pixels(run.split.test[run.split.anomalous])
    images = run.over(pixels, lambda batch: {"image": run.method.reconstruct(batch)})["image"]
    return to_pixels(torch.from_numpy(images), run.settings["pixel_range"]).numpy()

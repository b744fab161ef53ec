"""A few test images of one run with their reconstructions and scores, and samples, for a figure."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import to_pixels
from encore.runs.run import Run

SAMPLES_SHOWN = 24
IMAGES_SHOWN = 6  # normal ones and as many anomalous ones, spread evenly over the test images, not chosen


def reconstruct(run: Run, model: Path, scores: pd.DataFrame) -> dict[str, Tensor]:
    """`sample`, and of both groups, `normal` and `anomalous`, `original`, `reconstruction` and `score`.

    scores: scores.csv. Images are uint8 (k, C, S, S); those that the method makes are white where its
    training diverged.
    """
    pixel_range, score = run.settings["pixel_range"], scores.set_index("index")["score"]
    try:
        run.method.load_model(load_model(model))
        make, samples = run.method.reconstruct, run.method.sample(SAMPLES_SHOWN)
    except DivergedError:  # nothing to show but white
        make = partial(torch.full_like, fill_value=pixel_range[1])
        samples = make(next(run.batches(run.pixels(run.split.test[:SAMPLES_SHOWN]))))
    shown = {}
    for group, anomalous in (("normal", False), ("anomalous", True)):
        test = run.split.test[run.split.anomalous == anomalous]
        chosen = test[np.linspace(0, len(test) - 1, IMAGES_SHOWN).astype(int)]
        shown[f"{group}.original"] = pixels = run.pixels(chosen)
        images = torch.cat([make(batch) for batch in run.batches(pixels)])
        shown[f"{group}.reconstruction"] = to_pixels(images, pixel_range)
        shown[f"{group}.score"] = torch.tensor(score.loc[chosen].to_numpy())
    return shown | {"sample": to_pixels(samples, pixel_range)}

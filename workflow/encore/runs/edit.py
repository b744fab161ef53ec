"""The edited images that figures show: a few test images, spread evenly over them and not chosen."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encore.runs.both_edits import both_edits
from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import to_pixels
from encore.runs.run import Run
from encore.strict import ConfigError

SHOWN = 8  # of one domain: of the images that have the attribute (Creswell et al., Section 4.3)
SHOWN_OF_SEVERAL = 3  # of several domains: each is shown in all of them


def edit(run: Run, model: Path) -> dict[str, Tensor]:
    """`original` (k, C, S, S) and what `edits` makes of it, all uint8; white where the training diverged."""
    chosen = shown_test(run)
    pixels = run.pixels(chosen)
    try:
        run.method.load_model(load_model(model))
        images = edits(run, chosen, pixels)
    except DivergedError:  # nothing to show but white
        images = white_edits(run, pixels)
    shown = {name: to_pixels(made, run.settings["pixel_range"]) for name, made in images.items()}
    return {"original": pixels, **shown}


def shown_test(run: Run) -> np.ndarray:
    """Indices of the test images that are shown, fewer where there are fewer; a ConfigError for none."""
    test, count = run.split.test, SHOWN_OF_SEVERAL
    if run.attributes.shape[1] == 1:
        test, count = test[run.attributes[test, 0]], SHOWN
    if not len(test):
        raise ConfigError([f"no test image of {run.experiment.dataset} has the attribute {run.unit}."])
    return test[np.linspace(0, len(test) - 1, min(count, len(test))).astype(int)]


def edits(run: Run, indices: np.ndarray, pixels: Tensor) -> dict[str, Tensor]:
    """What the method makes of the images at `indices`, uint8 (k, C, S, S), in its own range of pixels.

    Of one domain `reconstruction`, `edited_0` and `edited_1`, each (k, C, S, S); of several `edited`,
    (k, domains, C, S, S), image j transferred to domain i at [j, i].
    """
    (x,) = run.batches(pixels)
    y = torch.from_numpy(run.attributes[indices]).float().to(run.device)
    if y.shape[1] == 1:
        return both_edits(run, indices, x, y)
    every = [run.method.edit(x, y, domain, True) for domain in range(y.shape[1])]
    return {"edited": torch.stack(every, dim=1)}


def white_edits(run: Run, pixels: Tensor) -> dict[str, Tensor]:
    """The same in white, where the training diverged."""
    white = torch.full(pixels.shape, run.settings["pixel_range"][1], dtype=torch.float32)
    domains = run.attributes.shape[1]
    if domains == 1:
        return dict.fromkeys(("reconstruction", "edited_0", "edited_1"), white)
    return {"edited": torch.stack([white] * domains, dim=1)}

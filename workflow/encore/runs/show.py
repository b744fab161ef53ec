"""The images by which a generator is shown: what it makes, what its autoencoders make of images, how it fills
a hole, what lies between two latents, and what becomes of a latent that is moved towards an attribute.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encore.runs.checkpoint import DivergedError, load_model
from encore.runs.pixels import to_pixels
from encore.runs.run import Run

SAMPLES = 64
SHOWN = 10  # samples, and test images spread evenly and not chosen, that autoencoders are shown by
PAIRS, STEPS = 4, 10  # interpolations, and images of each, both ends included
MOVED, WEIGHTS = 4, (-2.0, 0.0, 2.0)  # samples that are moved, and by how much of the difference


def show(run: Run, model: Path) -> dict[str, Tensor]:
    """Images uint8 (..., C, S, S) by name; white but for the originals where the training diverged.

    `sample` (SAMPLES, ...) and of its first SHOWN `sample.<autoencoder>`; `original` (SHOWN, ...), test
    images, and `original.<autoencoder>`; `interpolation` (PAIRS, STEPS, ...), with an encoder between the
    test images `ends` (PAIRS, 2, ...). With an encoder `masked` and `inpainted` (SHOWN, ...), the originals
    with a hole and with the hole filled; and of a dataset of attributes `arithmetic.<attribute>` (MOVED,
    WEIGHTS, ...), for each that some training images have and some have not.
    """
    originals = run.pixels(_spread(run.split.test, SHOWN))
    ends = run.pixels(_spread(run.split.test, 2 * PAIRS))
    diverged = False
    try:
        run.method.load_model(load_model(model))
    except DivergedError:  # nothing to show but white
        diverged = True
    made = {"sample": run.method.sample(SAMPLES)}
    for name, images in (("sample", made["sample"][:SHOWN]), ("original", *run.batches(originals))):
        made |= {f"{name}.{by}": of for by, of in run.method.autoencode(images).items()}
    if run.method.encodes:
        (x,) = run.batches(originals)
        made |= dict(zip(("masked", "inpainted"), inpainted(run, x), strict=True))
    (x,) = run.batches(ends)
    z = run.method.encode(x) if run.method.encodes else run.method.prior(len(ends))
    made["interpolation"] = _decoded(run, interpolated(*z.view(PAIRS, 2, -1).unbind(1), STEPS))
    if run.method.encodes and run.images.attributes is not None:
        made |= _arithmetic(run)
    shown = {name: to_pixels(images, run.settings["pixel_range"]) for name, images in made.items()}
    if diverged:
        shown = {name: torch.full_like(images, 255) for name, images in shown.items()}
    kept = {"ends": ends.unflatten(0, (PAIRS, 2))} if run.method.encodes else {}
    return shown | kept | {"original": originals}


def inpainted(run: Run, x: Tensor) -> tuple[Tensor, Tensor]:
    """Images (n, C, S, S) with a hole, and with what the method makes of these inside it alone.

    The hole is the middle quarter, in the middle of the range of values.
    """
    side, (low, high) = x.shape[-1], run.settings["pixel_range"]
    hole = slice(side // 4, side - side // 4)
    masked, filled = x.clone(), x.clone()
    masked[..., hole, hole] = (low + high) / 2
    made = run.method.decode(run.method.encode(masked))
    filled[..., hole, hole] = made[..., hole, hole]
    return masked, filled


def interpolated(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Points at equal distances on the straight lines from a to b, both (n, latent) -> (n, steps, latent)."""
    share = torch.linspace(0, 1, steps, device=a.device)[:, None]
    return (1 - share) * a[:, None] + share * b[:, None]


def directions(z: Tensor, attributes: np.ndarray) -> Tensor:
    """Mean latent of the images with an attribute, minus that of those without it (Khan et al., Section 5.5).

    z: (n, latent); attributes: bool (n, m) -> (m, latent), NaN for an attribute that all or none have.
    """
    has = torch.from_numpy(attributes).to(z)
    with_it, without = has.sum(dim=0)[:, None], (1 - has).sum(dim=0)[:, None]
    return has.T @ z / with_it - (1 - has).T @ z / without


def _arithmetic(run: Run) -> dict[str, Tensor]:
    train = run.split.train
    z = torch.cat([run.method.encode(x) for x in run.batches(run.pixels(train))])
    of_attributes = directions(z, run.images.attributes[train])
    start, weights = run.method.prior(MOVED)[:, None], torch.tensor(WEIGHTS, device=z.device)[:, None]
    return {
        f"arithmetic.{name}": _decoded(run, start + weights * direction)
        for name, direction in zip(run.images.classes, of_attributes, strict=True)
        if direction.isfinite().all()
    }


def _decoded(run: Run, z: Tensor) -> Tensor:
    """Images of latents: (n, m, latent) -> (n, m, C, S, S)."""
    return run.method.decode(z.flatten(0, 1)).unflatten(0, z.shape[:2])


def _spread(indices: np.ndarray, number: int) -> np.ndarray:
    return indices[np.linspace(0, len(indices) - 1, number).astype(int)]

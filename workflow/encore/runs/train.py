"""Training: a method on its images, from the last checkpoint if there is one."""

from pathlib import Path

from torch import Tensor

from encore.runs import loop
from encore.runs.run import Run


def train(
    run: Run, *, folder: Path, key: str, checkpoint_seconds: float
) -> tuple[dict[str, Tensor], loop.Training]:
    """The tensors of the trained model, none where it diverged, and how the training went.

    folder, key, checkpoint_seconds: as in `loop.train`.
    """
    pixels = run.pixels(run.split.train)
    training = loop.train(
        run.method,
        pixels,
        run.labels(run.split.train),
        pixel_range=run.settings["pixel_range"],
        device=run.device,
        seed=run.seed,
        folder=folder,
        key=key,
        checkpoint_seconds=checkpoint_seconds,
        label=f"{run.experiment.name} {run.unit}/{run.seed}",
    )
    if training.diverged:
        return {}, training
    if hasattr(run.method, "after_training"):
        run.method.after_training(run.batches(pixels))
    return run.method.model(), training

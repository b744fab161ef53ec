"""The training loop: the same for every method, resumable at any iteration to the same bytes."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from encore.training.checkpoint import load_checkpoint, save_checkpoint
from encore.training.progress import Progress

CHECKPOINT = "checkpoint.safetensors"
HISTORY_ROWS = 100  # rows of history.csv, evenly spaced


class DivergedError(RuntimeError):
    """A loss became infinite or not a number."""


@dataclass(frozen=True)
class Training:
    """What a finished training leaves: its history (a row a log step) and how it went."""

    history: pd.DataFrame
    iterations: int
    restarts: int
    seconds: float


class ImageOrder:
    """Indices of training images: each pass is a new permutation, passes follow each other without a gap."""

    def __init__(self, count: int, seed: int, device: str):
        self.count, self.device = count, device
        self.random = torch.Generator().manual_seed(seed)  # on the CPU: the same order on every device
        self.order = torch.empty(0, dtype=torch.int64, device=device)

    def take(self, number: int | None) -> Tensor:
        """The next `number` indices on the device; all of them, in order, for None."""
        if number is None:
            return torch.arange(self.count, device=self.device)
        while len(self.order) < number:
            one_pass = torch.randperm(self.count, generator=self.random)
            self.order = torch.cat([self.order, one_pass.to(self.device)])  # one copy a pass, none a step
        taken, self.order = self.order[:number], self.order[number:]
        return taken

    def state(self) -> dict[str, Tensor]:
        """The rest of this pass, and the generator of the passes to come."""
        return {"order.rest": self.order.clone(), "order.random": self.random.get_state()}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self.order = tensors["order.rest"].to(self.device)
        self.random.set_state(tensors["order.random"])


def scale(pixels: Tensor, pixel_range: list[float]) -> Tensor:
    """uint8 pixels as float32 in `pixel_range` [low, high]."""
    low, high = pixel_range
    return pixels.float() / 255 * (high - low) + low


def to_pixels(images: Tensor, pixel_range: list[float]) -> Tensor:
    """The way back: images in `pixel_range`, clipped to it, as uint8."""
    low, high = pixel_range
    return (((images - low) / (high - low)).clamp(0, 1) * 255).round().byte()


def train(
    method,
    pixels: Tensor,
    *,
    pixel_range: list[float],
    device: str,
    seed: int,
    folder: Path,
    key: str,
    checkpoint_seconds: float,
    label: str,
) -> Training:
    """Train `method` on `pixels`, uint8 (N, C, S, S), from the last checkpoint in `folder`.

    The pixels lie on the method's `device`, or in the host's memory where they are too many for it.

    `key` is a digest of all that the run is made from. A loss that is not finite is a DivergedError.
    """
    began = time.monotonic()
    order = ImageOrder(len(pixels), seed, pixels.device)
    rows: list[dict[str, float]] = []
    sums: dict[str, Tensor] = {}
    start = restarts = 0
    path = folder / CHECKPOINT
    if found := load_checkpoint(path, key):
        tensors, metadata = found
        method.load_state(tensors)
        order.load_state(tensors)
        sums = {name[4:]: value.to(device) for name, value in tensors.items() if name.startswith("sum.")}
        rows = json.loads(metadata["history"])
        start, restarts = int(metadata["iteration"]), int(metadata["restarts"]) + 1
        print(f"{label}: going on from iteration {start}.", flush=True)
    log_every = max(1, method.iterations // HISTORY_ROWS)
    progress = Progress(label, start, method.iterations)
    last_checkpoint = time.monotonic()
    for iteration in range(start + 1, method.iterations + 1):
        batch = pixels[order.take(method.images_per_step)].to(device)
        losses = method.step(scale(batch, pixel_range))
        sums = {name: sums[name] + value if name in sums else value.clone() for name, value in losses.items()}
        if iteration % log_every == 0 or iteration == method.iterations:
            steps = iteration - (rows[-1]["iteration"] if rows else 0)
            means = {name: float(value) / steps for name, value in sums.items()}
            _check_finite(means, iteration, label)
            rows.append({"iteration": iteration, **means})
            sums = {}
            progress.update(iteration, means)
        if time.monotonic() - last_checkpoint >= checkpoint_seconds and iteration < method.iterations:
            metadata = {
                "key": key,
                "iteration": str(iteration),
                "restarts": str(restarts),
                "history": json.dumps(rows),
            }
            log_sums = {f"sum.{name}": value for name, value in sums.items()}
            save_checkpoint(path, method.state() | order.state() | log_sums, metadata)
            last_checkpoint = time.monotonic()
    return Training(pd.DataFrame(rows), method.iterations, restarts, time.monotonic() - began)


def _check_finite(losses: dict[str, float], iteration: int, label: str) -> None:
    wrong = [name for name, value in losses.items() if not math.isfinite(value)]
    if wrong:
        raise DivergedError(f"{label} diverged: {', '.join(wrong)} is not finite at iteration {iteration}.")

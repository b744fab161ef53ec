"""The training loop: the same for every method, resumable at any iteration to the same bytes."""

import contextlib
import json
import math
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from encore.papers.layout import CHECKPOINT
from encore.runs.checkpoint import load_checkpoint, save_checkpoint
from encore.runs.pixels import scale
from encore.runs.progress import Progress
from encore.script import UserError

HISTORY_ROWS = 100  # rows of history.csv, evenly spaced
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # what asks a process to end, and may be answered


class StoppedError(UserError):
    """A signal asked the training to leave; its checkpoint is written."""


@dataclass(frozen=True)
class Training:
    """What a finished training leaves: its history (a row a log step) and how it went.

    `diverged` is empty, or the sentence that says where a loss became infinite or not a number.
    """

    history: pd.DataFrame
    restarts: int
    seconds: float
    diverged: str


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


class History:
    """Mean losses, a row a log step; what adds up between two rows stays on the device."""

    def __init__(self, device: str):
        self.device = device
        self.rows: list[dict[str, float]] = []
        self.sums: dict[str, Tensor] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Take the losses of one step, 0-d tensors."""
        self.sums = {  # in the method's order, which a checkpoint does not keep
            name: self.sums[name] + value if name in self.sums else value.clone()
            for name, value in losses.items()
        }

    def log(self, iteration: int) -> dict[str, float]:
        """Close a row at `iteration`; gives its means."""
        steps = iteration - (self.rows[-1]["iteration"] if self.rows else 0)
        means = {name: float(value) / steps for name, value in self.sums.items()}
        self.rows.append({"iteration": iteration, **means})
        self.sums = {}
        return means

    def divergence(self, label: str) -> str:
        """Which losses of the last row are not finite, as a sentence; empty where all are."""
        last = self.rows[-1]
        wrong = [name for name, value in last.items() if not math.isfinite(value)]
        names = " and ".join(wrong)
        return f"{label} diverged: {names} not finite at iteration {last['iteration']}." if wrong else ""

    def state(self) -> dict[str, Tensor]:
        """The sums of the row that is not closed."""
        return {f"sum.{name}": value for name, value in self.sums.items()}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        prefix = "sum."
        self.sums = {
            name.removeprefix(prefix): value.to(self.device)
            for name, value in tensors.items()
            if name.startswith(prefix)
        }


def train(
    method,
    pixels: Tensor,
    labels: Tensor | None = None,
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

    The pixels lie on the method's `device`, or in the host's memory where they are too many for it, and the
    labels of a method that takes some, float32 (N, labels), beside them.

    The checkpoint of the last iteration stays: where SLURM takes the machine away between a training and its
    scores, Snakemake removes the model and trains again, which is then a matter of seconds.

    `key` is a digest of all that the run is made from. A loss that is not finite ends the training: the same
    code, data and seed would diverge again. SIGTERM, as SLURM sends it before it takes the machine away, and
    Ctrl-C end it after the present iteration with a checkpoint and a StoppedError.
    """
    began = time.monotonic()
    order, history = ImageOrder(len(pixels), seed, pixels.device), History(device)
    start = restarts = 0
    if found := load_checkpoint(folder / CHECKPOINT, key):
        tensors, metadata = found
        for part in (method, order, history):
            part.load_state(tensors)
        history.rows = json.loads(metadata["history"])
        start, restarts = int(metadata["iteration"]), int(metadata["restarts"]) + 1
        print(f"{label}: going on from iteration {start}.", flush=True)
    log_every = max(1, method.iterations // HISTORY_ROWS)
    progress = Progress(label, start, method.iterations)
    last_checkpoint = time.monotonic()
    with signals_collected(method.iterations > 1) as signals:
        for iteration in range(start + 1, method.iterations + 1):
            taken = order.take(method.images_per_step)
            batch = [scale(pixels[taken].to(device), pixel_range)]
            if labels is not None:
                batch.append(labels[taken].to(device))
            history.add(method.step(*batch))
            if iteration % log_every == 0 or iteration == method.iterations:
                means = history.log(iteration)
                progress.update(iteration, means)
                if not all(map(math.isfinite, means.values())):
                    break
            last = iteration == method.iterations
            due = last or signals or time.monotonic() - last_checkpoint >= checkpoint_seconds
            if due and method.iterations > 1:
                metadata = {"iteration": str(iteration), "restarts": str(restarts), "key": key}
                metadata["history"] = json.dumps(history.rows)
                state = method.state() | order.state() | history.state()
                save_checkpoint(folder / CHECKPOINT, state, metadata)
                last_checkpoint = time.monotonic()
            if signals and not last:
                where = f"{signals[0]} at iteration {iteration} of {method.iterations}"
                raise StoppedError(f"{label}: stopped by {where}; started again, it goes on from there.")
    return Training(pd.DataFrame(history.rows), restarts, time.monotonic() - began, history.divergence(label))


@contextlib.contextmanager
def signals_collected(wanted: bool) -> Iterator[list[str]]:
    """Collect the names of signals that ask the process to end, in place of ending, if `wanted`.

    A fit of one step has nothing to keep, and may take minutes: it ends at once.
    """
    arrived: list[str] = []

    def note(number: int, frame: object) -> None:
        arrived.append(signal.Signals(number).name)

    before = {number: signal.signal(number, note) for number in STOPPING} if wanted else {}
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

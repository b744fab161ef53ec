"""Keep a few test images of one run with their reconstructions and scores, for a figure."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import DivergedError, load_model, to_bytes
from encore.training.loop import to_pixels
from encore.training.run import open_run, run_parser

SAMPLES_SHOWN = 24
IMAGES_SHOWN = 6  # normal ones and as many anomalous ones, spread evenly over the test images, not chosen


class Blank:
    """Stands for a method whose training diverged: all of its images are white."""

    def __init__(self, shape: tuple[int, int, int], white: float):
        self.shape, self.white = shape, white

    def reconstruct(self, images: Tensor) -> Tensor:
        """White for every image."""
        return torch.full_like(images, self.white)

    def sample(self, count: int) -> Tensor:
        """White, `count` times."""
        return torch.full((count, *self.shape), self.white)


def main() -> None:
    """Read the arguments and reconstruct a few test images of one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    method = run.method
    try:
        method.load_model(load_model(arguments.model))
    except DivergedError:
        method = Blank(run.pixels(run.split.test[:1]).shape[1:], run.settings["pixel_range"][1])
    scores = pd.read_csv(arguments.scores, index_col="index")["score"]
    shown = {}
    for group, anomalous in (("normal", False), ("anomalous", True)):
        test = run.split.test[run.split.anomalous == anomalous]
        chosen = test[np.linspace(0, len(test) - 1, IMAGES_SHOWN).astype(int)]
        pixels = run.pixels(chosen)
        images = run.over(pixels, lambda batch: {"image": method.reconstruct(batch)})["image"]
        shown[f"{group}.original"] = pixels
        shown[f"{group}.reconstruction"] = to_pixels(torch.from_numpy(images), run.settings["pixel_range"])
        shown[f"{group}.score"] = torch.from_numpy(scores.loc[chosen].to_numpy())
    shown["sample"] = to_pixels(method.sample(SAMPLES_SHOWN), run.settings["pixel_range"])
    write_atomically(arguments.images, to_bytes(shown))
    write_record(
        arguments.record,
        rule="reconstruct",
        started=started,
        inputs=[
            *(arguments.model, arguments.scores, arguments.split, arguments.inventory),
            *map(Path, arguments.weights),
        ],
        outputs=[arguments.images],
        about=run.facts,
    )


if __name__ == "__main__":
    run_script(main)

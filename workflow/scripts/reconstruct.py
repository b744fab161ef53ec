"""Keep a few test images of one run with their reconstructions and scores, for a figure."""

import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import DivergedError, load_model, to_bytes
from encore.training.loop import to_pixels
from encore.training.run import open_run, run_parser

SAMPLES_SHOWN = 24
IMAGES_SHOWN = 6  # normal ones and as many anomalous ones, spread evenly over the test images, not chosen


def main() -> None:
    """Read the arguments and reconstruct a few test images of one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    scores, pixel_range = pd.read_csv(arguments.scores, index_col="index"), run.settings["pixel_range"]
    try:
        run.method.load_model(load_model(arguments.model))
        reconstruct, samples = run.method.reconstruct, run.method.sample(SAMPLES_SHOWN)
    except DivergedError:  # nothing to show but white
        reconstruct = partial(torch.full_like, fill_value=pixel_range[1])
        samples = reconstruct(next(run.batches(run.pixels(run.split.test[:SAMPLES_SHOWN]))))
    shown = {}
    for group, anomalous in (("normal", False), ("anomalous", True)):
        test = run.split.test[run.split.anomalous == anomalous]
        chosen = test[np.linspace(0, len(test) - 1, IMAGES_SHOWN).astype(int)]
        shown[f"{group}.original"] = pixels = run.pixels(chosen)
        images = torch.cat([reconstruct(batch) for batch in run.batches(pixels)])
        shown[f"{group}.reconstruction"] = to_pixels(images, pixel_range)
        shown[f"{group}.score"] = torch.tensor(scores["score"].loc[chosen].to_numpy())
    shown["sample"] = to_pixels(samples, pixel_range)
    write_atomically(arguments.images, to_bytes(shown))
    inputs = [arguments.model, arguments.scores, arguments.split, arguments.inventory]
    write_record(
        arguments.record,
        rule="reconstruct",
        started=started,
        inputs=[*inputs, *map(Path, arguments.weights)],
        outputs=[arguments.images],
        about=run.facts,
    )


if __name__ == "__main__":
    run_script(main)

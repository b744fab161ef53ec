"""Keep a few test images of one run with their reconstructions and scores, for a figure."""

import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.training.checkpoint import to_bytes
from encore.training.loop import to_pixels
from encore.training.run import open_run, run_parser

SAMPLES_SHOWN = 24
IMAGES_SHOWN = 6  # normal ones and as many anomalous ones, spread evenly over the test images, not chosen


def main() -> None:
    """Read the arguments and reconstruct a few test images of one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    run.method.load_model(load_file(arguments.model))
    shown = {}
    for group, anomalous in (("normal", False), ("anomalous", True)):
        test = run.split.test[run.split.anomalous == anomalous]
        pixels = run.pixels(test[np.linspace(0, len(test) - 1, IMAGES_SHOWN).astype(int)])
        images = run.over(pixels, lambda batch: {"image": run.method.reconstruct(batch)})["image"]
        shown[f"{group}.original"] = pixels
        shown[f"{group}.reconstruction"] = to_pixels(torch.from_numpy(images), run.settings["pixel_range"])
        shown[f"{group}.score"] = torch.from_numpy(run.over(pixels, run.method.score)["score"])
    shown["sample"] = to_pixels(run.method.sample(SAMPLES_SHOWN), run.settings["pixel_range"])
    write_atomically(arguments.images, to_bytes(shown))
    write_record(
        arguments.record,
        rule="reconstruct",
        started=started,
        inputs=[arguments.model, arguments.split, arguments.inventory, *map(Path, arguments.weights)],
        outputs=[arguments.images],
        about=run.facts,
    )


if __name__ == "__main__":
    main()

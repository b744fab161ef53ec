"""Reconstruct all anomalous test images of one run and say which classes a classifier takes them for."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from encore.audit.records import write_record
from encore.datasets.readers import read
from encore.files import write_atomically
from encore.metrics.resemblance import NEIGHBOURS, classifier, flat, parts, shares
from encore.script import run_script
from encore.training.checkpoint import DivergedError, load_model
from encore.training.loop import to_pixels
from encore.training.run import Run, open_run, run_parser


def reconstructions(run: Run, model: Path) -> np.ndarray:
    """Of all anomalous test images, uint8 (n, C, S, S); none where the training diverged."""
    try:
        run.method.load_model(load_model(model))
    except DivergedError:
        return np.empty((0,), np.uint8)
    pixels = run.pixels(run.split.test[run.split.anomalous])
    images = run.over(pixels, lambda batch: {"image": run.method.reconstruct(batch)})["image"]
    return to_pixels(torch.from_numpy(images), run.settings["pixel_range"]).numpy()


def main() -> None:
    """Read the arguments and classify the reconstructions of one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--resemblance", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    images = read(run.experiment.dataset, arguments.data_dir)
    fitted, held_out = parts(len(images.labels), images.n_train, images.n_valid)
    classify = classifier(run.pixels(fitted).cpu().numpy(), images.labels[fitted])
    accuracy = classify.score(flat(run.pixels(held_out).cpu().numpy()), images.labels[held_out])
    made = reconstructions(run, arguments.model)
    found = shares(classify.predict(flat(made)) if len(made) else [], images.classes)
    rows = pd.DataFrame({"class": found.keys(), "share": found.values()})
    write_atomically(arguments.resemblance, rows.to_csv(index=False))
    about = {"neighbours": NEIGHBOURS, "accuracy": float(accuracy), "images": len(fitted)}
    write_record(
        arguments.record,
        rule="resemble",
        started=started,
        inputs=[arguments.model, arguments.split, arguments.inventory, *map(Path, arguments.weights)],
        outputs=[arguments.resemblance],
        about=dict(run.facts) | {"classifier": about},
    )


if __name__ == "__main__":
    run_script(main)

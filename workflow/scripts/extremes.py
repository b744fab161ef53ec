"""Keep the least and the most anomalous test images of one run, for a figure."""

import argparse
import time
from pathlib import Path

import pandas as pd
import torch

from encore.audit.records import write_record
from encore.datasets.readers import read
from encore.files import write_atomically
from encore.metrics.ranking import ranking_metrics
from encore.papers import find_experiment
from encore.script import run_script
from encore.training.checkpoint import to_bytes

IMAGES_SHOWN = 24  # at each end, as many as Figure 5 of PIAD can show at this size


def main() -> None:
    """Read the arguments and pick the images of one run by its scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    scores = pd.read_csv(arguments.scores).sort_values(["score", "index"])
    scored = scores["score"].notna().all()  # else the training diverged, and no image is more extreme
    pixels = read(find_experiment(arguments.experiment).dataset, arguments.data_dir).pixels
    kept = {"auroc": torch.tensor(ranking_metrics(scores["anomalous"], scores["score"])["AUROC"])}
    for end, rows in (("least", scores.head(IMAGES_SHOWN)), ("most", scores.tail(IMAGES_SHOWN)[::-1])):
        shown = torch.from_numpy(pixels[rows["index"].tolist()]).permute(0, 3, 1, 2)
        kept[end] = shown.contiguous() if scored else torch.full_like(shown, 255)
        kept[f"{end}.anomalous"] = torch.tensor(rows["anomalous"].tolist())
    write_atomically(arguments.images, to_bytes(kept))
    write_record(
        arguments.record,
        rule="extremes",
        started=started,
        inputs=[arguments.scores, arguments.inventory],
        outputs=[arguments.images],
        about={"experiment": arguments.experiment},
    )


if __name__ == "__main__":
    run_script(main)

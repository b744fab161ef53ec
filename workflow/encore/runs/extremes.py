"""The least and the most anomalous test images of one run, for a figure."""

from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from encore.datasets.read import read
from encore.metrics.ranking import ranking_metrics

IMAGES_SHOWN = 24  # at each end, as many as Figure 5 of PIAD can show at this size


def extremes(scores: pd.DataFrame, dataset: str, data_dir: Path, inventory: Path) -> dict[str, Tensor]:
    """`auroc`; of both ends, `least` and `most`, uint8 (k, C, H, W), and whether each image is anomalous.

    scores: scores.csv. The images are white where the training diverged: none is more extreme than another.
    """
    scores = scores.sort_values(["score", "index"])
    scored = scores["score"].notna().all()
    pixels = read(dataset, data_dir, inventory).pixels
    kept = {"auroc": torch.tensor(ranking_metrics(scores["anomalous"], scores["score"])["AUROC"])}
    for end, rows in (("least", scores.head(IMAGES_SHOWN)), ("most", scores.tail(IMAGES_SHOWN)[::-1])):
        shown = torch.from_numpy(pixels[rows["index"].tolist()]).permute(0, 3, 1, 2)
        kept[end] = shown.contiguous() if scored else torch.full_like(shown, 255)
        kept[f"{end}.anomalous"] = torch.tensor(rows["anomalous"].tolist())
    return kept

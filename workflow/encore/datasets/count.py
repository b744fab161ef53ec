"""Counts the images of a dataset."""

import numpy as np
import pandas as pd

from encore.datasets.read import Images

TOTAL = "total"  # the row that stands for all images


def count_images(images: Images, verified: bool) -> pd.DataFrame:
    """Images of every class, or with every attribute, and all of them: columns class, count, verified."""
    if images.attributes is None:
        counts = np.bincount(images.labels, minlength=len(images.classes))
    else:
        counts = images.attributes.sum(axis=0)
    rows = {"class": [*images.classes, TOTAL], "count": [*counts.tolist(), len(images.pixels)]}
    return pd.DataFrame(rows).assign(verified=verified)

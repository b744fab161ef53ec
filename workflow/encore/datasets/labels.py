"""Labels that attribute methods train with, and hiding a share of them."""

import numpy as np

from encore.datasets.shuffle import shuffled

# Read as text by the code that checks all settings: keep it a plain literal.
SETTINGS = {
    "missing_labels": (
        "share",
        "share of the training labels that are hidden, of each attribute, 0 to 1 without 1",
    ),
}


def training_labels(attributes: np.ndarray, missing: float, seed: int) -> np.ndarray:
    """The labels of the training images; hidden ones have I_ij = 0 in DualVAE (Algorithm 1; Figure 6).

    Of each attribute round(missing n) labels are hidden, drawn regardless of their values and of the other
    attributes; the paper does not say how its own were drawn. What is hidden at one share is hidden at every
    larger one.

    attributes: bool (n, k). missing: the share s, 0 to 1 without 1; 0 hides none.
    Returns float32 (n, k): 0 or 1, NaN where hidden; the same for the same arguments on every machine.
    """
    # A child of the seed, as in divide.py; the first one shuffles the folds there.
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed).spawn(2)[1]))
    labels = attributes.astype(np.float32)
    for of_attribute in labels.T:
        order = shuffled(np.arange(len(labels)), rng)
        of_attribute[order[: round(missing * len(labels))]] = np.nan
    return labels

"""Random order that stays the same from one release of NumPy to the next."""

import numpy as np


def shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The values in random order.

    NumPy may change what `permutation`, `shuffle` and `choice` give for a seed from one release to the next
    (NEP 19); it promises to keep only the integers of the bit generator itself (docstring of PCG64). So each
    value gets one of those as its key; equal keys keep their order.
    """
    return values[np.argsort(rng.bit_generator.random_raw(len(values)), kind="stable")]

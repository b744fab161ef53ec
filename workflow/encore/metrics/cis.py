"""DualVAE's conditional inception score of an image (Okamoto et al. 2019): how well it is transferred.

MUNIT (Huang et al. 2018) has another metric of the same name and the same letters, the exponential of a
divergence, for how diverse the translations of an image are. The two cannot be compared; this one is called
cis_dualvae throughout.
"""

from collections.abc import Mapping

import numpy as np


def transfer_matrices(original: np.ndarray, transferred: np.ndarray) -> np.ndarray:
    """M of Algorithm 2 for each of m images and n domains, M_i = f(x^(i)) - f(x); (m, n, n).

    original: (m, n), what the classifier f gives for each domain on the images x. transferred: (m, n, n), in
    row i what f gives on x^(i), the image transferred to domain i. Whether f gives probabilities or logits is
    the caller's choice; the paper does not say. Shapes that do not fit, or one domain, are a ValueError.
    """
    m, n = original.shape
    if transferred.shape != (m, n, n):
        raise ValueError(
            f"the classifier gives {original.shape} on the images and {transferred.shape} on the transferred "
            f"ones; expected {(m, n)} and {(m, n, n)}."
        )
    if n < 2:
        raise ValueError("there is one domain; the reconstruction score needs two or more.")
    return transferred - original[:, np.newaxis, :]


def cis_dualvae(original: np.ndarray, transferred: np.ndarray) -> dict[str, np.ndarray]:
    """Algorithm 2 for each of m images, greater where better; name -> (m,). Arguments as `transfer_matrices`.

    `ts`, the transfer score: the mean of diag(M), whether images come to show the domain. `rs`, the
    reconstruction score: minus the mean of |notdiag(M)|, whether they keep to the rest. CIS is their sum.
    """
    matrices = transfer_matrices(original, transferred)
    on_diagonal = np.eye(matrices.shape[1], dtype=bool)
    ts = matrices[:, on_diagonal].mean(axis=1)
    rs = -np.abs(matrices[:, ~on_diagonal]).mean(axis=1)
    return {"ts": ts, "rs": rs}


def best_amount(curve: Mapping[float, float]) -> float:
    """The amount of highest CIS, the smaller one of two that tie; NaN where none has a number.

    curve: amount -> CIS, NaN where it is undefined, on images that are not tested.
    """
    defined = {amount: cis for amount, cis in curve.items() if not np.isnan(cis)}
    return min(defined, key=lambda amount: (-defined[amount], amount), default=np.nan)

"""Labels of images, some of them missing (NaN): their losses, and labels with one of them changed."""

import torch.nn.functional as F
from torch import Tensor


def label_loss(logits: Tensor, y: Tensor) -> Tensor:
    """-log P(y), P Bernoulli for each label: a sum over labels, a mean over images; twice (B, n) -> 0-d.

    The term of a missing label (NaN) is 0, and nothing is rescaled for it.
    """
    terms = F.binary_cross_entropy_with_logits(logits, y.nan_to_num(), reduction="none")
    return (terms * ~y.isnan()).sum() / len(y)


def classification_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Binary cross-entropy of sigmoid(logits), nats: a mean over all known labels of all images.

    Both (B, n), a missing label NaN -> 0-d; 0 where no label is known.
    """
    known = ~y.isnan()
    terms = F.binary_cross_entropy_with_logits(logits, y.nan_to_num(), reduction="none")
    return (terms * known).sum() / known.sum().clamp(min=1)


def with_label(y: Tensor, domain: int, value: bool) -> Tensor:
    """Labels (B, n) with that of `domain` set to `value` in all images; the others as they are."""
    changed = y.clone()
    changed[:, domain] = float(value)
    return changed

"""What is done to training images before networks see them."""

import torch
from torch import Tensor


def mirror(x: Tensor, p: float, random: torch.Generator) -> Tensor:
    """Each image mirrored left to right with probability `p`; (B, C, S, S) -> the same shape."""
    chosen = torch.rand(len(x), generator=random, device=x.device) < p
    return torch.where(chosen[:, None, None, None], x.flip(3), x)

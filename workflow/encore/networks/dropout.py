"""Dropout that a stopped training goes on with."""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """Zeroes each element with probability `p` while training, from a random generator that the method keeps,
    so that a resumed training draws the same masks."""

    def __init__(self, p: float, random: torch.Generator | None):
        super().__init__()
        self.p, self.random = p, random

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x * torch.empty_like(x).bernoulli_(1 - self.p, generator=self.random) / (1 - self.p)

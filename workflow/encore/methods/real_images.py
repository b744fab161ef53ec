"""The training images themselves, beside which generated ones stand: what a table calls real images.

It learns nothing and makes nothing, so that the stage `generate` measures training images as they are, at the
size and with the preprocessing of the experiment's settings. FID compares with the statistics of such a run.
"""

import torch
from torch import Tensor

from encore.methods.base import ScikitFit


class RealImages(ScikitFit):
    """Shows every image as it is."""

    SETTINGS = {}
    SCORES = ("score",)
    ON_GPU = True  # the Inception network is
    images_per_step = 1

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """Nothing to fit."""
        self.tensors = {"nothing": torch.zeros(1)}  # a file of no tensors cannot be read
        return {"nothing": torch.zeros(())}

    def score(self, images: Tensor) -> dict[str, Tensor]:
        """By how much it shows an image otherwise than it is, 0; (B, C, S, S) -> (B,)."""
        return {"score": torch.zeros(len(images))}

    def reconstruct(self, images: Tensor) -> Tensor:
        """The images themselves."""
        return images

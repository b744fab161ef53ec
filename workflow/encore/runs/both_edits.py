"""What a method makes of images where it edits one attribute: for the figures and for the judge alike."""

import numpy as np
from torch import Tensor

from encore.runs.run import Run


def both_edits(run: Run, indices: np.ndarray, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """`reconstruction`, `edited_0` and `edited_1` of images x (B, C, S, S) with labels y (B, 1), each like x.

    indices: of the images in the dataset. A method that draws noise draws it by them, and so an image has
    the same whichever images stand beside it.
    """
    method = run.method
    noise = (method.edit_noise(indices),) if hasattr(method, "edit_noise") else ()
    return {
        "reconstruction": method.reconstruct(x, y, *noise),
        "edited_0": method.edit(x, y, 0, False, *noise),
        "edited_1": method.edit(x, y, 0, True, *noise),
    }

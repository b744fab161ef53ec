"""Where a run computes: the device and its arithmetic."""

import os

import torch

from encore.script import UserError


def setup_torch(device: str, precision: str) -> str:
    """Choose the device ("auto" takes a GPU where there is one) and make its arithmetic repeatable."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "device is cuda, but PyTorch finds no GPU here; set `device: cpu` or `auto` in config.yaml."
        )
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to repeat itself
        # On the CPU what we use repeats itself anyway, and the switch would import a compiler for a second.
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    return device

"""A folder of photographs, which filter statistics and contrast are measured on."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from encore.datasets.inventory import irregular
from encore.digest import file_digest
from encore.script import UserError

ENDINGS = {".jpg", ".jpeg", ".png"}
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what Pillow raises


class PhotographsError(UserError):
    """The folder holds no photographs; the message is one sentence."""


def photographs(folder: Path) -> dict[str, str]:
    """File name -> SHA-256 of every JPEG and PNG in a folder, by name; PhotographsError if there is none."""
    paths = sorted(path for path in folder.glob("[!.]*") if path.suffix.lower() in ENDINGS)
    if not paths:
        raise PhotographsError(
            f"{folder} holds no photographs (JPEG or PNG); put some there, or name another folder under "
            "photographs in config.yaml, such as a subset of ImageNet."
        )
    for path in paths:
        if fault := irregular(path):
            raise PhotographsError(f"{path}: expected a photograph, {fault}; take it away.")
    return {path.name: file_digest(path) for path in paths}


def read_photographs(folder: Path, found: Mapping[str, str], device: str) -> Iterator[Tensor]:
    """One photograph after another in its own size, float32 (1, 3, H, W) in [-1, 1], red, green, blue.

    found: of those to read, what `photographs` gave; PhotographsError for one that is another by now.
    """
    for name, digest in found.items():
        try:
            content = (folder / name).read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                raise PhotographsError(f"{folder / name} changed while it was read; start again.")
            with Image.open(io.BytesIO(content)) as image:
                pixels = np.array(image.convert("RGB"))
        except UNREADABLE as error:
            raise PhotographsError(f"{folder / name} cannot be read as an image: {error}.") from None
        yield torch.from_numpy(pixels).to(device).permute(2, 0, 1).unsqueeze(0) / 127.5 - 1

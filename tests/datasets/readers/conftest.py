"""What tests of several readers share: small parts, small image files, and how a refusal must read."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encore.datasets.read import read_unchecked as read


def _random_part(n: int, shape: tuple[int, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, *shape), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)


def _flat(colour: tuple[int, int, int], size: tuple[int, int], form: str, **options) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form, **options)
    return out.getvalue()


def _pack(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


def _refusal(name: str, data_dir: Path) -> str:
    with pytest.raises(ValueError, match=r": expected .*, found ") as error:
        read(name, data_dir)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def random_part() -> Callable[[int, tuple[int, ...], int], tuple[np.ndarray, np.ndarray]]:
    """Draws n images of a shape and their labels."""
    return _random_part


@pytest.fixture(scope="session")
def flat() -> Callable[..., bytes]:
    """An image file of one colour, which JPEG keeps within a few grey levels; size is (width, height)."""
    return _flat


@pytest.fixture
def pack() -> Callable[[Path, dict[str, bytes]], None]:
    """Writes files into a zip archive."""
    return _pack


@pytest.fixture
def refusal() -> Callable[[str, Path], str]:
    """The sentence with which reading is refused."""
    return _refusal

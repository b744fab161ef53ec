"""What all tests share: real data, where there is some."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; the test is skipped where ENCORE_DATA_DIR names none."""
    folder = os.environ.get("ENCORE_DATA_DIR")
    if not folder:
        pytest.skip("ENCORE_DATA_DIR is not set; it names a folder that holds mnist/ and others")
    return Path(folder)

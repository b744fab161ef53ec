"""Raw files in their true formats, for tests that run the workflow on them."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def generated():
    """The module that writes them, which is also a program."""
    spec = importlib.util.spec_from_file_location("generated", Path(__file__).with_name("generated.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Dividing a dataset: a protocol is found by its file, and what does not fit is one sentence."""

import numpy as np
import pytest

from encore import registry
from encore.datasets.divide import make_split
from encore.datasets.faults import DataError
from encore.datasets.read import Images
from encore.strict import ConfigError


@pytest.fixture
def images() -> Images:
    """Ten images of two classes, without an official test part."""
    return Images(np.empty((10, 1, 1, 1), np.uint8), np.arange(10) % 2, 10, ("a", "b"))


def test_unknown_protocol_is_refused_with_the_nearest_name(images: Images) -> None:
    with pytest.raises(ConfigError, match=r"^there is no protocol 'one_vs_rest', did you mean 'one_vs_all'"):
        make_split("one_vs_rest", images, 0, split_seed=0)


def test_a_fault_names_the_protocol_in_one_sentence(images: Images) -> None:
    with pytest.raises(DataError, match=r"^protocol one_vs_all: expected a dataset with an off") as error:
        make_split("one_vs_all", images, 0, split_seed=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("protocol", registry.names(registry.PROTOCOLS))
def test_a_protocol_is_told_apart_from_its_helpers(protocol: str) -> None:
    module = registry.load(registry.PROTOCOLS, protocol)
    assert callable(module.split)
    assert module.__doc__

"""A run that cannot be opened says in one sentence why."""

import pytest

from encore.datasets.download import fetch
from encore.datasets.inventory import write_inventory
from encore.runs.run import open_run
from encore.script import UserError


def test_an_attribute_that_does_not_exist_is_one_sentence(tmp_path):
    inventory, split = tmp_path / "inventory.csv", tmp_path / "split"
    write_inventory(fetch("digit_attributes", tmp_path), inventory)
    with pytest.raises(UserError, match="there is no attribute 'closed_lop'; did you mean 'closed_loop'"):
        open_run("demo-ifcvaegan", "closed_lop", 0, split, tmp_path, inventory, device="cpu")


def test_an_experiment_that_does_not_exist_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="there is no experiment 'demo-piat'; did you mean 'demo-piad'"):
        open_run("demo-piat", "3", 0, tmp_path / "split", tmp_path, tmp_path / "inventory.csv")

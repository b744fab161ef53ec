"""A run that cannot be opened says in one sentence why."""

from types import SimpleNamespace

import pytest

from encore.datasets.download import fetch
from encore.datasets.inventory import write_inventory
from encore.runs.arguments import open_from
from encore.runs.facts import checkpoint_key
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


def test_a_checkpoint_serves_no_training_from_other_files(tmp_path):
    """Raw files accepted without a checksum can be others and give the same split."""
    facts = {"code_digest": "c", "settings_digest": "s"}
    run = SimpleNamespace(seed=0, device="cpu")
    files = [tmp_path / name for name in ("split", "inventory", "weights")]
    for path in files:
        path.write_text("a")
    keys = {checkpoint_key(run, facts, files)}
    assert keys == {checkpoint_key(run, facts, files)}
    for path in files:
        path.write_text("b")
        keys.add(checkpoint_key(run, facts, files))
    for other in ({"code_digest": "d"}, {"settings_digest": "t"}):
        keys.add(checkpoint_key(run, facts | other, files))
    for other in ({"seed": 1}, {"device": "cuda"}):
        keys.add(checkpoint_key(SimpleNamespace(**vars(run) | other), facts, files))
    assert len(keys) == 8


@pytest.mark.parametrize(
    "name", ["NVIDIA_TF32_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"]
)
def test_an_environment_that_overrules_the_precision_is_refused(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(
        UserError, match=f"{name} is set, which overrules `precision` in config.yaml; unset it"
    ):
        open_from(SimpleNamespace())

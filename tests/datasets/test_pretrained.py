"""Pretrained weights: checked before they are opened, opened as tensors only, named by block and index."""

import hashlib
import pickle

import pytest
import torch

from encore.datasets import pretrained
from encore.datasets.catalogue import File
from encore.datasets.download import DownloadError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Put content where the file of vgg19 is looked for, and make the catalogue's entry fit it."""

    def put(content, **changed):
        facts = {
            "name": "vgg19-x.pth",
            "bytes": len(content),
            "sha256_prefix": hashlib.sha256(content).hexdigest()[:8],
        }
        monkeypatch.setitem(pretrained.PRETRAINED, "vgg19", File(**facts | changed))
        (tmp_path / "vgg19").mkdir()
        (tmp_path / "vgg19" / "vgg19-x.pth").write_bytes(content)
        return tmp_path

    return put


def saved(content, tmp_path):
    torch.save(content, tmp_path / "saved")
    return (tmp_path / "saved").read_bytes()


def state_dict():
    numbers = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]  # torchvision's convolutions
    features = {
        f"features.{number}.{part}": torch.full((1,), float(number) + (part == "bias") / 2)
        for number in numbers
        for part in ("weight", "bias")
    }
    return features | {"classifier.0.weight": torch.zeros(1)}


def test_convolutions_are_named_by_block_and_index(place, tmp_path):
    raw, tensors = pretrained.fetch_pretrained("vgg19", place(saved(state_dict(), tmp_path)))
    assert raw.verified
    assert len(tensors) == 32
    assert tensors["conv1_1.weight"].item() == 0
    assert tensors["conv4_2.weight"].item() == 21
    assert tensors["conv5_4.bias"].item() == 34.5


@pytest.mark.parametrize("changed", [{"sha256_prefix": "00000000"}, {"bytes": 5}])
def test_a_file_that_does_not_fit_is_refused_by_name(changed, place, tmp_path):
    with pytest.raises(DownloadError, match=r"vgg19/vgg19-x\.pth: found size and sha256 prefix"):
        pretrained.fetch_pretrained("vgg19", place(saved(state_dict(), tmp_path), **changed))


class Mischief:
    """Would run code if it were unpickled."""

    def __reduce__(self):
        return (print, ("ran",))


def test_code_in_the_file_is_not_run(place, capsys):
    with pytest.raises(DownloadError, match="expected tensors and nothing else"):
        pretrained.fetch_pretrained(
            "vgg19", place(pickle.dumps({"features.0.weight": Mischief()}, protocol=2))
        )
    assert "ran" not in capsys.readouterr().out

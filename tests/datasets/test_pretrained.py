"""Pretrained weights: checked before they are opened, opened as tensors only, named as their networks ask."""

import hashlib
import pickle

import pytest
import torch

from encore.datasets import pretrained
from encore.datasets.catalogue import File
from encore.datasets.download import DownloadError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Put content where a file of weights is looked for, and make the catalogue's entry fit it."""

    def put(content, weights="vgg19", **changed):
        facts = {
            "name": f"{weights}-x.pth",
            "bytes": len(content),
            "sha256_prefix": hashlib.sha256(content).hexdigest()[:8],
        }
        monkeypatch.setitem(pretrained.PRETRAINED, weights, File(**facts | changed))
        (tmp_path / weights).mkdir()
        (tmp_path / weights / f"{weights}-x.pth").write_bytes(content)
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


def test_inception_keeps_torchvisions_names_without_its_classifiers(place, tmp_path):
    """As published: also for 1000 classes and with the auxiliary head."""
    from torchvision.models import Inception3

    with torch.device("meta"):
        whole, rest = (
            Inception3(aux_logits=aux_logits, init_weights=False).state_dict() for aux_logits in (True, False)
        )
    published = {name: torch.tensor(float(number)) for number, name in enumerate(whole)}
    raw, tensors = pretrained.fetch_pretrained(
        "inception_v3", place(saved(published, tmp_path), "inception_v3")
    )
    assert raw.verified
    assert tensors.keys() == rest.keys() - {"fc.weight", "fc.bias"}
    assert all(torch.equal(tensor, published[name]) for name, tensor in tensors.items())


def test_the_network_of_inception_score_and_fid_is_kept_whole(place, tmp_path):
    published = {"Conv2d_1a_3x3.conv.weight": torch.ones(2), "fc.weight": torch.zeros(3)}
    raw, tensors = pretrained.fetch_pretrained(
        "inception_fid", place(saved(published, tmp_path), "inception_fid")
    )
    assert raw.verified
    assert tensors.keys() == published.keys()


def test_it_is_the_file_that_pytorch_fid_loads_by_its_whole_checksum():
    from pytorch_fid.inception import FID_WEIGHTS_URL

    entry = pretrained.PRETRAINED["inception_fid"]
    assert entry.urls == (FID_WEIGHTS_URL,)
    assert FID_WEIGHTS_URL.endswith(f"/{entry.name}")
    assert entry.name.endswith(f"-{entry.sha256[:8]}.pth")
    assert (len(entry.sha256), entry.sha256_prefix) == (64, None)


@pytest.mark.parametrize("name", ["vgg19", "inception_v3"])
def test_files_are_those_that_torchvision_loads(name):
    from torchvision.models import Inception_V3_Weights, VGG19_Weights

    published = {"vgg19": VGG19_Weights, "inception_v3": Inception_V3_Weights}[name].IMAGENET1K_V1
    entry = pretrained.PRETRAINED[name]
    assert entry.urls == (published.url,)
    assert published.url.endswith(f"/{entry.name}")
    assert entry.name.endswith(f"-{entry.sha256_prefix}.pth")
    assert round(entry.bytes / 2**20, 3) == published.meta["_file_size"]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"sha256_prefix": "00000000"}, "size and sha256 prefix"),
        ({"bytes": 5}, r"[0-9,]+ bytes, expected 5;"),
        ({"bytes": 10**9}, "size and sha256 prefix"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(changed, found, place, tmp_path):
    with pytest.raises(DownloadError, match=rf"vgg19/vgg19-x\.pth: found {found}") as caught:
        pretrained.fetch_pretrained("vgg19", place(saved(state_dict(), tmp_path), **changed))
    assert "vgg19-x.pth, so that the published one takes its place" in str(caught.value)
    assert "accept_unverified" not in str(caught.value)  # which takes data sets alone


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

"""PIAD's Table 2 from end to end: true formats, VGG-19's layers, the paper's networks; a few steps."""

import csv
import gzip
import hashlib

import numpy as np
import pytest
import torch

pytestmark = pytest.mark.workflow

CONFIG = """\
papers: [piad]
reading: code
seeds: [0]
datasets: [mnist]
select:
  piad-mnist: {units: ["3"]}
  ocsvm-mnist: {units: ["3"]}
  kde-mnist: {seeds: []}
  kde-mnist-sweep: {units: ["3"]}
data_dir: raw files
device: cpu
"""


def write_mnist(folder):
    """A few digits in MNIST's format: a bright bar whose place tells the class."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for part, count in (("train", 400), ("t10k", 60)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        pixels = generator.integers(0, 40, (count, 28, 28), dtype=np.uint8)
        for image, label in zip(pixels, labels, strict=True):
            image[:, 2 * label : 2 * label + 4] = 200
        images = b"\x00\x00\x08\x03" + np.array([count, 28, 28], ">u4").tobytes() + pixels.tobytes()
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as stream:
            stream.write(images)
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as stream:
            stream.write(b"\x00\x00\x08\x01" + np.array([count], ">u4").tobytes() + labels.tobytes())


def place_vgg19(project, folder):
    """VGG-19's convolutions with random weights as torchvision would publish them, and an entry that fits."""
    from torchvision.models import vgg19

    torch.manual_seed(0)
    with torch.device("meta"):
        shapes = vgg19(weights=None).features.state_dict()
    state = {f"features.{key}": torch.randn(value.shape) * 0.05 for key, value in shapes.items()}
    folder.mkdir(parents=True)
    path = folder / "vgg19-dcbb9e9d.pth"
    torch.save(state, path)
    pretrained = "workflow/encore/datasets/pretrained.py"
    project.edit(pretrained, "574673361", str(path.stat().st_size))
    project.edit(pretrained, '"dcbb9e9d",', f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}",')


@pytest.fixture
def data(project):
    write_mnist(project.folder / "raw files" / "mnist")
    (project.folder / "config.yaml").write_text(CONFIG)
    return project


def test_files_that_fit_no_checksum_are_refused_by_name(data):
    output = data.snakemake("results/datasets/mnist.csv", expect=1)
    assert "mnist/train-images-idx3-ubyte.gz: found contents sha256" in output
    assert "list mnist under accept_unverified in config.yaml" in output
    assert "Traceback" not in output


def test_accepted_files_make_a_table_that_says_not_comparable(data):
    place_vgg19(data, data.folder / "raw files" / "vgg19")
    data.edit("config.yaml", "device: cpu\n", "device: cpu\naccept_unverified: [mnist]\n")
    data.edit("workflow/papers/piad.yaml", "iterations: {value: 50000,", "iterations: {value: 2,")
    data.snakemake("piad_table2")
    with (data.folder / "results/tables/piad_table2.csv").open() as stream:
        rows = {(row["dataset"], row["method"], row["subset"]): row for row in csv.DictReader(stream)}
    for method in ("PIAD", "OC-SVM"):
        row = rows["MNIST", method, "3"]
        assert row["verdict"] == "not comparable"
        assert 0 <= float(row["reproduced"]) <= 1
        assert "files of mnist that do not fit the published checksum" in row["note"]
    assert float(rows["MNIST", "OC-SVM", "3"]["reproduced"]) > 0.9  # the bars are easy to tell apart
    assert rows["MNIST", "PIAD", "3"]["published"] == "0.981"
    assert rows["MNIST", "PIAD", "4"]["verdict"] == "missing"
    assert rows["MNIST", "KDE", "3"]["verdict"] == "missing"
    assert rows["CIFAR-10", "PIAD", "car"]["verdict"] == "missing"
    assert rows["MNIST", "LSA", "avg"]["verdict"] == "cited"
    for figure in ("table2_auroc", "mnist_reconstructions", "mnist_history", "kde_bandwidth"):
        assert (data.folder / f"results/figures/piad_{figure}.png").stat().st_size > 10_000
    data.run("sha256sum", "--check", "--strict", "--quiet", "results/audit/SHA256SUMS")
    assert "every file is the one that its record describes" in data.verify()
    (data.folder / "raw files/mnist/t10k-labels-idx1-ubyte.gz").unlink()
    assert "raw files/mnist/t10k-labels-idx1-ubyte.gz is missing" in data.verify(expect=1)

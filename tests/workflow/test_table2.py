"""PIAD's Table 2 from end to end: true formats, VGG-19's layers, the paper's networks; a few steps."""

import csv
import hashlib

import pytest
import torch
from safetensors.torch import load_file, save_file

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
  ocsvm-mnist-pixels: {units: ["3"]}
  kde-mnist-pixels: {seeds: []}
  kde-mnist-pixels-sweep: {units: ["3"]}
data_dir: raw files
photographs: raw files/photographs
device: cpu
"""


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


def rows_of(project, table):
    with (project.folder / f"results/tables/{table}.csv").open() as stream:
        return {(row["dataset"], row["method"], row["subset"]): row for row in csv.DictReader(stream)}


@pytest.fixture
def data(project, generated):
    generated.write_idx(project.folder / "raw files" / "mnist")
    generated.write_photographs(project.folder / "raw files" / "photographs")
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
    path = data.folder / "workflow/papers/piad.yaml"
    path.write_text(path.read_text().replace("iterations: {value: 50000,", "iterations: {value: 2,"))
    data.snakemake("piad_table2", "piad_pixels", "piad_figure1", "piad_figure3")
    rows, on_pixels = (rows_of(data, table) for table in ("piad_table2", "piad_pixels"))
    for method in ("PIAD", "OC-SVM"):
        row = rows["MNIST", method, "3"]
        assert row["verdict"] == "not comparable"
        assert 0 <= float(row["reproduced"]) <= 1
        assert "files of mnist that do not fit the published checksum" in row["note"]
    # The bars are easy to tell apart; not once 40 images of noise and a bar are whitened by 37 components.
    assert float(on_pixels["MNIST", "OC-SVM", "3"]["reproduced"]) > 0.9
    assert rows["MNIST", "PIAD", "3"]["published"] == "0.981"
    assert rows["MNIST", "PIAD", "4"]["verdict"] == "missing"
    assert rows["MNIST", "KDE", "3"]["verdict"] == "missing"
    assert rows["CIFAR-10", "PIAD", "car"]["verdict"] == "missing"
    assert rows["MNIST", "LSA", "avg"]["verdict"] == "cited"
    figures = ["table2_auroc", "mnist_reconstructions", "mnist_history", "figure1", "figure3"]
    for figure in [*figures, "kde_bandwidth", "kde_pixels_bandwidth"]:
        assert (data.folder / f"results/figures/piad_{figure}.png").stat().st_size > 10_000
    data.run("sha256sum", "--check", "--strict", "--quiet", "results/audit/SHA256SUMS")
    assert "every file is the one that its record describes" in data.verify()
    (data.folder / "raw files/mnist/t10k-labels-idx1-ubyte.gz").unlink()
    assert "raw files/mnist/t10k-labels-idx1-ubyte.gz is missing" in data.verify(expect=1)


def test_the_stand_ins_statistics_are_measured_on_photographs(data):
    """Random weights in the form of the Caffe file, and an entry of the catalogue that fits them."""
    generator = torch.Generator().manual_seed(0)
    tensors, filters = {}, 3
    for name, out in (
        ("1_1", 64),
        ("1_2", 64),
        ("2_1", 128),
        ("2_2", 128),
        *((f"3_{i}", 256) for i in range(1, 5)),
    ):
        tensors[f"conv{name}.weight"] = torch.randn(out, filters, 3, 3, generator=generator) * 0.05
        tensors[f"conv{name}.bias"] = torch.zeros(out)
        filters = out
    folder = data.folder / "raw files" / "vgg19_caffe"
    folder.mkdir()
    path = folder / "vgg19_caffe_conv1_1_to_conv3_4.safetensors"
    save_file(tensors, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    pretrained = "workflow/encore/datasets/pretrained.py"
    data.edit(pretrained, "d7f11cecd241f29b9fb9f7e88a823557f730ffc331a1911d2e2eb0c855e109fc", digest)
    data.edit("config.yaml", "device: cpu\n", "device: cpu\nfeatures: vgg19_caffe\n")
    data.snakemake("piad_figure3")
    statistics = load_file(data.folder / "results/weights/vgg19_caffe_statistics.safetensors")
    assert statistics["mean"].shape == statistics["std"].shape == (256,)
    assert (statistics["std"] > 0).any()
    (data.folder / "raw files/photographs/1.png").write_bytes(b"no picture")
    (data.folder / "results/weights/vgg19_caffe_statistics.safetensors").unlink()
    target = "results/weights/vgg19_caffe_statistics.safetensors"
    assert "1.png cannot be read as an image" in data.snakemake(target, expect=1)

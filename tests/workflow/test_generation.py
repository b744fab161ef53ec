"""Inception Score and FID in small: a paper is added whose method draws noise, on generated files.

Weights of the network are random ones, and the numbers say nothing.
"""

import hashlib
import json

import pandas as pd
import pytest
import torch

pytestmark = pytest.mark.workflow

CONFIG = """\
papers: [noise]
reading: code
seeds: [0]
data_dir: data
accept_unverified: [cifar10]
device: cpu
"""
METHOD = '''\
"""Noise."""

import torch

from encore.methods.base import ScikitFit


class Noise(ScikitFit):
    """Draws every pixel by itself."""

    SETTINGS = {}
    SCORES = ("score",)
    images_per_step = 1

    def step(self, images):
        """The mean."""
        self.tensors = {"mean": images.mean()}
        return self.tensors

    def score(self, images):
        """Nothing."""
        return {"score": torch.zeros(len(images))}

    def sample(self, count):
        """Uniform noise; (count, 3, 32, 32)."""
        return torch.rand(count, 3, 32, 32)
'''
PAPER = """\
paper: {title: Noise, authors: Nobody, year: 2026}
settings:
  images:
    image_size: {value: 32, source: Section 1}
    crop: {value: none, source: Section 1}
    resize: {value: none, source: Section 1}
    pixel_range: {value: [0, 1], source: Section 1}
experiments:
  noise-real:
    title: Real images
    method: real_images
    dataset: cifar10
    protocol: all_images
    units: [whole]
    domains: {whole: all}
    generated: {images: 8, batch: 5, splits: 2, order_seed: 2020, source: Section 2}
    use: [images]
    settings: {}
  noise-noise:
    title: Noise
    method: noise
    dataset: cifar10
    protocol: all_images
    units: [whole]
    domains: {whole: all}
    generated: {images: 8, batch: 5, splits: 2, order_seed: 2020, reference: noise-real, source: Section 2}
    use: [images]
    settings: {}
tables:
  noise_is:
    title: Inception Scores
    source: Table 1
    metric: IS
    published_metric: IS
    margins:
      cell: &margin {value: 0.2, source: a guess}
      average: *margin
    rows: [dataset]
    columns: [Real]
    cells: [{dataset: CIFAR-10, method: Real, experiment: noise-real, subsets: {whole: all}}]
  noise_fid:
    title: FID
    source: Table 1
    metric: FID
    published_metric: FID
    margins: {cell: *margin, average: *margin}
    rows: [dataset]
    columns: [Noise]
    cells: [{dataset: CIFAR-10, method: Noise, experiment: noise-noise, subsets: {whole: all}}]
"""
PRINTED = """\
paper,table,dataset,method,subset,metric,value,std,note
noise,Table 1,CIFAR-10,Real,all,IS,11.24,,
noise,Table 1,CIFAR-10,Noise,all,FID,300,,
"""
WEIGHTS = "data/inception_fid/pt_inception-2015-12-05-6726825d.pth"


@pytest.fixture
def noise(project, generated):
    """The project with that paper, and files of CIFAR-10."""
    for name, text in (
        ("config.yaml", CONFIG),
        ("workflow/encore/methods/noise.py", METHOD),
        ("workflow/papers/noise.yaml", PAPER),
        ("workflow/papers/noise.csv", PRINTED),
    ):
        (project.folder / name).write_text(text)
    generated.write_cifar10(project.folder / "data" / "cifar10")
    return project


def put_weights(project, tensors):
    """Put random weights where the network's are looked for, and make the catalogue's entry fit them."""
    path = project.folder / WEIGHTS
    path.parent.mkdir(parents=True)
    torch.save(tensors, path)
    content = path.read_bytes()
    catalogue = "workflow/encore/datasets/pretrained.py"
    project.edit(catalogue, "bytes=95628359", f"bytes={len(content)}")
    published = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
    project.edit(catalogue, published, hashlib.sha256(content).hexdigest())


def test_cells_are_missing_without_the_weights_and_are_made_with_them(noise, random_inception):
    tables = [f"results/tables/{name}.csv" for name in ("noise_is", "noise_fid")]
    noise.snakemake(*tables)
    for name in tables:
        table = pd.read_csv(noise.folder / name)
        assert set(table["verdict"]) == {"missing"}
        assert table["note"].str.contains("Inception's weights, which it needs, are not there").all()
    left = {"weights": 1, "generate": 2, "measure": 2, "compare": 2}
    assert noise.planned(*tables, "--config", "inception=fetch") == left

    put_weights(noise, random_inception)
    noise.snakemake(tables[0])
    run = noise.folder / "results/runs/noise-real/whole/0"
    found = pd.read_csv(run / "generated.csv")
    (row,) = pd.read_csv(noise.folder / tables[0]).to_dict("records")
    assert row["reproduced"] == pytest.approx(found["value"].mean())
    assert (row["n"], row["verdict"]) == (1, "not comparable")  # files that fit no checksum
    record = json.loads((run / "generate.json").read_text())
    how = {"images": 8, "batch": 5, "splits": 2, "order_seed": 2020, "source": "Section 2"}
    assert record["generated"] == how
    assert "results/weights/inception_fid.safetensors" in record["inputs"]
    assert "every file is the one that its record describes" in noise.verify()
    # What is left for FID is the other run's part: the statistics of real images are there.
    assert noise.planned(tables[1]) == {"generate": 1, "measure": 1, "compare": 1}

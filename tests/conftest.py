"""What all tests share: real data, where there is some, and the project with its demo run in small."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from encore.files import ROOT

# Small networks gain nothing from threads, and lose much where several test runs share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SMALL_CONFIG = """\
papers: [piad]
reading: code
seeds: [0]
select:
  demo-piad: {units: ["0", "1"]}
  demo-ocsvm: {units: ["0", "1"]}
  demo-kde: {units: ["0", "1"]}
data_dir: data
device: cpu
"""


def pytest_collection_modifyitems(items):
    """What runs Snakemake takes longest and comes first, so that two workers end together."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; the test is skipped where ENCORE_DATA_DIR names none."""
    folder = os.environ.get("ENCORE_DATA_DIR")
    if not folder:
        pytest.skip("ENCORE_DATA_DIR is not set; it names a folder that holds mnist/ and others")
    return Path(folder)


@pytest.fixture(scope="session")
def random_inception():
    """Tensors by name for the network of Inception Score and FID, whose features tell images apart."""
    import torch

    from encore.networks.inception import fid_network

    random = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in fid_network().state_dict().items()}
    constant = {"running_var": 1.0, "running_mean": 0.0, "bias": 0.0, "num_batches_tracked": 0}
    tensors = {}
    for name, shape in shapes.items():
        kind = name.rpartition(".")[2]
        if kind in constant:
            tensors[name] = torch.full(shape, constant[kind])
        elif len(shape) == 1:  # the scale of a batch norm
            tensors[name] = torch.ones(shape)
        else:
            fan_in = shape[1:].numel()
            tensors[name] = torch.randn(shape, generator=random) * (2 / fan_in) ** 0.5
    return tensors | {"fc.bias": torch.randn(1008, generator=random)}


@dataclass(frozen=True)
class Project:
    """A project folder and how to run things in it."""

    folder: Path

    def run(self, *command, expect=0):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")}
        environment["PYTHONPATH"] = str(self.folder / "workflow")
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=3600,
            check=False,
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    def snakemake(self, *arguments, expect=0):
        return self.run(sys.executable, "-m", "snakemake", "--cores", "2", *arguments, expect=expect)

    def planned(self, *arguments):
        """Rule -> jobs that a dry run would run."""
        output = self.snakemake("-n", *arguments, "-q", "rules")
        rows = [line.split() for line in output.splitlines()]
        return {
            row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit() and row[0] != "total"
        }

    def unlisted(self):
        """Record -> inputs that it tells of and its rule does not list, as Snakemake noted of its job."""
        noted = {
            base64.b64decode(path.name).decode(): set(json.loads(path.read_text())["input"])
            for path in (self.folder / ".snakemake" / "metadata").iterdir()
        }
        found = {}
        for path in (self.folder / "results").rglob("*.json"):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith("results/audit/"):
                found[name] = set(json.loads(path.read_text())["inputs"]) - noted[name]
        return found

    def verify(self, expect=0):
        return self.run(sys.executable, "-m", "encore.audit", "verify", expect=expect)

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))


def copy_project(folder):
    for name in ("workflow", "envs", "profiles"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    for name in ("Snakefile", "config.yaml", "Makefile"):
        shutil.copy2(ROOT / name, folder / name)
    return Project(folder)


@pytest.fixture(scope="session")
def copy_of_project():
    """How to copy the project into a folder."""
    return copy_project


@pytest.fixture
def project(tmp_path):
    """A fresh copy of the project, nothing run."""
    return copy_project(tmp_path)


def make_small(project):
    """Leave two digits and ten iterations of the demo; gives the project."""
    (project.folder / "config.yaml").write_text(SMALL_CONFIG)
    project.edit("workflow/papers/piad.yaml", "iterations: {value: 300,", "iterations: {value: 10,")
    return project


@pytest.fixture(scope="session")
def made_small():
    """How to make the demo of a project small."""
    return make_small


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory):
    """A copy in which the small demo ran, one for all workers. Tests must not change it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = base / "small_demo", base / "small_demo_is_whole"
    with open(base / "small_demo.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make_small(copy_project(folder)).snakemake("demo")
            whole.touch()
    return Project(folder)


@pytest.fixture
def finished(small_demo, tmp_path):
    """A finished demo of one's own to break."""
    folder = tmp_path / "finished"
    shutil.copytree(
        small_demo.folder, folder, symlinks=True
    )  # copy2 keeps the times, which Snakemake looks at
    return Project(folder)

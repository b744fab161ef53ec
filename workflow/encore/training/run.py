"""One run: an experiment's method on one unit with one seed, with the images it needs on its device."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encore.datasets.download import read_inventory
from encore.datasets.images import prepare
from encore.datasets.labels import training_labels
from encore.datasets.lazy import LazyImages
from encore.datasets.protocols import Split, load_split
from encore.datasets.readers import read
from encore.digest import code_digest, settings_digest
from encore.methods.registry import load_method
from encore.papers import Experiment, find_experiment, method_facts, run_roots
from encore.training.device import device_facts, setup_torch
from encore.training.loop import scale

IMAGES_AT_ONCE = 250  # when scoring; no number depends on it
BYTES_ON_DEVICE = 8 * 2**30  # more images than this, LSUN's alone, stay in the host's memory


@dataclass(frozen=True)
class Run:
    """A method built for the images of a split, untrained."""

    experiment: Experiment
    settings: Mapping[str, object]
    method: object
    split: Split
    device: str
    facts: Mapping[str, object]
    dataset_pixels: np.ndarray | LazyImages
    attributes: np.ndarray | None  # bool (images of the dataset, labels), where the method takes labels

    def pixels(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` as the method sees them: uint8 (n, C, S, S), on the device if they fit."""
        how = {name: self.settings[name] for name in ("image_size", "crop", "resize")}
        images = prepare(self.dataset_pixels[indices], **how)
        fits = images.nbytes <= BYTES_ON_DEVICE
        return torch.from_numpy(images).to(self.device if fits else "cpu")

    def labels(self, indices: np.ndarray) -> Tensor | None:
        """The labels at `indices` that the method trains on: float32 (n, labels), nan where one is hidden."""
        if self.attributes is None:
            return None
        missing, seed = self.settings["missing_labels"], self.experiment.split_seed
        return torch.from_numpy(training_labels(self.attributes[indices], missing, seed)).to(self.device)

    def batches(self, pixels: Tensor) -> Iterator[Tensor]:
        """All of `pixels` in order, as the method sees them: scaled, (B, C, S, S) on the device."""
        for batch in pixels.split(IMAGES_AT_ONCE):
            yield scale(batch.to(self.device), self.settings["pixel_range"])

    def over(self, pixels: Tensor, function: Callable[[Tensor], dict[str, Tensor]]) -> dict[str, np.ndarray]:
        """`function` (images -> name -> (B, ...)) over all of `pixels`, name -> array (n, ...)."""
        parts = []
        for batch in self.batches(pixels):
            parts.append({name: value.cpu().numpy() for name, value in function(batch).items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def run_parser(description: str) -> argparse.ArgumentParser:
    """The arguments that every script of a run takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--experiment", required=True, help="name in a paper's YAML, such as piad-mnist")
    parser.add_argument(
        "--unit", required=True, help="the class that is normal or anomalous, or the anomalous attribute"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--reading", choices=("paper", "code"), default="code")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="folder of the raw files")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("float32", "tf32"), default="float32")
    parser.add_argument("--threads", type=int, default=1, help="threads on the CPU")
    parser.add_argument("--split", type=Path, required=True, help="indices that the rule `split` wrote")
    parser.add_argument(
        "--inventory", type=Path, required=True, help="raw files that the rule `download` checked"
    )
    parser.add_argument("--weights", nargs="*", default=[], help="pretrained weights, where it takes some")
    parser.add_argument("--features", default="vgg19", help="the VGG-19, or its stand-in")
    parser.add_argument("--record", type=Path, required=True, help="where the record goes")
    return parser


def open_run(arguments: argparse.Namespace, script: str) -> Run:
    """Read the dataset and the split, build the method, and gather the facts for the record of `script`."""
    experiment = find_experiment(arguments.experiment)
    method_class = load_method(experiment.method)
    torch.set_num_threads(arguments.threads)
    device = setup_torch(arguments.device if method_class.ON_GPU else "cpu", arguments.precision)
    images = read(experiment.dataset, arguments.data_dir)
    settings = experiment.values(arguments.reading, arguments.features)
    shape = (images.pixels.shape[3], settings["image_size"], settings["image_size"])
    attributes, labelled = None, {}
    if method_facts(experiment.method).labelled:
        domains = experiment.domains_of(arguments.unit)
        if images.attributes is None:
            raise ValueError(
                f"{experiment.name}: {experiment.method} needs attributes, {experiment.dataset} has none."
            )
        attributes = images.attributes[:, [images.classes.index(name) for name in domains]]
        labelled = {"n_labels": len(domains)}
    method = method_class(settings, shape, arguments.seed, device, arguments.weights, **labelled)
    split = load_split(arguments.split)
    job = experiment.job(arguments.reading, arguments.precision, arguments.features)
    unverified = [file.path for file in read_inventory(arguments.inventory) if not file.verified]
    deviations = (
        [f"files of {experiment.dataset} that do not fit the published checksum"] if unverified else []
    )
    facts = {
        "paper": experiment.paper,
        "experiment": experiment.name,
        "unit": arguments.unit,
        "seed": arguments.seed,
        "reading": arguments.reading,
        "job": job,
        "sources": {
            name: {"source": setting.source, "reading": setting.reading, "reason": setting.reason}
            for name, setting in experiment.resolve(arguments.reading).items()
        },
        "settings_digest": settings_digest(job),
        "code_digest": code_digest(*run_roots(script, experiment)),
        "device": device_facts(device),
        "deviations": deviations + split.deviations + method.deviations,
    }
    return Run(experiment, settings, method, split, device, facts, images.pixels, attributes)

"""One run: an experiment's method on one unit with one seed, with the images it needs on its device."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from encore.datasets.images import prepare
from encore.datasets.labels import training_labels
from encore.datasets.read import Images, read
from encore.datasets.split import Split, load_split
from encore.papers.find import find_experiment
from encore.papers.model import VGG19, Experiment
from encore.registry import load_method
from encore.runs.device import setup_torch
from encore.runs.pixels import scale
from encore.strict import ConfigError, nearest

IMAGES_AT_ONCE = 250  # when scoring; no number depends on it
BYTES_ON_DEVICE = 8 * 2**30  # more images than this, LSUN's alone, stay in the host's memory


@dataclass(frozen=True)
class Run:
    """A method built for the images of a split, untrained."""

    experiment: Experiment
    unit: str
    seed: int
    reading: str
    settings: Mapping[str, object]
    method: object
    split: Split
    device: str
    images: Images
    attributes: np.ndarray | None  # bool (images of the dataset, labels), where the method takes labels

    def pixels(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` as the method sees them: uint8 (n, C, S, S), on the device if they fit."""
        how = {name: self.settings[name] for name in ("image_size", "crop", "resize")}
        images = prepare(self.images.pixels[indices], **how)
        fits = images.nbytes <= BYTES_ON_DEVICE
        return torch.from_numpy(images).to(self.device if fits else "cpu")

    def labels(self, indices: np.ndarray) -> Tensor | None:
        """The labels at `indices` that the method trains on: float32 (n, labels), nan where one is hidden."""
        if self.attributes is None:
            return None
        missing, seed = self.settings["missing_labels"], self.experiment.split_seed_of(self.seed)
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


def open_run(
    experiment: str,
    unit: str,
    seed: int,
    split: Path,
    data_dir: Path,
    inventory: Path,
    *,
    reading: str = "code",
    device: str = "auto",
    precision: str = "float32",
    threads: int = 1,
    features: str = VGG19,
    weights: Sequence[str] = (),
) -> Run:
    """Read the dataset and the split, and build the method.

    inventory: the raw files that were checked; those in `data_dir` must be the same.
    weights: files of pretrained weights, where the method takes some. A ConfigError for an experiment or an
    attribute that does not exist, and for labels that the dataset does not have.
    """
    found = find_experiment(experiment)
    method_class = load_method(found.method)
    torch.set_num_threads(threads)
    device = setup_torch(device if method_class.ON_GPU else "cpu", precision)
    images = read(found.dataset, data_dir, inventory)
    settings = found.values(reading, features)
    shape = (images.pixels.shape[3], settings["image_size"], settings["image_size"])
    attributes = _attributes(found, unit, images) if method_class.LABELLED else None
    n_labels = 0 if attributes is None else attributes.shape[1]
    method = method_class(settings, shape, seed, device, weights, n_labels)
    return Run(found, unit, seed, reading, settings, method, load_split(split), device, images, attributes)


def _attributes(experiment: Experiment, unit: str, images: Images) -> np.ndarray:
    """What a labelled method is given of every image, bool (n, labels)."""
    where = f"{experiment.name}: {experiment.method}"
    if images.attributes is None:
        raise ConfigError([f"{where} needs attributes, {experiment.dataset} has none."])
    names = experiment.domains_of(unit)
    if unknown := [name for name in names if name not in images.classes]:
        raise ConfigError(
            [f"{where}: there is no attribute {unknown[0]!r}; {nearest(unknown[0], images.classes)}"]
        )
    return images.attributes[:, [images.classes.index(name) for name in names]]

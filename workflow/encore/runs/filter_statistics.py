"""Mean and standard deviation of a network's filter responses over photographs (PIAD, eq. 3)."""

from pathlib import Path

from torch import Tensor

from encore.datasets.photographs import photographs, read_photographs
from encore.networks.perceptual import filter_statistics, load_network
from encore.runs.device import setup_torch


def measure_filters(
    network: str, weights: Path, folder: Path, device: str
) -> tuple[dict[str, Tensor], dict[str, str], str]:
    """What `filter_statistics` gives for all photographs in a folder, their SHA-256, and the device."""
    device = setup_torch(device, "float32")
    features = load_network(network, weights).to(device)
    found = photographs(folder)
    images = read_photographs(folder, found, device)
    return filter_statistics(features.responses(image) for image in images), found, device

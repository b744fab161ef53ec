"""Measure mean and standard deviation of a network's filter responses over a folder of photographs."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.photographs import photographs, read_photographs
from encore.digest import settings_digest
from encore.files import write_atomically
from encore.networks.perceptual import filter_statistics, load_network
from encore.script import run_script
from encore.training.checkpoint import to_bytes
from encore.training.device import device_facts, setup_torch


def main() -> None:
    """Read the arguments and measure one network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    device = setup_torch(arguments.device, "float32")
    features = load_network(arguments.network, arguments.weights).to(device)
    found = photographs(arguments.photographs)
    images = read_photographs(arguments.photographs, found, device)
    statistics = filter_statistics(features.responses(image) for image in images)
    write_atomically(arguments.output, to_bytes(statistics))
    about = {
        "network": arguments.network,
        "photographs": len(found),
        "photographs_digest": settings_digest(found),
    }
    write_record(
        arguments.record,
        rule="filter_statistics",
        started=started,
        inputs=[arguments.weights],
        outputs=[arguments.output],
        about=about | {"device": device_facts(device)},
    )


if __name__ == "__main__":
    run_script(main)

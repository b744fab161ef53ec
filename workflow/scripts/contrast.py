"""Measure how perceptual losses depend on contrast, on one photograph."""

import argparse
import time
from pathlib import Path

import torch

from encore.audit.records import write_record
from encore.datasets.photographs import photographs, read_photographs
from encore.files import write_atomically
from encore.methods.contrast import contrast_dependence, lower_contrast, shifted
from encore.networks.perceptual import load_features
from encore.script import run_script
from encore.training.checkpoint import to_bytes
from encore.training.device import device_facts, setup_torch

AMOUNTS = [step / 10 for step in range(10)]  # of contrast taken away, the x axis of Figure 3 (right)
SHOWN = (0.0, 0.2, 0.4)  # Figure 1: (a), (b), (c)
SHIFT = 5  # pixels, Figure 1


def main() -> None:
    """Read the arguments and measure on the first photograph."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("--weights", nargs="+", required=True)
    parser.add_argument("--photographs", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    device = setup_torch(arguments.device, "float32")
    features = load_features(arguments.network, arguments.weights).to(device)
    name = next(iter(photographs(arguments.photographs)))
    image = next(read_photographs(arguments.photographs, [name], device))
    measured = contrast_dependence(features, image, AMOUNTS, SHIFT)
    pair = image, shifted(image, SHIFT)
    pairs = torch.cat([lower_contrast(one, amount) for amount in SHOWN for one in pair])
    measured["pairs"] = ((pairs + 1) * 127.5).round().clamp(0, 255).byte()
    measured["shown"] = torch.tensor(SHOWN)
    measured["filter_std"] = features.std.flatten()
    write_atomically(arguments.output, to_bytes(measured))
    write_record(
        arguments.record,
        rule="contrast",
        started=started,
        inputs=map(Path, arguments.weights),
        outputs=[arguments.output],
        about={"network": arguments.network, "photograph": name, "device": device_facts(device)},
    )


if __name__ == "__main__":
    run_script(main)

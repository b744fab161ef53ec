"""Fetch pretrained weights, check them, and keep their tensors as safetensors."""

import argparse
import dataclasses
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.pretrained import PRETRAINED, fetch_pretrained
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import to_bytes


def main() -> None:
    """Read the arguments and convert one file of weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", choices=tuple(PRETRAINED))
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    raw, tensors = fetch_pretrained(arguments.weights, arguments.data_dir)
    write_atomically(arguments.output, to_bytes(tensors))
    about = {"weights": arguments.weights, "raw": dataclasses.asdict(raw)}
    write_record(
        arguments.record, rule="weights", started=started, inputs=[], outputs=[arguments.output], about=about
    )


if __name__ == "__main__":
    run_script(main)

"""Fetch pretrained weights, check them, and keep their tensors as safetensors."""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.download import DownloadError
from encore.datasets.pretrained import PRETRAINED, fetch_pretrained
from encore.files import write_atomically
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
    try:
        raw, tensors = fetch_pretrained(arguments.weights, arguments.data_dir)
    except DownloadError as error:
        sys.exit(str(error))
    write_atomically(arguments.output, to_bytes(tensors))
    about = {"weights": arguments.weights, "raw": dataclasses.asdict(raw)}
    write_record(
        arguments.record, rule="weights", started=started, inputs=[], outputs=[arguments.output], about=about
    )


if __name__ == "__main__":
    main()

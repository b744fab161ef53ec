"""Count the images of a dataset, by class or attribute."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.download import read_inventory
from encore.datasets.readers import read
from encore.files import write_atomically
from encore.script import run_script
from encore.tables.counts import count_images


def main() -> None:
    """Read the arguments and count one dataset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    verified = all(file.verified for file in read_inventory(arguments.inventory))
    counts = count_images(read(arguments.dataset, arguments.data_dir), verified)
    write_atomically(arguments.output, counts.to_csv(index=False))
    write_record(
        arguments.record,
        rule="count",
        started=started,
        inputs=[arguments.inventory],
        outputs=[arguments.output],
        about={"dataset": arguments.dataset},
    )


if __name__ == "__main__":
    run_script(main)

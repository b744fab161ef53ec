"""Divide a dataset into train and test, normal and anomalous, for one unit."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.protocols import make_split, save_split
from encore.datasets.readers import read
from encore.script import run_script


def main() -> None:
    """Read the arguments and write one split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument(
        "--unit", required=True, help="the class that is normal, or the class or attribute that is anomalous"
    )
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    images = read(arguments.dataset, arguments.data_dir)
    unit = images.classes.index(arguments.unit)
    split = make_split(arguments.protocol, images, unit, arguments.split_seed)
    save_split(split, arguments.output)
    about = {
        "dataset": arguments.dataset,
        "protocol": arguments.protocol,
        "unit": arguments.unit,
        "split_seed": arguments.split_seed,
        "train": len(split.train),
        "test_normal": int((~split.anomalous).sum()),
        "test_anomalous": int(split.anomalous.sum()),
        "leaked": split.leaked,
    }
    write_record(
        arguments.record,
        rule="split",
        started=started,
        inputs=[arguments.inventory],
        outputs=[arguments.output],
        about=about,
    )


if __name__ == "__main__":
    run_script(main)

"""Fetch a dataset's raw files, or find them in data_dir, and check them."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.catalogue import dataset
from encore.datasets.download import fetch, write_inventory
from encore.script import run_script


def main() -> None:
    """Read the arguments and fetch one dataset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--accept-unverified", choices=("True", "False"), default="False")
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    files = fetch(
        arguments.dataset, arguments.data_dir, accept_unverified=arguments.accept_unverified == "True"
    )
    write_inventory(files, arguments.inventory)
    entry = dataset(arguments.dataset)
    about = {"dataset": entry.name, "licence": entry.licence, "homepage": entry.homepage}
    outputs = [arguments.inventory]
    write_record(arguments.record, rule="download", started=started, inputs=[], outputs=outputs, about=about)


if __name__ == "__main__":
    run_script(main)

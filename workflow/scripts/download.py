"""Fetch a dataset's raw files, or find them in data_dir, and check them."""

import argparse
import sys
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.datasets.catalogue import dataset
from encore.datasets.download import DownloadError, fetch, write_inventory


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
    try:
        files = fetch(
            arguments.dataset, arguments.data_dir, accept_unverified=arguments.accept_unverified == "True"
        )
    except DownloadError as error:
        sys.exit(str(error))
    write_inventory(files, arguments.inventory)
    entry = dataset(arguments.dataset)
    about = {"dataset": entry.name, "licence": entry.licence, "homepage": entry.homepage}
    outputs = [arguments.inventory]
    write_record(arguments.record, rule="download", started=started, inputs=[], outputs=outputs, about=about)


if __name__ == "__main__":
    main()

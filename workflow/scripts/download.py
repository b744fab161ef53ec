"""Fetch a dataset's raw files, or find them in data_dir, and check them."""

from encore.audit.records import recorded
from encore.datasets.catalogue import dataset
from encore.datasets.download import fetch
from encore.datasets.inventory import remember, write_inventory
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and fetch one dataset."""
    parser = script_parser(__doc__, "data-dir", "inventory", "record")
    parser.add_argument("dataset")
    parser.add_argument("--accept-unverified", choices=("True", "False"), default="False")
    arguments = parser.parse_args()
    accept = arguments.accept_unverified == "True"
    with recorded("download", arguments.record, outputs=[arguments.inventory]) as record:
        files = fetch(arguments.dataset, arguments.data_dir, accept_unverified=accept)
        write_inventory(files, arguments.inventory)
        remember(files, arguments.data_dir, arguments.inventory)
        entry = dataset(arguments.dataset)
        record.about |= {"dataset": entry.name, "licence": entry.licence, "homepage": entry.homepage}


if __name__ == "__main__":
    run_script(main)

"""Count the images of a dataset, by class or attribute."""

from encore.audit.records import recorded
from encore.datasets.catalogue import dataset
from encore.datasets.count import count_images
from encore.datasets.inventory import demand_recorded, read_inventory
from encore.datasets.read import read
from encore.files import write_atomically
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and count one dataset."""
    parser = script_parser(__doc__, "data-dir", "inventory", "output", "record")
    parser.add_argument("dataset")
    arguments = parser.parse_args()
    with recorded("count", arguments.record, [arguments.inventory], [arguments.output]) as record:
        verified = all(file.verified for file in read_inventory(arguments.inventory))
        images = read(arguments.dataset, arguments.data_dir, arguments.inventory)
        counts = count_images(images, verified)
        demand_recorded(dataset(arguments.dataset), arguments.data_dir, arguments.inventory)  # still
        write_atomically(arguments.output, counts.to_csv(index=False))
        record.about |= {"dataset": arguments.dataset}


if __name__ == "__main__":
    run_script(main)

"""Divide a dataset into train and test for one unit."""

from encore.audit.records import recorded
from encore.datasets.catalogue import dataset
from encore.datasets.divide import make_split
from encore.datasets.inventory import demand_recorded
from encore.datasets.read import read
from encore.datasets.split import Split, save_split
from encore.script import run_script, script_parser
from encore.strict import ConfigError, nearest


def counts(split: Split) -> dict[str, int]:
    """How many test images are of which kind."""
    if split.anomalous is None:
        kinds, flags = ("test_without", "test_with"), split.with_attribute
    else:
        kinds, flags = ("test_normal", "test_anomalous"), split.anomalous
    return dict(zip(kinds, (int((~flags).sum()), int(flags.sum())), strict=True))


def main() -> None:
    """Read the arguments and write one split."""
    parser = script_parser(__doc__, "data-dir", "inventory", "output", "record")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--protocol", required=True)
    parser.add_argument(
        "--unit", required=True, help="the class that is normal, or the one that is anomalous or edited"
    )
    parser.add_argument("--split-seed", type=int, default=0)
    arguments = parser.parse_args()
    names = ("dataset", "protocol", "unit", "split_seed")
    with recorded("split", arguments.record, [arguments.inventory], [arguments.output]) as record:
        images = read(arguments.dataset, arguments.data_dir, arguments.inventory)
        if arguments.unit not in images.classes:
            raise ConfigError(
                [f"--unit: found {arguments.unit!r}; {nearest(arguments.unit, images.classes)}"]
            )
        unit = images.classes.index(arguments.unit)
        split = make_split(arguments.protocol, images, unit, arguments.split_seed)
        demand_recorded(dataset(arguments.dataset), arguments.data_dir, arguments.inventory)  # still
        save_split(split, arguments.output)
        record.about |= {name: getattr(arguments, name) for name in names} | {"train": len(split.train)}
        record.about |= counts(split) | {"leaked": split.leaked}
        if split.valid is not None:
            record.about["valid"] = len(split.valid)


if __name__ == "__main__":
    run_script(main)

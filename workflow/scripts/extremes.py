"""Keep the least and the most anomalous test images of one run, for a figure."""

import pandas as pd

from encore.audit.records import recorded
from encore.datasets.catalogue import dataset
from encore.datasets.inventory import demand_recorded
from encore.files import write_atomically
from encore.papers.find import find_experiment
from encore.runs.checkpoint import to_bytes
from encore.runs.extremes import extremes
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and pick the images of one run by its scores."""
    parser = script_parser(__doc__, "data-dir", "inventory", "scores", "images", "record")
    parser.add_argument("--experiment", required=True)
    arguments = parser.parse_args()
    inputs = [arguments.scores, arguments.inventory]
    with recorded("extremes", arguments.record, inputs, [arguments.images]) as record:
        name = find_experiment(arguments.experiment).dataset
        scores = pd.read_csv(arguments.scores)
        images = extremes(scores, name, arguments.data_dir, arguments.inventory)
        demand_recorded(dataset(name), arguments.data_dir, arguments.inventory)  # still
        write_atomically(arguments.images, to_bytes(images))
        record.about |= {"experiment": arguments.experiment}


if __name__ == "__main__":
    run_script(main)

"""Keep a few test images of one run with their reconstructions and scores, for a figure."""

import pandas as pd

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.checkpoint import to_bytes
from encore.runs.facts import run_facts
from encore.runs.reconstruct import reconstruct
from encore.script import run_script


def main() -> None:
    """Read the arguments and reconstruct a few test images of one run."""
    arguments = run_parser(__doc__, "model", "scores", "images").parse_args()
    inputs = [arguments.model, arguments.scores, *inputs_of(arguments)]
    with recorded("reconstruct", arguments.record, inputs, [arguments.images]) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "reconstruct")
        images = reconstruct(run, arguments.model, pd.read_csv(arguments.scores))
        write_atomically(arguments.images, to_bytes(images))


if __name__ == "__main__":
    run_script(main)

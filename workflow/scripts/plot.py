"""Draw one figure of a paper's YAML."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.figures.draw import DRAW
from encore.figures.plots import save_figure
from encore.papers import find_figure
from encore.script import run_script


def main() -> None:
    """Read the arguments and draw one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure")
    parser.add_argument("--inputs", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    paper, entry = find_figure(arguments.figure)
    save_figure(DRAW[entry["kind"]](paper, entry, arguments.inputs), arguments.output)
    write_record(
        arguments.record,
        rule="plot",
        started=started,
        inputs=arguments.inputs,
        outputs=[arguments.output],
        about={"figure": arguments.figure},
    )


if __name__ == "__main__":
    run_script(main)

"""Draw the losses of an experiment's runs."""

import argparse
import time
from pathlib import Path

import pandas as pd

from encore.audit.records import write_record
from encore.figures.plots import history_figure, save_figure
from encore.papers import find_figure


def main() -> None:
    """Read the arguments and draw one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure")
    parser.add_argument("--histories", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    _, entry = find_figure(arguments.figure)
    histories = {"/".join(path.parts[-3:-1]): pd.read_csv(path) for path in arguments.histories}
    save_figure(history_figure(histories, entry["title"]), arguments.output)
    write_record(
        arguments.record,
        rule="plot_history",
        started=started,
        inputs=arguments.histories,
        outputs=[arguments.output],
    )


if __name__ == "__main__":
    main()

"""Draw a score's AUROC over a swept setting, with the printed number."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.figures.plots import save_figure, sweep_figure
from encore.papers import find_figure
from encore.tables.build import published_by_unit, read_measures


def main() -> None:
    """Read the arguments and draw one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure")
    parser.add_argument("--measures", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    paper, entry = find_figure(arguments.figure)
    measures = read_measures(arguments.measures)
    dataset = paper.experiments[entry["experiment"]].dataset
    printed = published_by_unit(paper, entry["table"], entry["method"], dataset)
    save_figure(sweep_figure(measures, printed, entry["title"]), arguments.output)
    write_record(
        arguments.record,
        rule="plot_sweep",
        started=started,
        inputs=[arguments.measures],
        outputs=[arguments.output],
    )


if __name__ == "__main__":
    main()

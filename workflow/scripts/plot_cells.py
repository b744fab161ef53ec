"""Draw a table's numbers with their intervals beside the printed ones."""

import argparse
import time
from pathlib import Path

from encore.audit.records import write_record
from encore.figures.plots import cells_figure, save_figure
from encore.papers import find_figure
from encore.tables.build import read_table


def main() -> None:
    """Read the arguments and draw one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure")
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    _, entry = find_figure(arguments.figure)
    save_figure(cells_figure(read_table(arguments.table), entry["title"]), arguments.output)
    write_record(
        arguments.record,
        rule="plot_cells",
        started=started,
        inputs=[arguments.table],
        outputs=[arguments.output],
    )


if __name__ == "__main__":
    main()

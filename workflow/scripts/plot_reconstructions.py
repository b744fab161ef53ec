"""Draw test images above their reconstructions, a block a unit."""

import argparse
import time
from pathlib import Path

from safetensors.numpy import load_file

from encore.audit.records import write_record
from encore.figures.grids import reconstruction_grid
from encore.figures.plots import save_figure
from encore.papers import find_figure


def main() -> None:
    """Read the arguments and draw one figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure")
    parser.add_argument("--reconstructions", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    _, entry = find_figure(arguments.figure)
    units = {}
    for path in arguments.reconstructions:
        arrays = load_file(path)
        units[path.parts[-3]] = {
            group: tuple(arrays[f"{group}.{part}"] for part in ("original", "reconstruction", "score"))
            for group in ("normal", "anomalous")
        }
    save_figure(reconstruction_grid(units, entry["title"]), arguments.output)
    write_record(
        arguments.record,
        rule="plot_reconstructions",
        started=started,
        inputs=arguments.reconstructions,
        outputs=[arguments.output],
    )


if __name__ == "__main__":
    main()

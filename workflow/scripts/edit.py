"""Keep a few test images of one run with their edits, for a figure."""

import time
from pathlib import Path

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import DivergedError, load_model, to_bytes
from encore.training.edits import edits, shown_test, white_edits
from encore.training.loop import to_pixels
from encore.training.run import open_run, run_parser


def main() -> None:
    """Read the arguments and edit a few test images of one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    chosen = shown_test(run)
    pixels = run.pixels(chosen)
    try:
        run.method.load_model(load_model(arguments.model))
        images = edits(run, chosen, pixels)
    except DivergedError:  # nothing to show but white
        images = white_edits(run, pixels)
    shown = {name: to_pixels(made, run.settings["pixel_range"]) for name, made in images.items()}
    write_atomically(arguments.images, to_bytes({"original": pixels, **shown}))
    write_record(
        arguments.record,
        rule="edit",
        started=started,
        inputs=[arguments.model, arguments.split, arguments.inventory, *map(Path, arguments.weights)],
        outputs=[arguments.images],
        about=run.facts,
    )


if __name__ == "__main__":
    run_script(main)

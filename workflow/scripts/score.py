"""Score the test images of one run: a row an image, a column a score."""

import math
import time
from pathlib import Path

import pandas as pd

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import DivergedError, load_model
from encore.training.run import open_run, run_parser


def main() -> None:
    """Read the arguments and score one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    diverged = {}
    try:
        run.method.load_model(load_model(arguments.model))
        columns = run.over(run.pixels(run.split.test), run.method.score)
    except DivergedError as error:
        diverged, columns = {"diverged": str(error)}, {"score": math.nan}
    rows = {"index": run.split.test, "anomalous": run.split.anomalous.astype(int), **columns}
    write_atomically(arguments.scores, pd.DataFrame(rows).to_csv(index=False))
    write_record(
        arguments.record,
        rule="score",
        started=started,
        inputs=[arguments.model, arguments.split, arguments.inventory, *map(Path, arguments.weights)],
        outputs=[arguments.scores],
        about=dict(run.facts) | diverged,
    )


if __name__ == "__main__":
    run_script(main)

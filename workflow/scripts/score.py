"""Score the test images of one run: a row an image, a column a score."""

import time
from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.training.run import open_run, run_parser


def main() -> None:
    """Read the arguments and score one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    run.method.load_model(load_file(arguments.model))
    columns = run.over(run.pixels(run.split.test), run.method.score)
    rows = {"index": run.split.test, "anomalous": run.split.anomalous.astype(int), **columns}
    write_atomically(arguments.scores, pd.DataFrame(rows).to_csv(index=False))
    write_record(
        arguments.record,
        rule="score",
        started=started,
        inputs=[arguments.model, arguments.split, arguments.inventory, *map(Path, arguments.weights)],
        outputs=[arguments.scores],
        about=run.facts,
    )


if __name__ == "__main__":
    main()

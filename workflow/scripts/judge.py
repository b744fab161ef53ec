"""Edit the test images of one run and let a classifier say what they show: a row an image."""

import time
from pathlib import Path

import pandas as pd

from encore.audit.records import write_record
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import DivergedError, load_model
from encore.training.judge import judge_edits, judged_test, open_judge, undefined
from encore.training.run import open_run, run_parser


def main() -> None:
    """Read the arguments and judge the edits of one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--judge", type=Path, required=True, help="the classifier's model")
    parser.add_argument("--judge-weights", nargs="*", default=[], help="what the classifier began from")
    parser.add_argument("--scores", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    run = open_run(arguments, Path(__file__).name)
    diverged, of_judge = {}, []
    try:
        judge, of_judge = open_judge(run, arguments.judge, arguments.judge_weights)
        run.method.load_model(load_model(arguments.model))
        columns = judge_edits(run, judge)
    except DivergedError as error:
        diverged, columns = {"diverged": str(error)}, undefined(run)
    rows = {"index": judged_test(run)}
    if len(run.experiment.domains_of(arguments.unit)) == 1:
        rows["label"] = run.attributes[judged_test(run), 0].astype(int)
    write_atomically(arguments.scores, pd.DataFrame(rows | columns).to_csv(index=False))
    weights = map(Path, [*arguments.weights, *arguments.judge_weights])
    write_record(
        arguments.record,
        rule="judge",
        started=started,
        inputs=[arguments.model, arguments.judge, arguments.split, arguments.inventory, *weights],
        outputs=[arguments.scores],
        about=dict(run.facts)
        | {"judged": dict(run.experiment.judged), "deviations": run.facts["deviations"] + of_judge}
        | diverged,
    )


if __name__ == "__main__":
    run_script(main)

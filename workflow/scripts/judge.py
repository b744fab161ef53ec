"""Edit the test images of one run and let a judge say what they show: a row an image."""

from pathlib import Path

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.facts import run_facts
from encore.runs.judge import judge
from encore.script import run_script


def main() -> None:
    """Read the arguments and judge the edits of one run."""
    parser = run_parser(__doc__, "model", "scores")
    parser.add_argument("--judge", type=Path, required=True, help="the judge's model")
    parser.add_argument("--judge-weights", nargs="*", default=[], help="what the judge began from")
    arguments = parser.parse_args()
    weights = arguments.judge_weights
    inputs = [arguments.model, arguments.judge, *inputs_of(arguments), *map(Path, weights)]
    with recorded("judge", arguments.record, inputs, [arguments.scores]) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "judge") | {"judged": dict(run.experiment.judged)}
        scores, deviations, diverged = judge(run, arguments.model, arguments.judge, weights)
        write_atomically(arguments.scores, scores.to_csv(index=False))
        record.about["deviations"] += deviations
        if diverged:
            record.about["diverged"] = diverged


if __name__ == "__main__":
    run_script(main)

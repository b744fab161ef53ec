"""Score the test images of one run: a row an image, a column a score."""

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.facts import run_facts
from encore.runs.score import score
from encore.script import run_script


def main() -> None:
    """Read the arguments and score one run."""
    arguments = run_parser(__doc__, "model", "scores").parse_args()
    inputs = [arguments.model, *inputs_of(arguments)]
    with recorded("score", arguments.record, inputs, [arguments.scores]) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "score")
        scores, diverged = score(run, arguments.model)
        write_atomically(arguments.scores, scores.to_csv(index=False))
        if diverged:
            record.about["diverged"] = diverged


if __name__ == "__main__":
    run_script(main)

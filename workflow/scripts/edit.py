"""Keep a few test images of one run with their edits, for a figure."""

from pathlib import Path

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.papers.find import find_experiment
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.checkpoint import to_bytes
from encore.runs.edit import edit
from encore.runs.facts import run_facts
from encore.runs.judge import chosen_amount
from encore.script import run_script


def main() -> None:
    """Read the arguments and edit a few test images of one run."""
    parser = run_parser(__doc__, "model", "images")
    parser.add_argument("--scores", type=Path, required=True, help="scores.csv, which says what was chosen")
    arguments = parser.parse_args()
    chooses = "amounts" in find_experiment(arguments.experiment).judged
    inputs = [arguments.model, *inputs_of(arguments), *([arguments.scores] if chooses else [])]
    with recorded("edit", arguments.record, inputs, [arguments.images]) as record:
        run = open_from(arguments)
        if chooses:
            run.method.amount = chosen_amount(arguments.scores)
        record.about |= run_facts(run, arguments, "edit")
        write_atomically(arguments.images, to_bytes(edit(run, arguments.model)))


if __name__ == "__main__":
    run_script(main)

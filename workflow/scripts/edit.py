"""Keep a few test images of one run with their edits, for a figure."""

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.checkpoint import to_bytes
from encore.runs.edit import edit
from encore.runs.facts import run_facts
from encore.script import run_script


def main() -> None:
    """Read the arguments and edit a few test images of one run."""
    arguments = run_parser(__doc__, "model", "images").parse_args()
    inputs = [arguments.model, *inputs_of(arguments)]
    with recorded("edit", arguments.record, inputs, [arguments.images]) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "edit")
        write_atomically(arguments.images, to_bytes(edit(run, arguments.model)))


if __name__ == "__main__":
    run_script(main)

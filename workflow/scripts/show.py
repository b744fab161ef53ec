"""Keep images by which the generator of one run is shown, for figures."""

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.checkpoint import to_bytes
from encore.runs.facts import run_facts
from encore.runs.show import show
from encore.script import run_script


def main() -> None:
    """Read the arguments and show the generator of one run."""
    arguments = run_parser(__doc__, "model", "images").parse_args()
    inputs = [arguments.model, *inputs_of(arguments)]
    with recorded("show", arguments.record, inputs, [arguments.images]) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "show")
        write_atomically(arguments.images, to_bytes(show(run, arguments.model)))


if __name__ == "__main__":
    run_script(main)

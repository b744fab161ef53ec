"""Measure the images that one run makes by Inception Score and FID."""

from pathlib import Path

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.checkpoint import to_bytes
from encore.runs.facts import run_facts
from encore.runs.generate import generate
from encore.script import run_script


def main() -> None:
    """Read the arguments and measure the images of one run."""
    parser = run_parser(__doc__, "model", "inception", "generated", "statistics")
    parser.add_argument("--reference", type=Path, nargs="*", default=[], help="statistics of real images")
    arguments = parser.parse_args()
    inputs = [arguments.model, arguments.inception, *arguments.reference, *inputs_of(arguments)]
    outputs = [arguments.generated, arguments.statistics]
    with recorded("generate", arguments.record, inputs, outputs) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "generate") | {"generated": dict(run.experiment.generated)}
        reference = arguments.reference[0] if arguments.reference else None
        table, statistics, diverged = generate(run, arguments.model, arguments.inception, reference)
        write_atomically(arguments.generated, table.to_csv(index=False))
        about = {"diverged": diverged} if diverged else {}
        write_atomically(arguments.statistics, to_bytes(statistics, about))
        record.about |= about


if __name__ == "__main__":
    run_script(main)

"""Reconstruct all anomalous test images of one run and say which classes a classifier takes them for."""

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.facts import run_facts
from encore.runs.resemble import resemble
from encore.script import run_script


def main() -> None:
    """Read the arguments and classify the reconstructions of one run."""
    arguments = run_parser(__doc__, "model", "resemblance").parse_args()
    inputs = [arguments.model, *inputs_of(arguments)]
    with recorded("resemble", arguments.record, inputs, [arguments.resemblance]) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "resemble")
        shares, record.about["classifier"] = resemble(run, arguments.model)
        write_atomically(arguments.resemblance, shares.to_csv(index=False))


if __name__ == "__main__":
    run_script(main)

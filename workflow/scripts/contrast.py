"""Measure how perceptual losses depend on contrast, on one photograph."""

from pathlib import Path

from encore.audit.records import recorded
from encore.digest import settings_digest
from encore.files import write_atomically
from encore.runs.checkpoint import to_bytes
from encore.runs.contrast import contrast
from encore.runs.facts import device_facts
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and measure on the first photograph."""
    parser = script_parser(__doc__, "photographs", "output", "record")
    parser.add_argument("network")
    parser.add_argument("--weights", nargs="+", required=True)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    inputs = list(map(Path, arguments.weights))
    with recorded("contrast", arguments.record, inputs, [arguments.output]) as record:
        measured, photograph, device = contrast(
            arguments.network, arguments.weights, arguments.photographs, arguments.device
        )
        write_atomically(arguments.output, to_bytes(measured))
        record.about |= {"network": arguments.network, "photograph": next(iter(photograph))}
        record.about |= {"photographs_digest": settings_digest(photograph)}
        record.about |= {"device": device_facts(device)}


if __name__ == "__main__":
    run_script(main)

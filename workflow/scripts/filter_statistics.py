"""Measure mean and standard deviation of a network's filter responses over a folder of photographs."""

from encore.audit.records import recorded
from encore.digest import settings_digest
from encore.files import write_atomically
from encore.runs.checkpoint import to_bytes
from encore.runs.facts import device_facts
from encore.runs.filter_statistics import measure_filters
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and measure one network."""
    parser = script_parser(__doc__, "weights", "photographs", "output", "record")
    parser.add_argument("network")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    with recorded("filter_statistics", arguments.record, [arguments.weights], [arguments.output]) as record:
        measured, found, device = measure_filters(
            arguments.network, arguments.weights, arguments.photographs, arguments.device
        )
        write_atomically(arguments.output, to_bytes(measured))
        record.about |= {"network": arguments.network, "photographs": len(found)}
        record.about |= {"photographs_digest": settings_digest(found), "device": device_facts(device)}


if __name__ == "__main__":
    run_script(main)

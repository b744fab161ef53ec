"""Fetch pretrained weights, check them, and keep their tensors as safetensors."""

from encore.audit.records import recorded
from encore.datasets.pretrained import PRETRAINED, fetch_pretrained
from encore.files import write_atomically
from encore.runs.checkpoint import to_bytes
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and convert one file of weights."""
    parser = script_parser(__doc__, "data-dir", "output", "record")
    parser.add_argument("weights", choices=tuple(PRETRAINED))
    arguments = parser.parse_args()
    with recorded("weights", arguments.record, outputs=[arguments.output]) as record:
        raw, tensors = fetch_pretrained(arguments.weights, arguments.data_dir)
        write_atomically(arguments.output, to_bytes(tensors))
        record.about |= {"weights": arguments.weights, "raw": raw.recorded}


if __name__ == "__main__":
    run_script(main)

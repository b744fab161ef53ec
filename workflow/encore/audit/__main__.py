"""`python -m encore.audit verify`: does every number still stand on the files it was made from?"""

import argparse
import sys
from pathlib import Path

from encore.audit.manifest import records
from encore.audit.verify import notes, verify
from encore.script import run_script
from encore.strict import load_yaml


def main() -> None:
    """Read the arguments, verify, and leave with status 1 where something is broken."""
    parser = argparse.ArgumentParser(prog="python -m encore.audit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verifier = commands.add_parser("verify", help="recompute every checksum and name what no longer holds")
    verifier.add_argument(
        "--data-dir", type=Path, help="folder of the raw files; as config.yaml says if not given"
    )
    arguments = parser.parse_args()
    data_dir = arguments.data_dir or Path(load_yaml(Path("config.yaml"))["data_dir"])
    faults = verify(data_dir)
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    found = records()
    for note in notes(found):
        print(f"Note: {note}")
    count = sum(len(record["outputs"]) for record in found.values())
    print(f"{count} results and {len(found)} records hold: every file is the one that its record describes.")


if __name__ == "__main__":
    run_script(main)

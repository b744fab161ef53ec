"""Write results/index.html: what was run, what came out, how every number came to be; and all in a zip."""

import argparse
import time

from encore.audit.records import write_record
from encore.papers import check_config, config_defaults, read_config
from encore.report.write import ARCHIVE, INDEX, RECORD, write_report
from encore.script import run_script


def main() -> None:
    """Read the arguments and write the report of all that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config.yaml", help="a file, or its content as JSON")
    arguments = parser.parse_args()
    started = time.time()
    config = read_config(arguments.config)
    check_config(config)
    shown, written = write_report(config_defaults() | config)
    write_record(RECORD, rule="report", started=started, inputs=shown, outputs=written)
    print(f"{INDEX} shows {len(shown)} tables and figures; {ARCHIVE} holds all of it, to hand on.")


if __name__ == "__main__":
    run_script(main)

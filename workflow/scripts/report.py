"""Write results/index.html: what was run, what came out, how every number came to be; and all in a zip."""

from encore.audit.records import recorded
from encore.papers.config import checked_config
from encore.report.write import ARCHIVE, INDEX, RECORD, write_report
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and write the report of all that is there."""
    parser = script_parser(__doc__)
    parser.add_argument("--config", default="config.yaml", help="a file, or its content as JSON")
    arguments = parser.parse_args()
    with recorded("report", RECORD) as record:
        record.inputs, record.outputs = write_report(checked_config(arguments.config))
    print(f"{INDEX} shows {len(record.inputs)} tables and figures; {ARCHIVE} holds all of it, to hand on.")


if __name__ == "__main__":
    run_script(main)

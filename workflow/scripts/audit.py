"""Write results/audit: every number's chain, and checksums of every file, from the records."""

from encore.audit.manifest import AUDIT, write_audit
from encore.papers.config import checked_config
from encore.script import run_script, script_parser


def main() -> None:
    """Write the audit trail of all that is there."""
    parser = script_parser(__doc__)
    parser.add_argument("--config", default="config.yaml", help="a YAML file, or its content as JSON")
    count = write_audit(checked_config(parser.parse_args().config))
    print(f"{AUDIT} covers {count} files; `python -m encore.audit verify` checks them.")


if __name__ == "__main__":
    run_script(main)

"""Write results/audit: every number's chain, and checksums of every file, from the records."""

import argparse

from encore.audit.manifest import AUDIT, write_audit
from encore.papers import read_config
from encore.script import run_script


def main() -> None:
    """Write the audit trail of all that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config.yaml", help="a YAML file, or its content as JSON")
    count = write_audit(read_config(parser.parse_args().config))
    print(f"{AUDIT} covers {count} files; `python -m encore.audit verify` checks them.")


if __name__ == "__main__":
    run_script(main)

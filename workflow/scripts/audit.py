"""Write results/audit: every number's chain, and checksums of every file, from the records."""

import argparse

from encore.audit.manifest import AUDIT, write_audit
from encore.script import run_script


def main() -> None:
    """Write the audit trail of all that is there."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    count = write_audit()
    print(f"{AUDIT} covers {count} files; `python -m encore.audit verify` checks them.")


if __name__ == "__main__":
    run_script(main)

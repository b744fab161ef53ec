"""Write results/audit: every number's chain, and checksums of every file, from the records."""

import argparse
import sys

from encore.audit.manifest import AUDIT, write_audit


def main() -> None:
    """Write the audit trail of all that is there."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        count = write_audit()
    except ValueError as error:
        sys.exit(str(error))
    print(f"{AUDIT} covers {count} files; `python -m encore.audit verify` checks them.")


if __name__ == "__main__":
    main()

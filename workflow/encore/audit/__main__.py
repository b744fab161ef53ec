"""`python -m encore.audit`: does a number still stand on the files it was made from, and what are they?"""

import argparse
import json
import os
import sys
from pathlib import Path

from encore.audit.diff import diff
from encore.audit.explain import explain
from encore.audit.export import export
from encore.audit.manifest import AUDIT, HINT, LEFT_OUT
from encore.audit.page import as_text
from encore.audit.records import RecordError
from encore.audit.trail import read_trail
from encore.audit.verify import notes, verify
from encore.papers.config import config_defaults
from encore.script import UserError, run_script
from encore.strict import ConfigError, load_yaml

NEEDED = ("config.yaml", "results")  # in the folder that Snakemake ran in
FOLDERS_OF_CONFIG = ("data_dir", "photographs")
EXPLAINED = 12  # cells at once; more are no page to read


def demand_folder() -> None:
    """A UserError where this is not the folder that Snakemake ran in, with the one that was meant."""
    lacking = [name for name in NEEDED if not Path(name).exists()]
    if not lacking:
        return
    here = Path.cwd()
    above, below = (
        [folder for folder in near if all((folder / name).exists() for name in NEEDED)]
        for near in (here.parents, here.glob("*/"))
    )
    meant = above[0] if above else below[0] if len(below) == 1 else None
    hint = f"that is {meant}; go there and start again" if meant else "go to the one that has both"
    raise UserError(
        f"{here} is not the folder that Snakemake ran in, for it has no {' and no '.join(lacking)}; {hint}."
    )


def present_config() -> dict[str, object]:
    """The configuration of config.yaml; a ConfigError where a folder in it is none."""
    here = config_defaults() | load_yaml(Path("config.yaml"))
    for key in FOLDERS_OF_CONFIG:
        if not isinstance(here.get(key), str):
            raise ConfigError(
                [f"config.yaml: {key}: found {here.get(key)!r}, expected the name of a folder."]
            )
    return here


def made_with() -> dict[str, object]:
    """The configuration that the results were made with, as the audit kept it; empty where it did not."""
    kept = AUDIT / "config.json"
    if not kept.is_file():
        return {}
    try:
        content = json.loads(kept.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"expected keys and values, found {type(content).__name__}")
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{kept} is not the configuration of the results: {error}; {HINT}.") from None
    return content


def resolved_config() -> dict[str, object]:
    """The configuration that the results were made with; its folders are those of config.yaml."""
    here = present_config()
    return here | made_with() | {key: here[key] for key in FOLDERS_OF_CONFIG}


def raw_folder() -> Path:
    """Where the raw files lie: where the results were made from them, or else where config.yaml says.

    The audit writes a home folder as ~ and a user's name as <user>. An export was made elsewhere.
    """
    here = Path(present_config()["data_dir"])
    try:
        told = made_with().get("data_dir")
    except RecordError:  # `verify` says that it has changed
        return here
    if not isinstance(told, str) or LEFT_OUT.is_file():
        return here
    there = Path(told.replace("<user>", os.environ.get("USER", "<user>"))).expanduser()
    return there if there.is_dir() else here


def run_verify(arguments: argparse.Namespace) -> int:
    """Print what is broken or stale, first the beginning of the flow; 1 where anything is."""
    demand_folder()
    data_dir = arguments.data_dir or raw_folder()
    faults = verify(data_dir, arguments.target)
    for fault in faults:
        print(fault)
    if faults:
        return 1
    trail = read_trail()
    for note in notes(trail):
        print(f"Note: {note}")
    what = arguments.target or f"{len(trail.made_by)} results and {len(trail.records)} records"
    print(f"{what} hold{'s' if arguments.target else ''}: every file is the one that its record describes.")
    return 0


def run_explain(arguments: argparse.Namespace) -> int:
    """Print a page for each cell that is asked for."""
    demand_folder()
    chosen = {name: getattr(arguments, name) for name in ("dataset", "subset", "method")}
    pages = explain(read_trail(), arguments.target, **chosen)
    print("\n\n".join(as_text(page) for page in pages[:EXPLAINED]))
    if len(pages) > EXPLAINED:
        left = len(pages) - EXPLAINED
        print(f"\n{left} more cells fit; --dataset, --subset and --method choose among them.")
    return 0


def run_diff(arguments: argparse.Namespace) -> int:
    """Print where two folders of results differ, and since which link; 1 where they do."""
    differences = diff(arguments.a, arguments.b)
    print("\n".join(differences) or "Both hold the same results.")
    return int(bool(differences))


def run_export(arguments: argparse.Namespace) -> int:
    """Write the export."""
    demand_folder()
    count = export(arguments.destination, resolved_config(), raw_folder())
    print(f"{arguments.destination} holds {count} files; `python -m encore.audit verify` in it checks them.")
    return 0


def main() -> None:
    """Read the arguments and do what they ask for."""
    parser = argparse.ArgumentParser(prog="python -m encore.audit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    verifier = commands.add_parser("verify", help="recompute every checksum and name what no longer holds")
    verifier.add_argument("target", nargs="?", help="a paper, table or figure; everything if not given")
    verifier.add_argument(
        "--data-dir", type=Path, help="folder of the raw files, if not the one of the results"
    )
    verifier.set_defaults(run=run_verify)

    explainer = commands.add_parser("explain", help="how a cell of a table came to be, on a page")
    explainer.add_argument("target", help="a table, such as piad_table2")
    explainer.add_argument("--dataset")
    explainer.add_argument("--subset", help="as in the table: a class, a digit, an attribute, or avg")
    explainer.add_argument("--method")
    explainer.set_defaults(run=run_explain)

    differ = commands.add_parser("diff", help="where two folders of results differ, and since which link")
    differ.add_argument("a", type=Path)
    differ.add_argument("b", type=Path)
    differ.set_defaults(run=run_diff)

    exporter = commands.add_parser("export", help="a folder or .zip that verifies and makes its tables again")
    exporter.add_argument("destination", type=Path)
    exporter.set_defaults(run=run_export)

    arguments = parser.parse_args()
    sys.exit(arguments.run(arguments))


if __name__ == "__main__":
    run_script(main)

"""Draw one figure of a paper's YAML."""

from pathlib import Path

from encore.audit.records import recorded
from encore.figures.style import save_figure
from encore.papers.find import find_figure
from encore.registry import load
from encore.script import run_script, script_parser


def main() -> None:
    """Read the arguments and draw one figure."""
    parser = script_parser(__doc__, "output", "record")
    parser.add_argument("figure")
    parser.add_argument("--inputs", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    with recorded("plot", arguments.record, arguments.inputs, [arguments.output]) as record:
        paper, entry = find_figure(arguments.figure)
        save_figure(load("figures", entry["kind"]).draw(paper, entry, arguments.inputs), arguments.output)
        record.about |= {"figure": arguments.figure}


if __name__ == "__main__":
    run_script(main)

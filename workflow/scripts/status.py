"""Say which cells of which table are done, running, stopped, diverged, failed or not begun, and why."""

from encore.papers.config import checked_config
from encore.papers.read import known_papers, load_paper
from encore.script import run_script, script_parser
from encore.status import render_status


def main() -> None:
    """Read the arguments and print the status."""
    parser = script_parser(__doc__)
    parser.add_argument("targets", nargs="*", help="tables, figures, papers; those of config.yaml if none")
    parser.add_argument("--config", default="config.yaml", help="a file, or its content as JSON")
    arguments = parser.parse_args()
    config = checked_config(arguments.config)
    papers = [load_paper(name) for name in (known_papers() if arguments.targets else config["papers"])]
    print(render_status(papers, config, arguments.targets), end="")


if __name__ == "__main__":
    run_script(main)

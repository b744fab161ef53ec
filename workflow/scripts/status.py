"""Say which cells of which table are done, running, stopped, diverged, failed or not begun, and why."""

from encore.papers.config import check_config, config_defaults, read_config
from encore.papers.read import load_paper
from encore.script import run_script, script_parser
from encore.status import render_status


def main() -> None:
    """Read the arguments and print the status."""
    parser = script_parser(__doc__)
    parser.add_argument("--config", default="config.yaml", help="a file, or its content as JSON")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    check_config(config)
    config = config_defaults() | config
    print(render_status([load_paper(name) for name in config["papers"]], config), end="")


if __name__ == "__main__":
    run_script(main)

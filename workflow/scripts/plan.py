"""Say what targets would take before anything runs: runs, iterations, hours at measured rates, disk."""

from encore.datasets.catalogue import DATASETS
from encore.papers.config import checked_config, reading_for, selected_runs
from encore.papers.find import experiments_of
from encore.papers.model import Experiment
from encore.plan import Work, iterations_of, plan, render_plan
from encore.rates import read_rates
from encore.registry import load_method
from encore.script import run_script, script_parser
from encore.text import size


def work_of(experiment: Experiment, config: dict) -> Work:
    """The trainings of an experiment that the configuration asks for."""
    reading = reading_for(experiment, config)
    settings = experiment.values(reading)
    method, kept = load_method(experiment.method), None
    if hasattr(method, "model_bytes"):
        labels = len(experiment.domains_of(experiment.units[0]))  # of the first unit, where they differ
        kept = method.model_bytes(settings, DATASETS[experiment.dataset].shape[2], labels)
    selected = selected_runs(experiment, config)
    runs = len({(experiment.trained_unit(unit, reading), seed) for unit, seed in selected})
    return Work(experiment.name, experiment.method, experiment.networks, iterations_of(settings), runs, kept)


def main() -> None:
    """Read the arguments and print the plan."""
    parser = script_parser(__doc__)
    parser.add_argument("targets", nargs="*", help="tables, figures, papers; those of config.yaml if none")
    parser.add_argument("--config", default="config.yaml", help="a file, or its content as JSON")
    parser.add_argument("--device", default="cpu", help="as in rates.yaml, such as `NVIDIA H100 80GB HBM3`")
    arguments = parser.parse_args()
    config = checked_config(arguments.config)
    experiments = experiments_of(arguments.targets or config["papers"])
    works = [(experiment, work_of(experiment, config)) for experiment in experiments]
    rows = [work for _, work in works if work.runs]
    print(render_plan(plan(rows, read_rates(), arguments.device)), end="")
    used = sorted({experiment.dataset for experiment, work in works if work.runs})
    raw = sum(file.bytes for name in used for file in DATASETS[name].files)
    print(f"Raw files of {', '.join(used)}: {size(raw)}, packed as they are published.")


if __name__ == "__main__":
    run_script(main)

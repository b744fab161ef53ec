"""Say what targets would take before anything runs: runs, iterations, hours at measured rates, disk."""

import argparse

from encore.datasets.catalogue import DATASETS
from encore.methods.registry import load_method
from encore.papers import Experiment, check_config, experiments_of, method_facts, read_config, selected_runs
from encore.plan import Work, iterations_of, plan, read_rates, render_plan, size
from encore.script import run_script


def work_of(experiment: Experiment, config: dict) -> Work:
    """The trainings of an experiment that the configuration asks for."""
    reading = config["reading"]
    settings = experiment.values(reading)
    method = load_method(experiment.method)
    channels = DATASETS[experiment.dataset].shape[2]
    size = None
    if hasattr(method, "model_bytes"):
        labels = len(experiment.domains_of(experiment.units[0]))  # of the first unit, where they differ
        labelled = {"n_labels": labels} if method_facts(experiment.method).labelled else {}
        size = method.model_bytes(settings, channels, **labelled)
    selected = selected_runs(experiment, config)
    runs = len({(experiment.trained_unit(unit, reading), seed) for unit, seed in selected})
    return Work(experiment.name, experiment.method, experiment.networks, iterations_of(settings), runs, size)


def main() -> None:
    """Read the arguments and print the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "targets", nargs="*", help="tables, figures or papers; as config.yaml says if none is given"
    )
    parser.add_argument("--config", default="config.yaml", help="a file, or its content as JSON")
    parser.add_argument("--device", default="cpu", help="as in rates.yaml, such as `NVIDIA H100 80GB HBM3`")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    check_config(config)
    experiments = experiments_of(arguments.targets or config["papers"])
    works = [(experiment, work_of(experiment, config)) for experiment in experiments]
    rows = [work for _, work in works if work.runs]
    print(render_plan(plan(rows, read_rates(), arguments.device)), end="")
    used = sorted({experiment.dataset for experiment, work in works if work.runs})
    raw = sum(file.bytes for name in used for file in DATASETS[name].files)
    print(f"Raw files of {', '.join(used)}: {size(raw)}, packed as they are published.")


if __name__ == "__main__":
    run_script(main)

# What the rules share: the checked configuration, and which digests and files a job depends on.

import json
import os
import shutil
import sys
from pathlib import Path

PACKAGE_PARENT = str(Path(workflow.basedir) / "workflow")
sys.path.insert(0, PACKAGE_PARENT)
# Jobs, here and on a cluster, run this Python and this package, whether or not the environment is activated.
SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH", "")])
os.environ.update(PATH=SEARCH_PATH, PYTHONPATH=PACKAGE_PARENT)

from encore import papers
from encore.datasets.catalogue import DATASETS
from encore.digest import code_digest, settings_digest
from encore.strict import ConfigError, load_yaml

try:
    load_yaml(Path(workflow.basedir) / "config.yaml")
    papers.check_config(config)
except ConfigError as error:
    sys.exit(f"The configuration can not be used:\n{error}")

config.update(papers.config_defaults() | config)

PAPERS = papers.load_papers()
EXPERIMENTS = {
    name: e for paper in PAPERS.values() for name, e in paper.experiments.items()
}
TABLES = {
    name: (paper, t) for paper in PAPERS.values() for name, t in paper.tables.items()
}
FIGURES = {
    name: (paper, f) for paper in PAPERS.values() for name, f in paper.figures.items()
}
# Jobs that compute on a GPU ask for one, where the configuration or this machine has one.
GPU_HERE = config["device"] == "cuda" or (
    config["device"] == "auto" and shutil.which("nvidia-smi") is not None
)
RUN = "results/runs/{experiment}/{unit}/{seed}"


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    dataset="|".join(DATASETS),
    protocol="[a-z0-9_]+",
    unit="[A-Za-z0-9_]+",
    seed="[0-9]+",
    weights="vgg19|vgg19_caffe|inception_v3",
    table="|".join(TABLES),
    figure="|".join(FIGURES),


def experiment_of(wildcards):
    return EXPERIMENTS[wildcards.experiment]


def inventory_of(wildcards):
    """The checked raw files that a run reads."""
    return f"results/datasets/{experiment_of(wildcards).dataset}.csv"


def split_of(wildcards):
    experiment = experiment_of(wildcards)
    folder = (
        f"results/splits/{experiment.dataset}/{experiment.protocols[config['reading']]}"
    )
    unit = experiment.split_unit(wildcards.unit)
    return f"{folder}/{unit}/{experiment.split_seed}.safetensors"


def weights_in(experiment):
    settings = experiment.values(config["reading"], config["features"])
    return [
        f"results/weights/{name}.safetensors"
        for name in papers.pretrained_weights(settings)
    ]


def weights_of(wildcards):
    """The pretrained weights that a run's method takes, if it takes any."""
    return weights_in(experiment_of(wildcards))


def judge_of(wildcards):
    """The model of the classifier that says what a run's edits show."""
    by = experiment_of(wildcards).judged["by"]
    return f"results/runs/{by}/{wildcards.unit}/0/model.safetensors"


def judge_weights_of(wildcards):
    """The pretrained weights that this classifier began from, if it did."""
    return weights_in(EXPERIMENTS[experiment_of(wildcards).judged["by"]])


def runs_of(name, file):
    """`file` in the folder of every run of an experiment that the configuration asks for."""
    runs = papers.selected_runs(EXPERIMENTS[name], config)
    return [f"results/runs/{name}/{unit}/{seed}/{file}" for unit, seed in runs]


def first_of_each_unit(name, file):
    """`file` in the folder of the first run of every unit."""
    first = {}
    for path in runs_of(name, file):
        first.setdefault(Path(path).parents[1], path)
    return list(first.values())


def runs_of_unit(name, figure, file):
    """`file` in the folder of every run of the unit that a figure shows."""
    paths = runs_of(name, file)
    return [path for path in paths if Path(path).parents[1].name == figure["unit"]]


def resemblance_of(wildcards):
    """What the reconstructions of an experiment's runs resemble, with records, where its paper speaks of that."""
    if not experiment_of(wildcards).resemblance:
        return []
    return [
        path
        for file in ("resemblance.csv", "resemble.json")
        for path in runs_of(wildcards.experiment, file)
    ]


def reading_of(wildcards):
    """The reading that a run is made under; where both are one, `code`, so that a switch reruns nothing."""
    experiment = experiment_of(wildcards)
    paper, code = (
        experiment.job(reading, config["precision"]) for reading in ("paper", "code")
    )
    return config["reading"] if paper != code else "code"


def model_of(wildcards):
    """The model that scores a run: its own, or the one that serves all units of its seed."""
    unit = experiment_of(wildcards).trained_unit(wildcards.unit, config["reading"])
    return (
        f"results/runs/{wildcards.experiment}/{unit}/{wildcards.seed}/model.safetensors"
    )


def settings_of(wildcards):
    """Digest of all settings that a run's numbers depend on."""
    job = experiment_of(wildcards).job(
        config["reading"], config["precision"], config["features"]
    )
    return settings_digest(job)


def features_of(wildcards):
    """The features that stand for the paper's VGG-19; where a run has none of it, they make no difference."""
    called_for = experiment_of(wildcards).values(config["reading"]).get("features")
    return config["features"] if called_for == papers.VGG19 else papers.VGG19


def code_of(script):
    """Digest of the code that a run's numbers depend on, as a function of the wildcards."""

    def digest(wildcards):
        return code_digest(*papers.run_roots(script, experiment_of(wildcards)))

    return digest


def script_code(script):
    """Digest of the code behind a script that runs no method."""
    return code_digest(*papers.code_roots(script))


def gpus(wildcards):
    """One GPU for a method that uses one, where the configuration or this machine has one; else none."""
    return int(GPU_HERE and papers.method_facts(experiment_of(wildcards).method).on_gpu)


def group_of(wildcards):
    """What shares an allocation on a cluster: a unit's training, scores and images; fits that take a minute each.

    A group must be a chain: Snakemake adds up what its members ask for wherever two could run at once.
    """
    facts = papers.method_facts(experiment_of(wildcards).method)
    if facts.judges:  # many runs wait for it
        return f"judge_{wildcards.unit}"
    return f"unit_{wildcards.unit}" if facts.on_gpu else "fits"


def memory_of(wildcards, attempt):
    """Memory in MB; a job that is tried again may have had too little, and gets up to three times as much."""
    return experiment_of(wildcards).allocation["mem_mb"] * min(attempt, 3)


def time_of(step):
    """The time that a training or a scoring is given, as a function of the wildcards."""
    return lambda wildcards: experiment_of(wildcards).allocation[step]


def measures_and_counts(wildcards):
    """What a table is made from: measures of its experiments, or counts of its data sets that are used."""
    _, table = TABLES[wildcards.table]
    used = config.get("datasets", DATASETS)
    counted = [
        entry["dataset"]
        for entry in table.get("counts", {}).values()
        if entry["dataset"] in used
    ]
    return [f"results/measures/{cell['experiment']}.csv" for cell in table["cells"]] + [
        f"results/datasets/{name}_counts.csv" for name in counted
    ]


def inputs_of_figure(wildcards):
    """The files that a figure is drawn from, by its kind."""
    entry = FIGURES[wildcards.figure][1]
    match entry["kind"]:
        case "cells":
            return [f"results/tables/{entry['table']}.csv"]
        case "history":
            return runs_of(entry["experiment"], "history.csv")
        case "samples":
            return runs_of(entry["experiment"], "reconstructions.safetensors")[:1]
        case "reconstructions":  # of every unit, from its first seed
            return first_of_each_unit(
                entry["experiment"], "reconstructions.safetensors"
            )
        case "resemblance":
            return runs_of(entry["experiment"], "resemblance.csv")
        case "sweep":
            return [f"results/measures/{entry['experiment']}.csv"]
        case "sparsity":
            return [f"results/measures/{name}.csv" for name in entry["experiments"]]
        case "edits" if "unit" in entry:  # from its first seed
            return runs_of_unit(entry["experiment"], entry, "edits.safetensors")[:1]
        case "edits":
            return first_of_each_unit(entry["experiment"], "edits.safetensors")
        case "domains":
            found = [
                runs_of_unit(name, entry, "edits.safetensors")[:1]
                for name in entry["experiments"]
            ]
            return [path for paths in found for path in paths]
        case "transfer":  # of one unit under each experiment, from all its seeds
            found = [
                runs_of_unit(name, entry, "scores.csv") for name in entry["experiments"]
            ]
            return [path for paths in found for path in paths]
        case "extremes":  # of one unit under each experiment, from its first seed
            found = [
                runs_of_unit(name, entry, "extremes.safetensors")[:1]
                for name in entry["experiments"]
            ]
            return [path for paths in found for path in paths]
        case "contrast" | "filters":
            return [f"results/weights/{config['features']}_contrast.safetensors"]


def results_of(name):
    """A table in all its forms, and its figures for which there is something to show."""
    _, table = TABLES[name]
    forms = [f"results/tables/{name}.{form}" for form in ("csv", "md", "tex", "html")]
    shown = [figure for figure in table["figures"] if _has_runs(FIGURES[figure][1])]
    return forms + [f"results/figures/{figure}.png" for figure in shown]


def _has_runs(figure):
    """Whether every experiment that a figure shows has runs, of its unit where it names one."""
    names = papers.experiments_in(figure)
    units = [
        {unit for unit, _ in papers.selected_runs(EXPERIMENTS[name], config)}
        for name in names
    ]
    return all(
        figure["unit"] in of_one if "unit" in figure else of_one for of_one in units
    )


def results_of_paper(name):
    """All tables and figures of a paper that are results of it."""
    paper = PAPERS[name]
    tables = [key for key, table in paper.tables.items() if not table["demo"]]
    figures = [
        key
        for key, figure in paper.figures.items()
        if figure.get("target") and _has_runs(figure)
    ]
    return [path for key in tables for path in results_of(key)] + [
        f"results/figures/{figure}.png" for figure in figures
    ]


def write_audit():
    """Write results/audit, with the configuration as it is resolved here."""
    resolved = json.dumps(config)
    shell("python workflow/scripts/audit.py --config {resolved:q}")

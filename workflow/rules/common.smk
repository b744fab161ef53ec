# What the rules share: what was asked for, the checked configuration, and which digests and files a job depends on.

import contextlib
import io
import json
import os
import shutil
import sys
from pathlib import Path

from snakemake.cli import parse_args

PACKAGE_PARENT = str(Path(workflow.basedir) / "workflow")
sys.path.insert(0, PACKAGE_PARENT)
# Jobs, here and on a cluster, run this Python and this package, whether or not the environment is activated.
SEARCH_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH", "")])
os.environ.update(PATH=SEARCH_PATH, PYTHONPATH=PACKAGE_PARENT)

from encore import registry
from encore.datasets.catalogue import DATASETS
from encore.digest import code_digest, file_digest, settings_digest
from encore.papers import layout
from encore.papers.config import (
    asked_reading,
    reading_for,
    resolve_config,
    selected_runs,
)
from encore.papers.find import (
    all_experiments,
    all_figures,
    all_tables,
    figure_digest,
    results_named,
    table_digest,
)
from encore.papers.kinds import FIGURES as FIGURE_KINDS, FIRST, FIRST_OF_EACH_UNIT
from encore.papers.model import VGG19, experiments_in, pretrained_weights
from encore.papers.present import code_of_measure, code_of_run
from encore.papers.read import load_papers
from encore.registry import method_facts
from encore.runs.lock import who_holds
from encore.strict import ConfigError, nearest


def command_line():
    """What Snakemake was asked, as it reads its command line and profile itself; None where it was not asked so.

    Targets, and the executor of a dry run, Snakemake tells its rules nowhere else. A job of its own, on a node, is
    not asked anything.
    """
    program = Path(sys.argv[0])
    started = program.stem == "snakemake" or program.parent.name == "snakemake"
    if workflow.remote_exec or workflow.subprocess_exec or not started:
        return None
    with contextlib.redirect_stderr(
        io.StringIO()
    ):  # it has said already which profile it takes
        return parse_args(sys.argv[1:])[1]


if not Path(workflow.basedir).samefile(Path.cwd()):
    sys.exit(
        f"Encore runs in its own folder; go to {workflow.basedir} and start it there."
    )
ASKED = command_line()
# Where jobs run on a cluster, this machine's lack of a GPU says nothing.
ON_CLUSTER = workflow.remote_exec or (
    ASKED is not None and ASKED.executor not in (None, "local", "dryrun", "touch")
)
if ON_CLUSTER and ASKED and "turn" not in (ASKED.default_resources or ()):
    sys.exit(
        "default-resources has no `turn: 1`, which lets what shares an allocation run one after another; "
        "--default-resources on the command line replaces those of profiles/slurm/config.yaml, so write yours there."
    )

try:
    given = workflow.config_settings
    replaced = given.replace_workflow_config
    config_files = [*(() if replaced else ("config.yaml",)), *given.configfiles]
    resolved = resolve_config(config_files, given.config_args or ())
except ConfigError as error:
    sys.exit(f"The configuration cannot be used:\n{error}")
except OSError as error:
    sys.exit(f"The configuration cannot be used:\n{error.filename}: {error.strerror}.")


configfile: "config.yaml"


# As it was read strictly, where Snakemake takes a list of `--config` for texts.
config.clear()
config.update(resolved)
PAPERS, EXPERIMENTS = load_papers(), all_experiments()
TABLES, FIGURES = all_tables(), all_figures()
ENVIRONMENT = "../../envs/encore.yaml"
# What tables look like as HTML, which their code's digest does not see.
TEMPLATES = {
    path.name: file_digest(path)
    for path in sorted(Path(PACKAGE_PARENT, "encore", "tables").glob("*.[hc]*"))
}
# On a cluster `auto` is the GPU: a job must ask for one, and then takes no other device.
DEVICE = "cuda" if ON_CLUSTER and config["device"] == "auto" else config["device"]
# Jobs that compute on a GPU ask for one, where the configuration or this machine has one.
GPU_HERE = DEVICE == "cuda" or (
    DEVICE == "auto" and shutil.which("nvidia-smi") is not None
)


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    dataset="|".join(DATASETS),
    protocol="[a-z0-9_]+",
    unit="[A-Za-z0-9_]+",
    seed="0|[1-9][0-9]{0,9}",
    split_seed="0|[1-9][0-9]{0,9}",
    weights="vgg19|vgg19_caffe|inception_v3|inception_fid",
    table="|".join(TABLES),
    figure="|".join(FIGURES),


def code_of(stage, **choices):
    """Digest of the code behind a stage that runs no method."""
    return code_digest(*layout.roots(stage, **choices))


# --- runs --------------------------------------------------------------------------------------------


def experiment_of(wildcards):
    return EXPERIMENTS[wildcards.experiment]


def reading_of_run(wildcards):
    return reading_for(experiment_of(wildcards), config)


def inventory_of(wildcards):
    """The checked raw files that a run reads."""
    dataset = experiment_of(wildcards).dataset
    return layout.path("download", "inventory", dataset=dataset)


def split_of(wildcards):
    return split_for(experiment_of(wildcards), wildcards.unit, wildcards.seed)


def split_for(experiment, unit, seed):
    """The split of one run."""
    return layout.path(
        "split",
        "split",
        dataset=experiment.dataset,
        protocol=experiment.protocol(reading_for(experiment, config)),
        unit=experiment.split_unit(unit),
        split_seed=experiment.split_seed_of(seed),
    )


def inventory_of_split(wildcards):
    """The checked raw files that a split is made of; the end, in a sentence, where its path names what is not."""
    dataset, unit, protocol = wildcards.dataset, wildcards.unit, wildcards.protocol
    for what, found, known in (
        (f"class of {dataset}", unit, DATASETS[dataset].classes),
        ("protocol", protocol, registry.names(registry.PROTOCOLS)),
    ):
        if found not in known:
            path = layout.path("split", "split", **wildcards)
            sys.exit(f"{path}: there is no {what} {found!r}; {nearest(found, known)}")
    return layout.path("download", "inventory", dataset=dataset)


def weights_in(experiment):
    settings = experiment.values(reading_for(experiment, config), config["features"])
    return [
        f"results/weights/{name}.safetensors" for name in pretrained_weights(settings)
    ]


def weights_of(wildcards):
    """The pretrained weights that a run's method takes, if it takes any."""
    return weights_in(experiment_of(wildcards))


def model_of(wildcards):
    """The model that scores a run: its own, or the one that serves all units of its seed."""
    experiment = experiment_of(wildcards)
    unit = experiment.trained_unit(wildcards.unit, reading_of_run(wildcards))
    return layout.path(
        "train", "model", experiment=experiment.name, unit=unit, seed=wildcards.seed
    )


def judge_of(wildcards):
    """The model of the classifier that says what a run's edits show."""
    by = experiment_of(wildcards).judged["by"]
    return layout.path("train", "model", experiment=by, unit=wildcards.unit, seed=0)


def judge_weights_of(wildcards):
    """The pretrained weights that this classifier began from, if it did."""
    return weights_in(EXPERIMENTS[experiment_of(wildcards).judged["by"]])


def reference_of(wildcards):
    """The statistics of real images that a run's images are compared with, if they are."""
    by = experiment_of(wildcards).generated.get("reference")
    if by is None:
        return []
    return layout.path(
        "generate", "statistics", experiment=by, unit=wildcards.unit, seed=0
    )


def how_generated(wildcards):
    """Digest of how the images that a run makes are measured; its source is only said."""
    generated = experiment_of(wildcards).generated
    return settings_digest(
        {key: value for key, value in generated.items() if key != "source"}
    )


def named_of(wildcards):
    """Digest of what a paper says is to be measured of an experiment's runs; no training depends on it."""
    experiment = experiment_of(wildcards)
    return settings_digest(
        {"resemblance": experiment.resemblance, "late": experiment.late}
    )


def settings_of(wildcards):
    """Digest of all settings that a run's numbers depend on."""
    job = experiment_of(wildcards).job(
        reading_of_run(wildcards), config["precision"], config["features"]
    )
    return settings_digest(job)


def features_of(wildcards):
    """The features that stand for the paper's VGG-19; where a run has none of it, they make no difference."""
    settings = experiment_of(wildcards).values(reading_of_run(wildcards))
    return config["features"] if settings.get("features") == VGG19 else VGG19


def params_of_run(stage):
    """What a run's job is computed from: a change of it makes the job again."""
    return {
        "code": lambda wildcards: code_of_run(stage, experiment_of(wildcards)),
        "settings": settings_of,
        "reading": reading_of_run,
        "precision": config["precision"],
        "features": features_of,
    }


def command_of_run(stage, *arguments, before="", log="> {log:q} 2>&1"):
    """The command of a run's stage: what each is told of the run, then its own arguments; its words go to `log`."""
    return " ".join(
        (
            f"{before} python workflow/scripts/{stage}.py".lstrip(),
            "--experiment {wildcards.experiment:q} --unit {wildcards.unit:q} --seed {wildcards.seed:q}",
            "--reading {params.reading:q} --data-dir {resources.data_dir:q} --device {resources.device:q}",
            "--precision {params.precision:q} --threads {threads} --split {input.split:q}",
            "--inventory {input.inventory:q} --weights {input.weights:q} --features {params.features:q}",
            *arguments,
            "--record {output.record:q}",
            log,
        )
    )


def resources_of_run(step):
    """Where a run's job computes, and with what: a change of it makes nothing again."""
    return {
        "gpu": gpus,
        "device": DEVICE,
        "data_dir": config["data_dir"],
        "mem_mb": memory_of,
        "runtime": lambda wildcards: experiment_of(wildcards).allocation[step],
    }


def gpus(wildcards):
    """One GPU for a method that uses one, where the configuration or this machine has one; else none."""
    return int(GPU_HERE and method_facts(experiment_of(wildcards).method).on_gpu)


def memory_of(wildcards, attempt):
    """Memory in MB; a job that is tried again may have had too little, and gets up to three times as much."""
    return experiment_of(wildcards).allocation["mem_mb"] * min(attempt, 3)


def group_of(wildcards):
    """What shares an allocation on a cluster: a unit's training, scores and images; fits that take a minute each.

    A group must be a chain: Snakemake adds up what its members ask for wherever two could run at once.
    """
    facts = method_facts(experiment_of(wildcards).method)
    if facts.judges:  # many runs wait for it
        return f"judge_{wildcards.unit}"
    return f"unit_{wildcards.unit}" if facts.on_gpu else "fits"


# --- measures, tables, figures -----------------------------------------------------------------------


def runs_of(name, stage, output, unit=None):
    """An output of every run of an experiment that the configuration asks for, or of those of one unit."""
    runs = selected_runs(EXPERIMENTS[name], config)
    return [
        layout.path(stage, output, experiment=name, unit=of, seed=seed)
        for of, seed in runs
        if unit in (None, of)
    ]


def scores_of(wildcards):
    experiment = experiment_of(wildcards)
    return runs_of(experiment.name, experiment.scored_by, "scores")


def generated_of(wildcards):
    """What is measured of the images that an experiment's runs make, with records, where its paper asks for that.

    None where Inception's weights are not there.
    """
    if not (experiment_of(wildcards).generated and inception_is_expected()):
        return []
    found = runs_of(wildcards.experiment, "generate", "generated")
    return found + [str(Path(path).with_name("generate.json")) for path in found]


def inception_is_expected():
    """Whether the weights of Inception Score and FID are there, or are to be fetched."""
    made = Path(layout.path("weights", "weights", weights="inception_fid"))
    published = Path(config["data_dir"], "inception_fid").glob("*.pth")
    return config["inception"] == "fetch" or made.exists() or any(published)


def records_of_scores(wildcards):
    return [str(Path(path).with_name("score.json")) for path in scores_of(wildcards)]


def trainings_of(wildcards):
    """The records of the trainings behind the scores of an experiment, each once, and what of them is measured."""
    experiment = experiment_of(wildcards)
    reading = reading_of_run(wildcards)
    runs = dict.fromkeys(
        (experiment.trained_unit(unit, reading), seed)
        for unit, seed in selected_runs(experiment, config)
    )
    named = [
        {"experiment": experiment.name, "unit": unit, "seed": seed}
        for unit, seed in runs
    ]
    records = [layout.record("train", **run) for run in named]
    if not experiment.late:
        return records
    return records + [layout.path("train", "history", **run) for run in named]


def splits_of(wildcards):
    """The splits that an experiment's runs are trained and tested on, each once."""
    experiment = experiment_of(wildcards)
    reading = reading_of_run(wildcards)
    runs = [
        (one, seed)
        for unit, seed in selected_runs(experiment, config)
        for one in (unit, experiment.trained_unit(unit, reading))
    ]
    return list(dict.fromkeys(split_for(experiment, *run) for run in runs))


def resemblance_of(wildcards):
    """What the reconstructions of an experiment's runs resemble, with records, where its paper speaks of that."""
    if not experiment_of(wildcards).resemblance:
        return []
    found = runs_of(wildcards.experiment, "resemble", "resemblance")
    return found + [str(Path(path).with_name("resemble.json")) for path in found]


def measures_and_counts(wildcards):
    """What a table is made from: measures of its experiments, or counts of its data sets that are used."""
    _, table = TABLES[wildcards.table]
    used = config.get("datasets", DATASETS)
    counted = [entry["dataset"] for entry in table.get("counts", {}).values()]
    return [
        layout.path("measure", "measures", experiment=name)
        for name in experiments_in(table)
    ] + [
        layout.path("count", "counts", dataset=name) for name in counted if name in used
    ]


def readings_of_table(name):
    """Experiment -> its reading, where some of its settings are read otherwise than all others."""
    readings = {
        one: asked_reading(EXPERIMENTS[one], config)
        for one in experiments_in(TABLES[name][1])
    }
    return {one: text for one, text in readings.items() if text != config["reading"]}


def inputs_of_figure(wildcards):
    """The files that a figure is drawn from, as its kind has it."""
    entry = FIGURES[wildcards.figure][1]
    kind = FIGURE_KINDS[entry["kind"]]
    if kind.stage == "compare":
        return layout.path("compare", kind.output, table=entry["table"])
    if kind.stage == "contrast":
        return layout.path("contrast", kind.output, weights=config["features"])
    names = experiments_in(entry)
    if kind.stage == "measure":
        return [layout.path("measure", kind.output, experiment=name) for name in names]
    shown = []
    for name in names:
        paths = runs_of(name, kind.stage, kind.output, entry.get("unit"))
        if kind.runs == FIRST:
            paths = paths[:1]
        elif kind.runs == FIRST_OF_EACH_UNIT:
            units = {}
            for path in paths:
                units.setdefault(Path(path).parents[1], path)
            paths = list(units.values())
        shown += paths
    return shown


def results_of(name):
    """A table in all its forms, and its figures for which there is something to show."""
    _, table = TABLES[name]
    forms = [
        layout.path("compare", form, table=name)
        for form in layout.STAGES["compare"].outputs
    ]
    return forms + [
        layout.path("plot", "figure", figure=figure)
        for figure in table["figures"]
        if has_runs(FIGURES[figure][1])
    ]


def has_runs(figure):
    """Whether every experiment that a figure shows has runs, of its unit where it names one."""
    return all(
        any(
            figure.get("unit", unit) == unit
            for unit, _ in selected_runs(EXPERIMENTS[name], config)
        )
        for name in experiments_in(figure)
    )


def results_of_paper(name):
    """All tables and figures of a paper that are results of it."""
    paper = PAPERS[name]
    tables = [key for key, table in paper.tables.items() if not table["demo"]]
    return [path for key in tables for path in results_of(key)] + [
        layout.path("plot", "figure", figure=key)
        for key, figure in paper.figures.items()
        if figure.get("target") and has_runs(figure)
    ]

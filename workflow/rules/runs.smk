# One training, its scores and its pictures; the only rules that compute on a GPU.
# Params say what is computed, and a change of theirs reruns it. Resources say where and with what; device and
# data_dir stand among them because a change of them must rerun nothing.


# Edited images are judged by a classifier, itself a run of its own; what is written is the same.
JUDGED = [name for name, experiment in EXPERIMENTS.items() if experiment.judged]
NOT_JUDGED = [name for name in EXPERIMENTS if name not in JUDGED]

DATA = {"split": split_of, "inventory": inventory_of, "weights": weights_of}
TRAINED = DATA | {"model": model_of}
MODEL = "--model {input.model:q}"


localrules:
    extremes,


rule train:
    """Train a method on one unit with one seed."""
    input:
        **DATA,
    output:
        **layout.outputs("train"),
    log:
        layout.log("train"),
    group:
        group_of
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("train"),
        checkpoint_seconds=config["checkpoint_seconds"],
    params:
        **params_of_run("train"),
    shell:
        # The training answers SIGTERM with a checkpoint: its shell and the one that keeps its log wait for it.
        command_of_run(
            "train",
            "--checkpoint-seconds {resources.checkpoint_seconds:q}",
            "--model {output.model:q} --history {output.history:q}",
            before="trap : TERM INT HUP;",
            log="2>&1 | (trap '' TERM INT HUP; exec tee {log:q})",
        )


rule score:
    """Score the test images of one run."""
    input:
        **TRAINED,
    output:
        **layout.outputs("score"),
    log:
        layout.log("score"),
    wildcard_constraints:
        experiment="|".join(NOT_JUDGED),
    group:
        group_of
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("score"),
    shell:
        command_of_run("score", MODEL, "--scores {output.scores:q}")


rule judge:
    """Edit the test images of one run and let a classifier say what they show."""
    input:
        **TRAINED,
        judge=judge_of,
        judge_weights=judge_weights_of,
    output:
        **layout.outputs("judge"),
    log:
        layout.log("judge"),
    wildcard_constraints:
        experiment="|".join(JUDGED),
    group:
        group_of
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("judge"),
        judged=lambda wildcards: settings_digest(experiment_of(wildcards).judged),
    shell:
        command_of_run(
            "judge",
            MODEL,
            "--judge {input.judge:q} --judge-weights {input.judge_weights:q} --scores {output.scores:q}",
        )


rule edit:
    """Keep a few test images of one run with their edits, for a figure."""
    input:
        **TRAINED,
        scores=layout.path("judge", "scores"),  # what was chosen; and what shares an allocation is a chain
    output:
        **layout.outputs("edit"),
    log:
        layout.log("edit"),
    group:
        group_of
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("edit"),
    shell:
        command_of_run(
            "edit", MODEL, "--scores {input.scores:q} --images {output.images:q}"
        )


rule reconstruct:
    """Keep a few test images of one run with their reconstructions and scores, for a figure."""
    input:
        **TRAINED,
        scores=layout.path("score", "scores"),
    output:
        **layout.outputs("reconstruct"),
    log:
        layout.log("reconstruct"),
    group:
        group_of
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("reconstruct"),
    shell:
        command_of_run(
            "reconstruct",
            MODEL,
            "--scores {input.scores:q} --images {output.images:q}",
        )


rule resemble:
    """Say which classes a classifier takes the reconstructions of one run's anomalous test images for."""
    input:
        **TRAINED,
    output:
        **layout.outputs("resemble"),
    log:
        layout.log("resemble"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("resemble"),
    shell:
        command_of_run("resemble", MODEL, "--resemblance {output.resemblance:q}")


rule generate:
    """Measure the images that one run makes by Inception Score and FID."""
    input:
        **TRAINED,
        inception=layout.path("weights", "weights", weights="inception_fid"),
        reference=reference_of,
    output:
        **layout.outputs("generate"),
    log:
        layout.log("generate"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("generate"),
        generated=how_generated,
    shell:
        command_of_run(
            "generate",
            MODEL,
            "--inception {input.inception:q} --reference {input.reference:q}",
            "--generated {output.generated:q} --statistics {output.statistics:q}",
        )


rule extremes:
    """Keep the least and the most anomalous test images of one run, for a figure."""
    input:
        inventory=inventory_of,
        scores=layout.path("score", "scores"),
    output:
        **layout.outputs("extremes"),
    log:
        layout.log("extremes"),
    group:
        group_of
    conda:
        ENVIRONMENT
    resources:
        data_dir=config["data_dir"],
    params:
        code=lambda wildcards: code_of(
            "extremes", reader=DATASETS[experiment_of(wildcards).dataset].reader
        ),
    shell:
        "python workflow/scripts/extremes.py --experiment {wildcards.experiment:q}"
        " --data-dir {resources.data_dir:q} --inventory {input.inventory:q} --scores {input.scores:q}"
        " --images {output.images:q} --record {output.record:q} > {log:q} 2>&1"


rule show:
    """Keep images by which the generator of one run is shown, for figures."""
    input:
        **TRAINED,
    output:
        **layout.outputs("show"),
    log:
        layout.log("show"),
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **resources_of_run("score"),
    params:
        **params_of_run("show"),
    shell:
        command_of_run("show", MODEL, "--images {output.images:q}")

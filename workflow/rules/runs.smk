# One training, its scores and its reconstructions; the only rules that compute on a GPU.
# Params say what is computed, and a change of theirs reruns it. Resources say where and with what; device and
# data_dir stand among them because a change of them must rerun nothing.


# Edited images are judged by a classifier, itself a run of its own; what is written is the same.
JUDGED = [name for name, experiment in EXPERIMENTS.items() if experiment.judged]
NOT_JUDGED = [name for name in EXPERIMENTS if name not in JUDGED]


localrules:
    extremes,


rule train:
    """Train a method on one unit with one seed."""
    input:
        split=split_of,
        inventory=inventory_of,
        weights=weights_of,
    output:
        model=f"{RUN}/model.safetensors",
        history=f"{RUN}/history.csv",
        record=f"{RUN}/train.json",
    log:
        "results/logs/train/{experiment}/{unit}/{seed}.log",
    group:
        group_of
    conda:
        "../../envs/encore.yaml"
    threads: 1
    resources:
        gpu=gpus,
        device=config["device"],
        data_dir=config["data_dir"],
        mem_mb=memory_of,
        runtime=time_of("train"),
        checkpoint_seconds=config["checkpoint_seconds"],
    params:
        code=code_of("train.py"),
        settings=settings_of,
        reading=reading_of,
        precision=config["precision"],
        features=features_of,
    shell:
        # The training answers SIGTERM with a checkpoint: its shell and the one that keeps its log wait for it.
        "trap : TERM INT HUP; python workflow/scripts/train.py --experiment {wildcards.experiment} --unit {wildcards.unit}"
        " --seed {wildcards.seed} --reading {params.reading} --data-dir {resources.data_dir:q}"
        " --device {resources.device} --precision {params.precision} --threads {threads}"
        " --checkpoint-seconds {resources.checkpoint_seconds} --split {input.split} --inventory {input.inventory}"
        " --weights {input.weights} --features {params.features} --model {output.model} --history {output.history}"
        " --record {output.record} 2>&1 | (trap '' TERM INT HUP; exec tee {log})"


rule score:
    """Score the test images of one run."""
    input:
        split=split_of,
        inventory=inventory_of,
        weights=weights_of,
        model=model_of,
    output:
        scores=f"{RUN}/scores.csv",
        record=f"{RUN}/score.json",
    log:
        "results/logs/score/{experiment}/{unit}/{seed}.log",
    wildcard_constraints:
        experiment="|".join(NOT_JUDGED),
    group:
        group_of
    conda:
        "../../envs/encore.yaml"
    threads: 1
    resources:
        gpu=gpus,
        device=config["device"],
        data_dir=config["data_dir"],
        mem_mb=memory_of,
        runtime=time_of("score"),
    params:
        code=code_of("score.py"),
        settings=settings_of,
        reading=reading_of,
        precision=config["precision"],
        features=features_of,
    shell:
        "python workflow/scripts/score.py --experiment {wildcards.experiment} --unit {wildcards.unit}"
        " --seed {wildcards.seed} --reading {params.reading} --data-dir {resources.data_dir:q}"
        " --device {resources.device} --precision {params.precision} --threads {threads}"
        " --split {input.split} --inventory {input.inventory} --weights {input.weights} --features {params.features}"
        " --model {input.model} --scores {output.scores} --record {output.record} > {log} 2>&1"


rule judge:
    """Edit the test images of one run and let a classifier say what they show."""
    input:
        split=split_of,
        inventory=inventory_of,
        weights=weights_of,
        model=model_of,
        judge=judge_of,
        judge_weights=judge_weights_of,
    output:
        scores=f"{RUN}/scores.csv",
        record=f"{RUN}/score.json",
    log:
        "results/logs/judge/{experiment}/{unit}/{seed}.log",
    wildcard_constraints:
        experiment="|".join(JUDGED),
    group:
        group_of
    conda:
        "../../envs/encore.yaml"
    threads: 1
    resources:
        gpu=gpus,
        device=config["device"],
        data_dir=config["data_dir"],
        mem_mb=memory_of,
        runtime=time_of("score"),
    params:
        code=code_of("judge.py"),
        settings=settings_of,
        judged=lambda wildcards: settings_digest(experiment_of(wildcards).judged),
        reading=reading_of,
        precision=config["precision"],
        features=features_of,
    shell:
        "python workflow/scripts/judge.py --experiment {wildcards.experiment} --unit {wildcards.unit}"
        " --seed {wildcards.seed} --reading {params.reading} --data-dir {resources.data_dir:q}"
        " --device {resources.device} --precision {params.precision} --threads {threads}"
        " --split {input.split} --inventory {input.inventory} --weights {input.weights} --features {params.features}"
        " --model {input.model} --judge {input.judge} --judge-weights {input.judge_weights}"
        " --scores {output.scores} --record {output.record} > {log} 2>&1"


rule edit:
    """Keep a few test images of one run with their edits, for a figure."""
    input:
        split=split_of,
        inventory=inventory_of,
        weights=weights_of,
        model=model_of,
        after=f"{RUN}/scores.csv",  # what shares an allocation is a chain
    output:
        images=f"{RUN}/edits.safetensors",
        record=f"{RUN}/edit.json",
    log:
        "results/logs/edit/{experiment}/{unit}/{seed}.log",
    group:
        group_of
    conda:
        "../../envs/encore.yaml"
    threads: 1
    resources:
        gpu=gpus,
        device=config["device"],
        data_dir=config["data_dir"],
        mem_mb=memory_of,
        runtime=time_of("score"),
    params:
        code=code_of("edit.py"),
        settings=settings_of,
        reading=reading_of,
        precision=config["precision"],
        features=features_of,
    shell:
        "python workflow/scripts/edit.py --experiment {wildcards.experiment} --unit {wildcards.unit}"
        " --seed {wildcards.seed} --reading {params.reading} --data-dir {resources.data_dir:q}"
        " --device {resources.device} --precision {params.precision} --threads {threads}"
        " --split {input.split} --inventory {input.inventory} --weights {input.weights} --features {params.features}"
        " --model {input.model} --images {output.images} --record {output.record} > {log} 2>&1"


rule reconstruct:
    """Keep a few test images of one run with their reconstructions and scores, for a figure."""
    input:
        split=split_of,
        inventory=inventory_of,
        weights=weights_of,
        model=model_of,
        scores=f"{RUN}/scores.csv",
    output:
        images=f"{RUN}/reconstructions.safetensors",
        record=f"{RUN}/reconstruct.json",
    log:
        "results/logs/reconstruct/{experiment}/{unit}/{seed}.log",
    group:
        group_of
    conda:
        "../../envs/encore.yaml"
    threads: 1
    resources:
        gpu=gpus,
        device=config["device"],
        data_dir=config["data_dir"],
        mem_mb=memory_of,
        runtime=time_of("score"),
    params:
        code=code_of("reconstruct.py"),
        settings=settings_of,
        reading=reading_of,
        precision=config["precision"],
        features=features_of,
    shell:
        "python workflow/scripts/reconstruct.py --experiment {wildcards.experiment} --unit {wildcards.unit}"
        " --seed {wildcards.seed} --reading {params.reading} --data-dir {resources.data_dir:q}"
        " --device {resources.device} --precision {params.precision} --threads {threads}"
        " --split {input.split} --inventory {input.inventory} --weights {input.weights} --features {params.features}"
        " --model {input.model} --scores {input.scores} --images {output.images} --record {output.record} > {log} 2>&1"


rule resemble:
    """Say which classes a classifier takes the reconstructions of one run's anomalous test images for."""
    input:
        split=split_of,
        inventory=inventory_of,
        weights=weights_of,
        model=model_of,
    output:
        resemblance=f"{RUN}/resemblance.csv",
        record=f"{RUN}/resemble.json",
    log:
        "results/logs/resemble/{experiment}/{unit}/{seed}.log",
    conda:
        "../../envs/encore.yaml"
    threads: 1
    resources:
        gpu=gpus,
        device=config["device"],
        data_dir=config["data_dir"],
        mem_mb=memory_of,
        runtime=time_of("score"),
    params:
        code=code_of("resemble.py"),
        settings=settings_of,
        reading=reading_of,
        precision=config["precision"],
        features=features_of,
    shell:
        "python workflow/scripts/resemble.py --experiment {wildcards.experiment} --unit {wildcards.unit}"
        " --seed {wildcards.seed} --reading {params.reading} --data-dir {resources.data_dir:q}"
        " --device {resources.device} --precision {params.precision} --threads {threads}"
        " --split {input.split} --inventory {input.inventory} --weights {input.weights} --features {params.features}"
        " --model {input.model} --resemblance {output.resemblance} --record {output.record} > {log} 2>&1"


rule extremes:
    """Keep the least and the most anomalous test images of one run, for a figure."""
    input:
        inventory=inventory_of,
        scores=f"{RUN}/scores.csv",
    output:
        images=f"{RUN}/extremes.safetensors",
        record=f"{RUN}/extremes.json",
    log:
        "results/logs/extremes/{experiment}/{unit}/{seed}.log",
    group:
        group_of
    conda:
        "../../envs/encore.yaml"
    resources:
        data_dir=config["data_dir"],
    params:
        code=script_code("extremes.py"),
    shell:
        "python workflow/scripts/extremes.py --experiment {wildcards.experiment}"
        " --data-dir {resources.data_dir:q} --inventory {input.inventory} --scores {input.scores}"
        " --images {output.images} --record {output.record} > {log} 2>&1"

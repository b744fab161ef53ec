# From a publisher's server, or a folder that holds the files already, to checked raw files and splits.


localrules:
    download,
    weights,
    count,
    split,


rule download:
    """Fetch a dataset's raw files, or find them in data_dir, and check them."""
    output:
        **layout.outputs("download"),
    log:
        layout.log("download"),
    conda:
        ENVIRONMENT
    resources:
        data_dir=config["data_dir"],
    params:
        accept=lambda wildcards: wildcards.dataset in config["accept_unverified"],
    shell:
        "python workflow/scripts/download.py {wildcards.dataset:q}"
        " --data-dir {resources.data_dir:q} --accept-unverified {params.accept:q}"
        " --inventory {output.inventory:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule weights:
    """Fetch pretrained weights, check them, and keep their tensors as safetensors."""
    output:
        **layout.outputs("weights"),
    log:
        layout.log("weights"),
    conda:
        ENVIRONMENT
    resources:
        data_dir=config["data_dir"],
    shell:
        "python workflow/scripts/weights.py {wildcards.weights:q}"
        " --data-dir {resources.data_dir:q} --output {output.weights:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule filter_statistics:
    """Measure mean and standard deviation of a network's filter responses over a folder of photographs."""
    input:
        layout.path("weights", "weights"),
    output:
        **layout.outputs("filter_statistics"),
    log:
        layout.log("filter_statistics"),
    conda:
        ENVIRONMENT
    resources:
        photographs=config["photographs"],
        device=DEVICE,
        gpu=int(GPU_HERE),
    params:
        code=code_of("filter_statistics"),
    shell:
        "python workflow/scripts/filter_statistics.py {wildcards.weights:q} --weights {input:q}"
        " --photographs {resources.photographs:q} --device {resources.device:q}"
        " --output {output.statistics:q} --record {output.record:q} 2>&1 | tee {log:q}"


rule contrast:
    """Measure how perceptual losses depend on the contrast of a photograph."""
    input:
        lambda wildcards: [
            f"results/weights/{name}.safetensors"
            for name in pretrained_weights({"features": wildcards.weights})
        ],
    output:
        **layout.outputs("contrast"),
    log:
        layout.log("contrast"),
    conda:
        ENVIRONMENT
    resources:
        photographs=config["photographs"],
        device=DEVICE,
        gpu=int(GPU_HERE),
    params:
        code=code_of("contrast"),
    shell:
        "python workflow/scripts/contrast.py {wildcards.weights:q} --weights {input:q}"
        " --photographs {resources.photographs:q} --device {resources.device:q}"
        " --output {output.contrast:q} --record {output.record:q} > {log:q} 2>&1"


rule count:
    """Count the images of a dataset, by class or attribute."""
    input:
        layout.path("download", "inventory"),
    output:
        **layout.outputs("count"),
    log:
        layout.log("count"),
    conda:
        ENVIRONMENT
    resources:
        data_dir=config["data_dir"],
    params:
        code=lambda wildcards: code_of(
            "count", reader=DATASETS[wildcards.dataset].reader
        ),
    shell:
        "python workflow/scripts/count.py {wildcards.dataset:q} --data-dir {resources.data_dir:q}"
        " --inventory {input:q} --output {output.counts:q} --record {output.record:q} > {log:q} 2>&1"


rule split:
    """Divide a dataset into train and test for one unit."""
    input:
        inventory_of_split,
    output:
        **layout.outputs("split"),
    log:
        layout.log("split"),
    conda:
        ENVIRONMENT
    resources:
        data_dir=config["data_dir"],
    params:
        code=lambda wildcards: code_of(
            "split",
            protocol=wildcards.protocol,
            reader=DATASETS[wildcards.dataset].reader,
        ),
        classes=lambda wildcards: list(DATASETS[wildcards.dataset].classes),
    shell:
        "python workflow/scripts/split.py --dataset {wildcards.dataset:q} --protocol {wildcards.protocol:q}"
        " --unit {wildcards.unit:q} --split-seed {wildcards.split_seed:q} --data-dir {resources.data_dir:q}"
        " --inventory {input:q} --output {output.split:q} --record {output.record:q} > {log:q} 2>&1"

# From a publisher's server, or a folder that holds the files already, to checked raw files.


localrules:
    download,
    weights,
    count,
    split,


rule download:
    """Fetch a dataset's raw files, or find them in data_dir, and check them."""
    output:
        inventory="results/datasets/{dataset}.csv",
        record="results/datasets/{dataset}.json",
    log:
        "results/logs/download/{dataset}.log",
    conda:
        "../../envs/encore.yaml"
    resources:
        data_dir=config["data_dir"],
    params:
        accept=lambda wildcards: wildcards.dataset in config["accept_unverified"],
    shell:
        "python workflow/scripts/download.py {wildcards.dataset}"
        " --data-dir {resources.data_dir:q} --accept-unverified {params.accept}"
        " --inventory {output.inventory} --record {output.record} 2>&1 | tee {log}"


rule weights:
    """Fetch pretrained weights, check them, and keep their tensors as safetensors."""
    output:
        weights="results/weights/{weights}.safetensors",
        record="results/weights/{weights}.json",
    log:
        "results/logs/weights/{weights}.log",
    conda:
        "../../envs/encore.yaml"
    resources:
        data_dir=config["data_dir"],
    shell:
        "python workflow/scripts/weights.py {wildcards.weights}"
        " --data-dir {resources.data_dir:q} --output {output.weights} --record {output.record} 2>&1 | tee {log}"


rule filter_statistics:
    """Measure mean and standard deviation of a network's filter responses over a folder of photographs."""
    input:
        "results/weights/{weights}.safetensors",
    output:
        statistics="results/weights/{weights}_statistics.safetensors",
        record="results/weights/{weights}_statistics.json",
    log:
        "results/logs/filter_statistics/{weights}.log",
    conda:
        "../../envs/encore.yaml"
    resources:
        photographs=config["photographs"],
        device=config["device"],
        gpu=int(GPU_HERE),
    params:
        code=script_code("filter_statistics.py"),
    shell:
        "python workflow/scripts/filter_statistics.py {wildcards.weights} --weights {input}"
        " --photographs {resources.photographs:q} --device {resources.device}"
        " --output {output.statistics} --record {output.record} 2>&1 | tee {log}"


rule contrast:
    """Measure how perceptual losses depend on the contrast of a photograph."""
    input:
        lambda wildcards: [
            f"results/weights/{name}.safetensors"
            for name in papers.pretrained_weights({"features": wildcards.weights})
        ],
    output:
        contrast="results/weights/{weights}_contrast.safetensors",
        record="results/weights/{weights}_contrast.json",
    log:
        "results/logs/contrast/{weights}.log",
    conda:
        "../../envs/encore.yaml"
    resources:
        photographs=config["photographs"],
        device=config["device"],
        gpu=int(GPU_HERE),
    params:
        code=script_code("contrast.py"),
    shell:
        "python workflow/scripts/contrast.py {wildcards.weights} --weights {input}"
        " --photographs {resources.photographs:q} --device {resources.device}"
        " --output {output.contrast} --record {output.record} > {log} 2>&1"


rule count:
    """Count the images of a dataset, by class or attribute."""
    input:
        "results/datasets/{dataset}.csv",
    output:
        counts="results/datasets/{dataset}_counts.csv",
        record="results/datasets/{dataset}_counts.json",
    log:
        "results/logs/count/{dataset}.log",
    conda:
        "../../envs/encore.yaml"
    resources:
        data_dir=config["data_dir"],
    params:
        code=script_code("count.py"),
    shell:
        "python workflow/scripts/count.py {wildcards.dataset} --data-dir {resources.data_dir:q}"
        " --inventory {input} --output {output.counts} --record {output.record} > {log} 2>&1"


rule split:
    """Divide a dataset into train and test, normal and anomalous, for one unit."""
    input:
        "results/datasets/{dataset}.csv",
    output:
        split="results/splits/{dataset}/{protocol}/{unit}/{split_seed}.safetensors",
        record="results/splits/{dataset}/{protocol}/{unit}/{split_seed}.json",
    log:
        "results/logs/split/{dataset}/{protocol}/{unit}/{split_seed}.log",
    conda:
        "../../envs/encore.yaml"
    resources:
        data_dir=config["data_dir"],
    params:
        code=script_code("split.py"),
        classes=lambda wildcards: list(DATASETS[wildcards.dataset].classes),
    shell:
        "python workflow/scripts/split.py --dataset {wildcards.dataset} --protocol {wildcards.protocol}"
        " --unit {wildcards.unit} --split-seed {wildcards.split_seed} --data-dir {resources.data_dir:q}"
        " --inventory {input} --output {output.split} --record {output.record} > {log} 2>&1"

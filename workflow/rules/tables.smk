# From scores to numbers, and from numbers to the papers' tables.


localrules:
    measure,
    compare,


rule measure:
    """Turn the scores of an experiment's runs into AUROC and AUPRC, and what its reconstructions resemble into shares."""
    input:
        scores=lambda wildcards: runs_of(wildcards.experiment, "scores.csv"),
        records=lambda wildcards: runs_of(wildcards.experiment, "score.json"),
        resemblance=resemblance_of,
    output:
        measures="results/measures/{experiment}.csv",
        record="results/measures/{experiment}.json",
    log:
        "results/logs/measure/{experiment}.log",
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("measure.py"),
        named=lambda wildcards: settings_digest(experiment_of(wildcards).resemblance),
    shell:
        "python workflow/scripts/measure.py {wildcards.experiment} --scores {input.scores}"
        " --output {output.measures} --record {output.record} > {log} 2>&1"


rule compare:
    """Set a table's measured numbers beside the printed ones."""
    input:
        measures_and_counts,
    output:
        csv="results/tables/{table}.csv",
        md="results/tables/{table}.md",
        tex="results/tables/{table}.tex",
        html=report(
            "results/tables/{table}.html",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        record="results/tables/{table}.json",
    log:
        "results/logs/compare/{table}.log",
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("compare.py"),
        data=lambda wildcards: papers.table_digest(wildcards.table),
        title=lambda wildcards: TABLES[wildcards.table][1]["title"],
        paper=lambda wildcards: TABLES[wildcards.table][0].about["title"],
        reading=config["reading"],
    shell:
        "python workflow/scripts/compare.py {wildcards.table} --reading {params.reading}"
        " --inputs {input} --csv {output.csv} --md {output.md} --tex {output.tex} --html {output.html}"
        " --record {output.record} > {log} 2>&1"

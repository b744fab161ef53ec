# From scores to numbers, and from numbers to the papers' tables.


localrules:
    measure,
    compare,


rule measure:
    """Turn the scores of an experiment's runs into its metrics."""
    input:
        scores=scores_of,
        records=records_of_scores,
        trainings=trainings_of,
        splits=splits_of,
        resemblance=resemblance_of,
        generated=generated_of,
    output:
        **layout.outputs("measure"),
    log:
        layout.log("measure"),
    conda:
        ENVIRONMENT
    params:
        code=lambda wildcards: code_of_measure(experiment_of(wildcards)),
        named=named_of,
    shell:
        "python workflow/scripts/measure.py {wildcards.experiment:q} --scores {input.scores:q}"
        " --generated {input.generated:q} --output {output.measures:q} --record {output.record:q} > {log:q} 2>&1"


rule compare:
    """Set a table's measured numbers beside the printed ones."""
    input:
        measures_and_counts,
    output:
        **(
            layout.outputs("compare")
            | {
                "html": report(
                    layout.path("compare", "html"),
                    caption="../report/table.rst",
                    category="Tables",
                    labels={"table": "{table}"},
                )
            }
        ),
    log:
        layout.log("compare"),
    conda:
        ENVIRONMENT
    params:
        code=code_of("compare"),
        data=lambda wildcards: table_digest(wildcards.table),
        title=lambda wildcards: TABLES[wildcards.table][1]["title"],
        paper=lambda wildcards: TABLES[wildcards.table][0].about["title"],
        reading=config["reading"],
        readings=lambda wildcards: json.dumps(readings_of_table(wildcards.table)),
        templates=TEMPLATES,
    shell:
        "python workflow/scripts/compare.py {wildcards.table:q} --reading {params.reading:q}"
        " --readings {params.readings:q} --inputs {input:q} --csv {output.csv:q} --md {output.md:q} --tex {output.tex:q}"
        " --html {output.html:q} --record {output.record:q} > {log:q} 2>&1"

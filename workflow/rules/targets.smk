# What a user asks for by name; `snakemake --list-target-rules` is the menu.


localrules:
    plan,
    status,


rule all:
    """Every table and figure of the papers that config.yaml lists."""
    default_target: True
    input:
        made([path for paper in config["papers"] for path in results_of_paper(paper)]),


rule plan:
    """What `all`, or the targets named beside it, would take before anything runs: runs, iterations, hours, disk."""
    log:
        "results/logs/plan.log",
    conda:
        ENVIRONMENT
    params:
        config=json.dumps(config),
        scope=SCOPE,
    shell:
        "python workflow/scripts/plan.py {params.scope:q} --config {params.config:q} 2>&1 | tee {log:q}"


rule status:
    """How far the tables are, or the targets named beside it: runs done, running, stopped, failed, with their logs."""
    log:
        "results/logs/status.log",
    conda:
        ENVIRONMENT
    params:
        config=json.dumps(config),
        scope=SCOPE,
    shell:
        "python workflow/scripts/status.py {params.scope:q} --config {params.config:q} 2>&1 | tee {log:q}"


for target_name, (target_paper, target_table) in TABLES.items():

    rule:
        name:
            target_name
        input:
            made(results_of(target_name)),

    workflow.get_rule(target_name).docstring = (
        f"{target_table['title']} ({target_paper.name}, {target_table.get('source', 'no result of the paper')})."
    )


for target_paper in PAPERS.values():
    for target_name, target_group in target_paper.targets.items():

        rule:
            name:
                target_name
            input:
                made(
                    [
                        path
                        for table in target_group["tables"]
                        for path in results_of(table)
                    ]
                ),

        workflow.get_rule(target_name).docstring = (
            f"{target_group['title']} ({target_paper.name})."
        )


for target_name, (target_paper, target_figure) in FIGURES.items():
    if target_figure.get("target"):

        rule:
            name:
                target_name
            input:
                made([layout.path("plot", "figure", figure=target_name)]),

        workflow.get_rule(target_name).docstring = (
            f"{target_figure['title']} ({target_paper.name})."
        )


for target_name, target_paper in PAPERS.items():

    rule:
        name:
            target_name
        input:
            made(results_of_paper(target_name)),

    workflow.get_rule(target_name).docstring = (
        f"All of: {target_paper.about['title']} ({target_paper.about['year']})."
    )


check_targets()

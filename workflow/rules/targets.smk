# What a user asks for by name; `snakemake --list-target-rules` is the menu.


rule all:
    """Every table and figure of the papers that config.yaml lists."""
    default_target: True
    input:
        [path for paper in config["papers"] for path in results_of_paper(paper)],


for target_name, (target_paper, target_table) in TABLES.items():

    rule:
        name:
            target_name
        input:
            results_of(target_name),

    workflow.get_rule(target_name).docstring = (
        f"{target_table['title']} ({target_paper.name}, {target_table.get('source', 'no result of the paper')})."
    )


for target_name, target_paper in PAPERS.items():

    rule:
        name:
            target_name
        input:
            results_of_paper(target_name),

    workflow.get_rule(target_name).docstring = (
        f"All of: {target_paper.about['title']} ({target_paper.about['year']})."
    )

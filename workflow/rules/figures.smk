# Every table has its figures; a rule for each kind.


localrules:
    plot_cells,
    plot_history,
    plot_reconstructions,
    plot_sweep,


rule plot_cells:
    """Draw a table's numbers with their intervals beside the printed ones."""
    input:
        lambda wildcards: f"results/tables/{figure_entry(wildcards)['table']}.csv",
    output:
        figure=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        record="results/figures/{figure}.json",
    log:
        "results/logs/plot/{figure}.log",
    wildcard_constraints:
        figure=figures_of_kind("cells"),
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("plot_cells.py"),
        title=lambda wildcards: figure_entry(wildcards)["title"],
        caption=lambda wildcards: figure_entry(wildcards)["caption"],
    shell:
        "python workflow/scripts/plot_cells.py {wildcards.figure} --table {input}"
        " --output {output.figure} --record {output.record} > {log} 2>&1"


rule plot_history:
    """Draw the losses of an experiment's runs."""
    input:
        lambda wildcards: runs_of(figure_entry(wildcards)["experiment"], "history.csv"),
    output:
        figure=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        record="results/figures/{figure}.json",
    log:
        "results/logs/plot/{figure}.log",
    wildcard_constraints:
        figure=figures_of_kind("history"),
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("plot_history.py"),
        title=lambda wildcards: figure_entry(wildcards)["title"],
        caption=lambda wildcards: figure_entry(wildcards)["caption"],
    shell:
        "python workflow/scripts/plot_history.py {wildcards.figure} --histories {input}"
        " --output {output.figure} --record {output.record} > {log} 2>&1"


rule plot_reconstructions:
    """Draw test images above their reconstructions."""
    input:
        reconstructions_of,
    output:
        figure=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        record="results/figures/{figure}.json",
    log:
        "results/logs/plot/{figure}.log",
    wildcard_constraints:
        figure=figures_of_kind("reconstructions"),
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("plot_reconstructions.py"),
        title=lambda wildcards: figure_entry(wildcards)["title"],
        caption=lambda wildcards: figure_entry(wildcards)["caption"],
    shell:
        "python workflow/scripts/plot_reconstructions.py {wildcards.figure} --reconstructions {input}"
        " --output {output.figure} --record {output.record} > {log} 2>&1"


rule plot_sweep:
    """Draw a score's AUROC over a swept setting, with the printed number."""
    input:
        lambda wildcards: f"results/measures/{figure_entry(wildcards)['experiment']}.csv",
    output:
        figure=report(
            "results/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        record="results/figures/{figure}.json",
    log:
        "results/logs/plot/{figure}.log",
    wildcard_constraints:
        figure=figures_of_kind("sweep"),
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("plot_sweep.py"),
        data=lambda wildcards: papers.table_digest(figure_entry(wildcards)["table"]),
        title=lambda wildcards: figure_entry(wildcards)["title"],
        caption=lambda wildcards: figure_entry(wildcards)["caption"],
    shell:
        "python workflow/scripts/plot_sweep.py {wildcards.figure} --measures {input}"
        " --output {output.figure} --record {output.record} > {log} 2>&1"

# Every table has its figures.


localrules:
    plot,


rule plot:
    """Draw a figure: a table's numbers, losses, images, or a sweep."""
    input:
        inputs_of_figure,
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
    conda:
        "../../envs/encore.yaml"
    params:
        code=script_code("plot.py"),
        data=lambda wildcards: papers.figure_digest(wildcards.figure),
        title=lambda wildcards: FIGURES[wildcards.figure][1]["title"],
        caption=lambda wildcards: FIGURES[wildcards.figure][1]["caption"],
    shell:
        "python workflow/scripts/plot.py {wildcards.figure} --inputs {input}"
        " --output {output.figure} --record {output.record} > {log} 2>&1"

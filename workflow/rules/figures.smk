# Every table has its figures.


localrules:
    plot,


rule plot:
    """Draw a figure: a table's numbers, losses, images, or a sweep."""
    input:
        inputs_of_figure,
    output:
        figure=report(
            layout.path("plot", "figure"),
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        record=layout.record("plot"),
    log:
        layout.log("plot"),
    conda:
        ENVIRONMENT
    params:
        code=lambda wildcards: code_of(
            "plot", kind=FIGURES[wildcards.figure][1]["kind"]
        ),
        data=lambda wildcards: figure_digest(wildcards.figure),
        title=lambda wildcards: FIGURES[wildcards.figure][1]["title"],
        caption=lambda wildcards: FIGURES[wildcards.figure][1]["caption"],
    shell:
        "python workflow/scripts/plot.py {wildcards.figure:q} --inputs {input:q}"
        " --output {output.figure:q} --record {output.record:q} > {log:q} 2>&1"

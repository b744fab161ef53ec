# The pages that a person reads who is handed the results. They show what is there, and make nothing.


localrules:
    report,


rule report:
    """Write results/index.html and report.zip: every table, claim and figure there is, and each number explained."""
    log:
        "results/logs/report/report.log",
    conda:
        ENVIRONMENT
    params:
        config=json.dumps(config),
    shell:
        "python workflow/scripts/report.py --config {params.config:q} 2>&1 | tee {log:q}"

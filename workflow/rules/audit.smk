# The audit trail of all that is there: written on demand, and whenever Snakemake ends (ends.smk).


localrules:
    audit,


rule audit:
    """Write results/audit again: every number's chain, and checksums of every file."""
    log:
        "results/logs/audit.log",
    conda:
        ENVIRONMENT
    params:
        config=json.dumps(config),
    shell:
        "python workflow/scripts/audit.py --config {params.config:q} 2>&1 | tee {log:q}"

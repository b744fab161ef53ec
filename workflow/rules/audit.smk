# The audit trail covers all that is there, so it is written whenever Snakemake ends, and on demand.


localrules:
    audit,


rule audit:
    """Write results/audit again: every number's chain, and checksums of every file."""
    log:
        "results/logs/audit.log",
    conda:
        "../../envs/encore.yaml"
    shell:
        "python workflow/scripts/audit.py 2>&1 | tee {log}"


onsuccess:
    shell("python workflow/scripts/audit.py")


onerror:
    shell("python workflow/scripts/audit.py")

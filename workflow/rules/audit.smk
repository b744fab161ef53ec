# The audit trail covers all that is there, so it is written whenever Snakemake ends, and on demand.


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
        "python workflow/scripts/audit.py --config {params.config:q} 2>&1 | tee {log}"


def write_audit():
    """Write results/audit, with the configuration as it is resolved here."""
    resolved = json.dumps(config)
    shell("python workflow/scripts/audit.py --config {resolved:q}")


onstart:
    if Path("results").exists() and not os.access("results", os.W_OK):
        raise WorkflowError(
            "results cannot be written here; make it writable, or a link to a folder that is."
        )


onsuccess:
    # Every training that is whole has its scores now.
    for record in Path("results/runs").glob("*/*/*/train.json"):
        for scratch in (layout.CHECKPOINT, layout.LOCK):
            record.with_name(scratch).unlink(missing_ok=True)
    write_audit()


onerror:
    write_audit()

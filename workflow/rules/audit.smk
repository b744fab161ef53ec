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


onstart:
    if Path("results").exists() and not os.access("results", os.W_OK):
        raise WorkflowError(
            "results can not be written here; make it writable, or a link to a folder that is."
        )


onsuccess:
    for checkpoint in Path("results/runs").glob("*/*/*/checkpoint.safetensors"):
        if checkpoint.with_name("train.json").exists():
            checkpoint.unlink()  # of a training that is whole, whose scores are there now
    shell("python workflow/scripts/audit.py")


onerror:
    shell("python workflow/scripts/audit.py")

# What happens when Snakemake starts and when it ends: scratch of whole runs goes, the audit trail is written again.


def write_audit():
    """Write results/audit, with the configuration as it is resolved here."""
    resolved = json.dumps(config)
    shell("python workflow/scripts/audit.py --config {resolved:q}")


onstart:
    if Path("results").exists() and not os.access("results", os.W_OK):
        raise WorkflowError(
            "results cannot be written here; make it writable, or a link to a folder that is."
        )


def jobs_done():
    """The rules of which Snakemake ran a job."""
    return {job.rule.name for job in workflow.dag.finished_jobs}


def remove_scratch():
    """Remove checkpoints and locks of every run that is whole: all that its model scores is there, nobody writes."""
    for record in Path("results/runs").glob("*/*/*/train.json"):
        name, unit, seed = record.parts[-4:-1]
        experiment = EXPERIMENTS.get(name)
        if experiment is None:  # of a paper that is no longer here
            continue
        reading = reading_for(experiment, config)
        scored = [
            Path(
                layout.record(experiment.scored_by, experiment=name, unit=of, seed=run)
            )
            for of, run in selected_runs(experiment, config)
            if experiment.trained_unit(of, reading) == unit and str(run) == seed
        ]
        whole = scored and all(path.is_file() for path in scored)
        if whole and who_holds(record.parent) is None:
            for scratch in (layout.CHECKPOINT, layout.LOCK):
                record.with_name(scratch).unlink(missing_ok=True)


onsuccess:
    done = jobs_done()
    if done & set(layout.MAIN):
        remove_scratch()
    if done - LOOKS_ONLY - set(TARGETS):
        write_audit()


onerror:
    write_audit()

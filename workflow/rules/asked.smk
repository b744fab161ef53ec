# What was asked for by name, and whether there is any such thing.

LOOKS_ONLY = {"plan", "status"}  # they make nothing, whatever is named beside them
ACTIONS = {*LOOKS_ONLY, "audit", "report"}
GROUPS = {
    name: group for paper in PAPERS.values() for name, group in paper.targets.items()
}
TARGETS = {
    "all": config["papers"],
    **{name: [name] for name in (*TABLES, *GROUPS, *PAPERS)},
    **{name: [name] for name, (_, one) in FIGURES.items() if one.get("target")},
}
NAMED = list(ASKED.targets) if ASKED else []
# Beside `plan` and `status`, names only say of what they speak.
LOOKS = bool(LOOKS_ONLY.intersection(NAMED))
SCOPE = [part for name in NAMED for part in TARGETS.get(name, ())] if LOOKS else []


def check_targets():
    """End in a sentence, with the nearest name, where Snakemake would find no rule, or say nothing at all."""
    for name in NAMED:
        if LOOKS and name not in {*ACTIONS, *TARGETS}:
            sys.exit(
                "Beside `plan` and `status` stand names of papers, tables and figures, "
                f"found {name!r}; {nearest_target(name, TARGETS)}"
            )
        if not (workflow.is_rule(name) or Path(name).exists() or is_made(name)):
            known = files_of_targets() if "/" in name else [*ACTIONS, *TARGETS]
            sys.exit(f"There is no target {name!r}; {nearest_target(name, known)}")
        check_unit(name)
    for option in ("until", "omit_from", "forcerun") if ASKED else ():
        for name in getattr(ASKED, option) or ():
            if not (workflow.is_rule(name) or Path(name).exists() or is_made(name)):
                known = [one.name for one in workflow.rules]
                flag = option.replace("_", "-")
                sys.exit(f"--{flag}: there is no rule {name!r}; {nearest(name, known)}")


def check_unit(name):
    """End in a sentence where a file of a run is asked for of a unit that its experiment has not."""
    parts = Path(name).parts
    if parts[:2] == ("results", "runs") and len(parts) > 3 and parts[2] in EXPERIMENTS:
        experiment, unit = EXPERIMENTS[parts[2]], parts[3]
        reading = reading_for(experiment, config)
        trained = [experiment.trained_unit(one, reading) for one in experiment.units]
        if unit not in (known := {*experiment.units, *trained}):
            hint = nearest(unit, sorted(known))
            sys.exit(f"{name}: {experiment.name} has no unit {unit!r}; {hint}")


def files_of_targets():
    """The tables' and figures' files."""
    parts = {part for names in TARGETS.values() for part in names}
    return [f"results/{file}" for part in parts for file in results_named(part)]


def is_made(name):
    """Whether a rule makes the file `name`."""
    return any(one.is_producer(name) for one in workflow.rules)


def nearest_target(name, known):
    """A hint for a message: the nearest of what is known, or where to find it."""
    hint = nearest(name, known)
    menu = "`snakemake --list-target-rules` is the menu."
    return hint if hint.startswith("did") else menu


def made(paths):
    """What a target makes: nothing where it only says of what `plan` or `status` speaks."""
    return [] if LOOKS else paths

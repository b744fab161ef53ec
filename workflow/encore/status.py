"""How far the tables are: every run's state as its files, its log and its lock tell it."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from encore.audit.records import RecordError, read_record
from encore.papers import layout
from encore.papers.config import reading_for, selected_runs
from encore.papers.find import find_experiment, parts_of
from encore.papers.model import Experiment, Paper, experiments_in, pretrained_weights
from encore.papers.present import staleness
from encore.runs.lock import who_holds

WIDTH = 110
SIGNS = {
    "done": "●",
    "stale": "†",
    "diverged": "!",
    "running": "▶",
    "stopped": "‖",
    "failed": "✗",
    "waiting": "·",
}
MEANINGS = {
    "done": "done",
    "stale": "done by other code or settings than the present ones",
    "diverged": "diverged",
    "running": "running",
    "stopped": "stopped, goes on from its checkpoint",
    "failed": "failed",
    "waiting": "not begun, or waiting for another step",
}


@dataclass(frozen=True)
class State:
    """A run's state: a key of SIGNS, and for what is neither done nor waiting, a sentence and a log."""

    kind: str
    said: str = ""
    log: Path | None = None


def state_of(experiment: Experiment, unit: str, seed: int, config: Mapping) -> State:
    """The state of one run under the results of the present folder."""
    scoring = {"experiment": experiment.name, "unit": unit, "seed": seed}
    record = Path(layout.record(experiment.scored_by, **scoring))
    if record.is_file():
        return _scored(record)
    training = scoring | {"unit": experiment.trained_unit(unit, reading_for(experiment, config))}
    folder, log = layout.run_folder(**training), Path(layout.log("train", **training))
    if Path(layout.record("train", **training)).is_file():
        return _failed(Path(layout.log(experiment.scored_by, **scoring)))
    if holder := who_holds(folder):
        return State("running", f"{_last_line(log)} [{holder}]", log)
    if (folder / layout.CHECKPOINT).is_file():
        return State("stopped", _last_line(log), log)
    for earlier in (log, *_earlier_logs(experiment, training["unit"], seed, config)):
        if (state := _failed(earlier)).kind == "failed":
            return state
    return State("waiting")


def _scored(path: Path) -> State:
    """The state of a run with scores, from their record."""
    try:
        record = read_record(path)
    except RecordError as error:
        return State("failed", str(error))
    if how := staleness(record):
        return State("stale", f"scored {how}")
    return State("diverged", record["diverged"]) if "diverged" in record else State("done")


def _earlier_logs(experiment: Experiment, unit: str, seed: int, config: Mapping) -> Iterator[Path]:
    """Logs of the steps before a training whose results are not there."""
    reading = reading_for(experiment, config)
    split = {
        "dataset": experiment.dataset,
        "protocol": experiment.protocol(reading),
        "unit": experiment.split_unit(unit),
        "split_seed": experiment.split_seed_of(seed),
    }
    steps = [("download", {"dataset": experiment.dataset}), ("split", split)]
    for name in pretrained_weights(experiment.values(reading, config["features"])):
        word = name.removesuffix("_statistics")
        steps.append(("weights" if word == name else "filter_statistics", {"weights": word}))
    for stage, wildcards in steps:
        (output,) = layout.STAGES[stage].outputs
        if not Path(layout.path(stage, output, **wildcards)).is_file():
            yield Path(layout.log(stage, **wildcards))


def _failed(log: Path) -> State:
    """Failed if the log of a step without results says something, else waiting."""
    said = _last_line(log)
    return State("failed", said, log) if said else State("waiting")


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def states(experiment: Experiment, config: Mapping) -> dict[tuple[str, int], State]:
    """(unit, seed) -> state of every run that the configuration asks for."""
    runs = selected_runs(experiment, config)
    return {(unit, seed): state_of(experiment, unit, seed, config) for unit, seed in runs}


def render_status(papers: Iterable[Paper], config: Mapping, targets: Iterable[str] = ()) -> str:
    """Every table of `papers` with the state of its runs, then what is running, stopped, diverged and failed.

    targets: the papers, tables and figures that alone are shown, where any are named; a ConfigError for a
    name that is none of them. A demonstration is shown once any of its runs has begun, and where it is named.
    """
    found: dict[str, dict[tuple[str, int], State]] = {}
    blocks = []
    scope = {name: entry for target in targets for name, entry in parts_of(target).items()}
    shown = {name for name, entry in scope.items() if "kind" not in entry}
    in_tables = {one for name in shown for one in experiments_in(scope[name])}
    for paper in papers:
        for name, table in paper.tables.items():
            if scope and name not in shown:
                continue
            rows = []
            for cell in table["cells"]:
                experiment = paper.experiments[cell["experiment"]]
                if experiment.name not in found:
                    found[experiment.name] = states(experiment, config)
                rows.append((f"{cell['method']}, {cell['dataset']}", found[experiment.name]))
            begun = any(state.kind != "waiting" for _, row in rows for state in row.values())
            if rows and (begun or scope or not table["demo"]):
                blocks.append(_block(name, rows))
    for name, entry in scope.items():
        behind = set() if name in shown else {*experiments_in(entry)} - in_tables
        rows = []
        for experiment in (find_experiment(one) for one in sorted(behind)):
            found.setdefault(experiment.name, states(experiment, config))
            rows.append((f"{experiment.name}, {experiment.dataset}", found[experiment.name]))
        if rows:
            blocks.append(_block(name, rows))
    legend = "  ".join(f"{sign} {MEANINGS[kind]}" for kind, sign in SIGNS.items())
    return "\n".join([*blocks, f"One sign a seed: {legend}", *_details(found)]) + "\n"


def _block(name: str, rows: list[tuple[str, Mapping[tuple[str, int], State]]]) -> str:
    kinds = [state.kind for _, row in rows for state in row.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in SIGNS if kind in kinds and kind != "done")
    built = Path(layout.path("compare", "html", table=name))
    place = f"; last built: {built}" if built.is_file() else ""
    lines = [f"{name}: {kinds.count('done')} of {len(kinds)} runs done{counts and ', ' + counts}{place}"]
    for label, row in rows:
        by_unit: dict[str, str] = {}
        for (unit, _), state in row.items():
            by_unit[unit] = by_unit.get(unit, "") + SIGNS[state.kind]
        cells = "  ".join(f"{unit}\u00a0{signs}" for unit, signs in by_unit.items()) or "not asked for"
        wrapped = textwrap.wrap(cells, WIDTH - 6, initial_indent=" " * 6, subsequent_indent=" " * 6)
        lines += [f"   {label}", *wrapped]
    return "\n".join(lines) + "\n"


def _details(found: Mapping[str, Mapping[tuple[str, int], State]]) -> Iterator[str]:
    """What is not as it should be, each once with its log; a failure that many runs wait for stands once."""
    for kind in ("stale", "running", "stopped", "diverged", "failed"):
        said: dict[tuple[str, Path | None], list[str]] = {}
        for name, row in found.items():
            for (unit, seed), state in row.items():
                if state.kind == kind:
                    said.setdefault((state.said, state.log), []).append(f"{name} {unit}/{seed}")
        if said:
            yield f"\n{kind.capitalize()}:"
        for (sentence, log), names in said.items():
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield f"   {names[0]}{others}: {sentence or 'its log is empty'}"
            if log:
                yield f"      {log}"

"""How far the tables are: every run's state as its files, its log and its lock tell it."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from encore.audit.stale import staleness
from encore.papers import Experiment, Paper, pretrained_weights, selected_runs
from encore.training.lock import who_holds

RESULTS = Path("results")
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
    record = RESULTS / "runs" / experiment.name / unit / str(seed) / "score.json"
    if record.is_file():
        return _scored(json.loads(record.read_text(encoding="utf-8")))
    trained = experiment.trained_unit(unit, config["reading"])
    folder = RESULTS / "runs" / experiment.name / trained / str(seed)
    log = _log("train", experiment.name, trained, str(seed))
    if (folder / "train.json").is_file():
        return _failed(_log(experiment.scored_by, experiment.name, unit, str(seed)))
    if holder := who_holds(folder):
        return State("running", f"{_last_line(log)} [{holder}]", log)
    if (folder / "checkpoint.safetensors").is_file():
        return State("stopped", _last_line(log), log)
    for earlier in (log, *_earlier_logs(experiment, trained, config)):
        if (state := _failed(earlier)).kind == "failed":
            return state
    return State("waiting")


def _scored(record: Mapping) -> State:
    """The state of a run with scores."""
    if how := staleness(record):
        return State("stale", f"scored {how}")
    return State("diverged", record["diverged"]) if "diverged" in record else State("done")


def _earlier_logs(experiment: Experiment, unit: str, config: Mapping) -> Iterator[Path]:
    """Logs of the steps before a training whose results are not there."""
    protocol = experiment.protocols[config["reading"]]
    split = (experiment.dataset, protocol, experiment.split_unit(unit), str(experiment.split_seed))
    steps = [
        (RESULTS / "datasets" / f"{experiment.dataset}.csv", _log("download", experiment.dataset)),
        (RESULTS.joinpath("splits", *split).with_suffix(".safetensors"), _log("split", *split)),
    ]
    for name in pretrained_weights(experiment.values(config["reading"], config["features"])):
        rule, word = ("filter_statistics", name.removesuffix("_statistics"))
        if word == name:
            rule = "weights"
        steps.append((RESULTS / "weights" / f"{name}.safetensors", _log(rule, word)))
    return (log for result, log in steps if not result.is_file())


def _log(*parts: str) -> Path:
    return RESULTS.joinpath("logs", *parts).with_suffix(".log")


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


def render_status(papers: Iterable[Paper], config: Mapping) -> str:
    """Every table of `papers` with the state of its runs, then what is running, stopped, diverged and failed.

    A demonstration is shown once any of its runs has begun.
    """
    found: dict[str, dict[tuple[str, int], State]] = {}
    blocks = []
    for paper in papers:
        for name, table in paper.tables.items():
            rows = []
            for cell in table["cells"]:
                experiment = paper.experiments[cell["experiment"]]
                if experiment.name not in found:
                    found[experiment.name] = states(experiment, config)
                rows.append((f"{cell['method']}, {cell['dataset']}", found[experiment.name]))
            begun = any(state.kind != "waiting" for _, row in rows for state in row.values())
            if rows and (begun or not table["demo"]):
                blocks.append(_block(name, rows))
    legend = "  ".join(f"{sign} {MEANINGS[kind]}" for kind, sign in SIGNS.items())
    return "\n".join([*blocks, f"One sign a seed: {legend}", *_details(found)]) + "\n"


def _block(name: str, rows: list[tuple[str, Mapping[tuple[str, int], State]]]) -> str:
    kinds = [state.kind for _, row in rows for state in row.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in SIGNS if kind in kinds and kind != "done")
    built = RESULTS / "tables" / f"{name}.html"
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

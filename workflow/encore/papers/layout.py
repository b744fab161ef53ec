"""The layout of results: every stage of the flow once, with its files, its record, its log, and its code.

Rules, status, trail, verify, diff, plan and figures ask here where something lies. Paths are relative to the
folder that Snakemake runs in, as records name them.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path("results")
LOGS = RESULTS / "logs"
NOT_RESULTS = ("audit", "logs", "reference")  # folders of results that hold no records


@dataclass(frozen=True)
class Stage:
    """A stage: one rule, one script, and what it leaves.

    place: below results, with {wildcards}; files and the record begin with it. outputs: name -> how the
    file's name goes on. code: the modules of this package where the closure of what its numbers depend on
    begins, {method} and others standing for those of its job; none where other digests cover all it gives.
    """

    place: str
    outputs: Mapping[str, str]
    record: str = ".json"
    code: tuple[str, ...] = ()


_RUN = "runs/{experiment}/{unit}/{seed}"
_OF_RUN = ("methods.{method}", "datasets.readers.{reader}")

STAGES: Mapping[str, Stage] = {  # in the order of the flow
    "download": Stage("datasets/{dataset}", {"inventory": ".csv"}),
    "count": Stage(
        "datasets/{dataset}",
        {"counts": "_counts.csv"},
        "_counts.json",
        ("datasets.count", "datasets.readers.{reader}"),
    ),
    "weights": Stage("weights/{weights}", {"weights": ".safetensors"}),
    "filter_statistics": Stage(
        "weights/{weights}",
        {"statistics": "_statistics.safetensors"},
        "_statistics.json",
        ("runs.filter_statistics",),
    ),
    "contrast": Stage(
        "weights/{weights}", {"contrast": "_contrast.safetensors"}, "_contrast.json", ("runs.contrast",)
    ),
    "split": Stage(
        "splits/{dataset}/{protocol}/{unit}/{split_seed}",
        {"split": ".safetensors"},
        code=("datasets.divide", "datasets.protocols.{protocol}", "datasets.readers.{reader}"),
    ),
    "train": Stage(
        _RUN,
        {"model": "/model.safetensors", "history": "/history.csv"},
        "/train.json",
        ("runs.train", *_OF_RUN),
    ),
    "score": Stage(_RUN, {"scores": "/scores.csv"}, "/score.json", ("runs.score", *_OF_RUN)),
    "judge": Stage(
        _RUN, {"scores": "/scores.csv"}, "/score.json", ("runs.judge", *_OF_RUN, "methods.{judge}")
    ),
    "edit": Stage(_RUN, {"images": "/edits.safetensors"}, "/edit.json", ("runs.edit", *_OF_RUN)),
    "show": Stage(_RUN, {"images": "/shown.safetensors"}, "/show.json", ("runs.show", *_OF_RUN)),
    "reconstruct": Stage(
        _RUN,
        {"images": "/reconstructions.safetensors"},
        "/reconstruct.json",
        ("runs.reconstruct", *_OF_RUN),
    ),
    "resemble": Stage(
        _RUN, {"resemblance": "/resemblance.csv"}, "/resemble.json", ("runs.resemble", *_OF_RUN)
    ),
    "generate": Stage(
        _RUN,
        {"generated": "/generated.csv", "statistics": "/statistics.safetensors"},
        "/generate.json",
        ("runs.generate", *_OF_RUN),
    ),
    "extremes": Stage(
        _RUN,
        {"images": "/extremes.safetensors"},
        "/extremes.json",
        ("runs.extremes", "datasets.readers.{reader}"),
    ),
    "measure": Stage("measures/{experiment}", {"measures": ".csv"}, code=("metrics.measures",)),
    "compare": Stage(
        "tables/{table}",
        {form: f".{form}" for form in ("csv", "md", "tex", "html")},
        code=("tables.compare", "tables.html", "tables.latex", "tables.markdown"),
    ),
    "plot": Stage("figures/{figure}", {"figure": ".png"}, code=("figures.{kind}",)),
    "report": Stage("report/report", {}),
}
SCORINGS = ("score", "judge")  # stages that give the scores of a run
MAIN = ("train", *SCORINGS)  # stages whose code and settings a run's numbers depend on
FOLDERS = tuple(dict.fromkeys(stage.place.split("/")[0] for stage in STAGES.values()))  # of results, in order
CHECKPOINT, LOCK = "checkpoint.safetensors", ".lock"  # scratch in a run's folder


def path(stage: str, output: str, **wildcards: object) -> str:
    """Where an output of a stage lies; without wildcards, the pattern that a rule takes."""
    return _filled(f"{RESULTS}/{STAGES[stage].place}{STAGES[stage].outputs[output]}", wildcards)


def outputs(stage: str) -> dict[str, str]:
    """The patterns of all outputs of a stage and of its record, by name, as a rule declares them."""
    return {name: path(stage, name) for name in STAGES[stage].outputs} | {"record": record(stage)}


def record(stage: str, **wildcards: object) -> str:
    """Where the record of a stage lies."""
    return _filled(f"{RESULTS}/{STAGES[stage].place}{STAGES[stage].record}", wildcards)


def log(stage: str, **wildcards: object) -> str:
    """Where the log of a stage lies."""
    inner = STAGES[stage].place.partition("/")[2]
    return _filled(f"{LOGS}/{stage}/{inner}.log", wildcards)


def log_of(name: str, stage: str) -> str:
    """The log of the job of a stage that wrote the record `name`; "" where that stage writes none there."""
    try:
        return log(stage, **_wildcards(record(stage), name))
    except (KeyError, ValueError):
        return ""


def folder(stage: str) -> str:
    """The folder of results that a stage writes to, with a slash at its end."""
    return f"{RESULTS}/{STAGES[stage].place.partition('/')[0]}/"


def run_folder(experiment: str, unit: str, seed: object) -> Path:
    """The folder of a run."""
    return RESULTS / _filled(_RUN, {"experiment": experiment, "unit": unit, "seed": seed})


def wildcards_of(stage: str, output: str, name: str) -> dict[str, str]:
    """The wildcards of the file `name`, an output of a stage; a ValueError where it is none.

    The file may lie anywhere, so that a copied folder of results can be read as well.
    """
    return _wildcards(path(stage, output), name)


def wildcards_of_record(stage: str, name: str) -> dict[str, str]:
    """The wildcards of the record `name` of a stage; a ValueError where that stage writes none there."""
    wildcards = _wildcards(record(stage), name)
    if record(stage, **wildcards) != name:
        raise ValueError(f"{name} is not where the layout of results has it: {record(stage)}.")
    return wildcards


def is_result(name: str) -> bool:
    """Whether a name is one below results: relative, without detours, and of characters that are printed."""
    parts = Path(name).parts
    plain = Path(name).as_posix() == name and ".." not in parts and name.isprintable() and "\\" not in name
    return plain and len(parts) > 1 and parts[0] == RESULTS.as_posix()


def is_of_report(name: str) -> bool:
    """Whether a name is one of the report's pages or of its zip."""
    pages = re.fullmatch(f"{RESULTS}/{STAGES['report'].place.partition('/')[0]}/[^/]+[.]html", name)
    return name in (f"{RESULTS}/index.html", f"{RESULTS}/report.zip") or pages is not None


def roots(stage: str, **choices: object) -> tuple[str, ...]:
    """The modules that a job's code digest begins from; choices: method, reader, protocol, judge or kind."""
    return tuple(f"encore.{_filled(module, choices)}" for module in STAGES[stage].code)


def _filled(pattern: str, values: Mapping[str, object]) -> str:
    return pattern.format(**values) if values else pattern


def _wildcards(pattern: str, name: str) -> dict[str, str]:
    parts = [
        re.escape(text) + (f"(?P<{field}>[^/]+)" if field else "")
        for text, field, *_ in string.Formatter().parse(pattern)
    ]
    found = re.fullmatch(f"(?:.*/)?{''.join(parts)}", Path(name).as_posix())
    if found is None:
        raise ValueError(f"{name} is not where the layout of results has it: {pattern}.")
    return found.groupdict()

"""The configuration: checked, with its defaults, and which runs it asks for, each under which reading."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from encore.datasets.catalogue import DATASETS
from encore.papers.find import all_experiments
from encore.papers.layout import RESULTS
from encore.papers.model import READINGS, Experiment
from encore.papers.read import known_papers, load_papers
from encore.papers.schema import read_schema, schema_faults
from encore.registry import method_facts
from encore.strict import ConfigError, load_yaml, nearest, yaml_value

SCHEMA = "config.schema.yaml"


def read_config(text: str) -> dict[str, object]:
    """A configuration from the name of a YAML file, or from its content as JSON, as Snakemake resolved it."""
    return json.loads(text) if text.startswith("{") else load_yaml(Path(text))


def checked_config(text: str) -> dict[str, object]:
    """A configuration as `read_config` gives it, checked, with its defaults."""
    config = read_config(text)
    check_config(config)
    return config_defaults() | config


def resolve_config(files: Iterable[Path], asked: Iterable[str] = ()) -> dict[str, object]:
    """The configuration of files, and of `key=value` as `--config` takes them, each over those before.

    Mappings are merged and all else replaced, as Snakemake has it; but every value is read strictly and as
    its key in the schema has it, so that `seeds=[0]` is a number and `data_dir=2024` a folder. The result is
    checked and has its defaults.
    """
    config: dict[str, object] = {}
    read = []
    for path in files:
        _merge(config, load_yaml(path))
        read.append(str(path))
    for entry in asked:
        key, _, text = entry.partition("=")
        _merge(config, {key: _asked_value(key, text.strip("'\""))})
        read.append(f"--config {key}")
    check_config(config, " with ".join([read[0], ", ".join(read[1:])] if read[1:] else read))
    return config_defaults() | config


def _merge(config: dict, over: Mapping) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping):
            below = config.get(key)
            config[key] = dict(below) if isinstance(below, Mapping) else {}
            _merge(config[key], value)
        else:
            config[key] = value


def _asked_value(key: str, text: str) -> object:
    about = read_schema(SCHEMA)["properties"].get(key, {})
    is_text = about.get("type") == "string" or "enum" in about
    return text if is_text else yaml_value(text, f"--config {key}")


def config_defaults() -> dict[str, object]:
    """The values of the keys that a configuration may leave out."""
    properties = read_schema(SCHEMA)["properties"]
    return {key: about["default"] for key, about in properties.items() if "default" in about}


def check_config(config: Mapping, where: str = "config.yaml") -> None:
    """Raise a ConfigError that names every fault of the resolved configuration."""
    load_papers()
    faults = schema_faults(config, read_schema(SCHEMA), where)
    for key, known in (
        ("papers", known_papers()),
        ("datasets", DATASETS),
        ("accept_unverified", DATASETS),
    ):
        for name in _list(config, key):
            if name not in known:
                faults.append(f"{where}: {key}: found {name!r}; {nearest(name, known)}")
    faults += [f"{where}: {fault}" for fault in (*_select_faults(config), *_reading_faults(config))]
    faults += [f"{where}: {fault}" for fault in _folder_faults(config)]
    if faults:
        raise ConfigError(faults)


def _folder_faults(config: Mapping) -> Iterator[str]:
    """Folders that cannot be meant.

    What only a shell understands makes a folder called ~ or $HOME, and what lies in results is a result.
    """
    for key in ("data_dir", "photographs"):
        folder = config.get(key)
        if not isinstance(folder, str):
            continue
        if not folder.isprintable():
            yield f"{key}: found {folder!r}; expected characters that are printed."
        elif folder.startswith("~") or "$" in folder:
            whole = os.path.expandvars(Path(folder).expanduser())
            yield f"{key}: found {folder!r}, which only a shell understands; write the whole path, {whole!r}."
        elif Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(RESULTS)):
            yield f"{key}: found {folder!r}, which lies in {RESULTS}; name a folder outside it."


def _select_faults(config: Mapping) -> list[str]:
    experiments, faults = all_experiments(), []
    for name, chosen in _mapping(config, "select").items():
        if name not in experiments:
            faults.append(f"select: found {name!r}; {nearest(name, experiments)}")
            continue
        units = experiments[name].units
        faults += [
            f"select.{name}.units: found {unit!r}; {nearest(unit, units)}"
            for unit in _list(chosen, "units")
            if isinstance(unit, str) and unit not in units
        ]
    return faults


def _reading_faults(config: Mapping) -> list[str]:
    """Faults of the readings that are chosen one by one."""
    experiments, faults = all_experiments(), []
    for name, chosen in _mapping(config, "readings").items():
        if name not in experiments:
            faults.append(f"readings: found {name!r}; {nearest(name, experiments)}")
            continue
        experiment = experiments[name]
        differ = [key for key in (*experiment.settings, "protocol") if experiment.readings(key)]
        for key, reading in chosen.items() if isinstance(chosen, Mapping) else ():
            if key not in differ:
                faults.append(f"readings.{name}: {key!r} has no readings; {nearest(key, differ)}")
            elif reading not in experiment.readings(key):
                hint = nearest(reading, experiment.readings(key))
                faults.append(f"readings.{name}.{key}: found {reading!r}; {hint}")
    return faults


def _list(mapping: object, key: str) -> list:
    value = mapping.get(key, []) if isinstance(mapping, Mapping) else []
    return value if isinstance(value, list) else []


def _mapping(config: Mapping, key: str) -> Mapping:
    value = config.get(key, {})
    return value if isinstance(value, Mapping) else {}


# --- what it asks for --------------------------------------------------------------------------------


def selected_runs(experiment: Experiment, config: Mapping) -> list[tuple[str, int]]:
    """(unit, seed) of every run that is asked for; a deterministic method and a judge run once a unit."""
    if experiment.dataset not in config.get("datasets", DATASETS):
        return []
    chosen = config.get("select", {}).get(experiment.name, {})
    units = [unit for unit in experiment.units if unit in chosen.get("units", experiment.units)]
    seeds = chosen.get("seeds", config["seeds"])
    if experiment.deterministic or method_facts(experiment.method).judges:
        seeds = [0] if seeds else []
    return [(unit, seed) for unit in units for seed in seeds]


def asked_reading(experiment: Experiment, config: Mapping) -> str:
    """The reading that the configuration asks for, as `reading_of` takes it."""
    own = config.get("readings", {}).get(experiment.name, {})
    default = config["reading"]
    return ",".join([default, *(f"{key}={one}" for key, one in sorted(own.items()) if one != default)])


def reading_for(experiment: Experiment, config: Mapping) -> str:
    """The reading that an experiment's runs are made under.

    Where several come to the same settings, the first of `code`, `paper` and the one that is asked for: a
    change of words that changes nothing reruns nothing.
    """
    asked = asked_reading(experiment, config)
    job = experiment.job(asked, "float32")
    same = (text for text in (*reversed(READINGS), asked) if experiment.job(text, "float32") == job)
    return next(same)

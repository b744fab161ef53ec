"""Measured speeds of training, which alone say how long something will take (`rates.yaml`)."""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from encore.strict import ConfigError, load_yaml, nearest

RATES = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Rate:
    """A measured speed of training, one run on the device at a time."""

    method: str
    networks: str
    device: str
    software: str
    iterations_per_second: float
    measured: datetime.date
    note: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it counts for."""
        return self.method, self.networks, self.device


def read_rates(path: Path = RATES) -> list[Rate]:
    """The measured rates of a YAML file with the one key `rates`; all its faults at once as a ConfigError."""
    content = load_yaml(path)
    if set(content) != {"rates"} or not isinstance(content["rates"], list):
        raise ConfigError([f"{path}: expected the one key `rates` with a list, found {sorted(content)}."])
    faults = []
    for index, entry in enumerate(content["rates"]):
        faults += [f"{path}: rates[{index}]{fault}" for fault in _rate_faults(entry)]
    if faults:
        raise ConfigError(faults)
    rates = [Rate(**entry) for entry in content["rates"]]
    keys = [rate.key for rate in rates]
    twice = dict.fromkeys(key for key in keys if keys.count(key) > 1)
    if twice:
        raise ConfigError([f"{path}: {', '.join(key)} stands twice; keep the newest." for key in twice])
    return rates


def _rate_faults(entry: object) -> list[str]:
    """What is wrong with an entry, each to be read after its place."""
    if not isinstance(entry, Mapping):
        return [f": expected keys and values, found {entry!r}."]
    known = {field.name: field.type for field in fields(Rate)}
    faults = [f": unknown key {name!r}, {nearest(name, known)}" for name in entry if name not in known]
    faults += [f": the key {name!r} is missing." for name in known if name not in entry]
    for name, value in entry.items():
        kind = known.get(name)
        if kind is str and (not isinstance(value, str) or not value.strip()):
            faults.append(f".{name}: found {value!r}, expected text.")
        if kind is float and not _is_positive(value):
            faults.append(f".{name}: found {value!r}, expected a number above 0.")
        if kind is datetime.date and type(value) is not datetime.date:
            faults.append(f".{name}: found {value!r}, expected a date such as 2026-01-31.")
    return faults


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf

"""What a target will cost before anything runs: runs, iterations, hours and disk.

Hours come from measured rates alone (`rates.yaml`). Where the asked device has none, the plan says so and
the total says how much it leaves out: a rate is never carried over from another network or device.
"""

import datetime
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from encore.strict import ConfigError, load_yaml, nearest

RATES = Path(__file__).with_name("rates.yaml")
NO_RATE = "no measured rate"
UNKNOWN = "unknown"

COLUMNS = {
    "experiment": str,
    "method": str,
    "runs": int,
    "iterations": int,  # of all runs together
    "rate": float,  # iterations a second, nan where none was measured
    "hours": float,  # of one device, all runs together, nan where there is no rate
    "bytes": float,  # of all runs' models, nan where unknown
    "device": str,
    "basis": str,  # where the rate comes from
}


@dataclass(frozen=True)
class Work:
    """The runs of one experiment that a target needs.

    networks: the key under which a rate counts for it. iterations: of one run; 1 for a method that fits all
    data at once. model_bytes: what one run keeps on disk; None where that is not known.
    """

    experiment: str
    method: str
    networks: str
    iterations: int
    runs: int
    model_bytes: int | None = None


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


# --- measured rates ----------------------------------------------------------------------------------


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


# --- the plan ----------------------------------------------------------------------------------------


def iterations_of(settings: Mapping[str, object]) -> int:
    """Iterations of a run from its resolved settings; 1 for a method without them, which fits once."""
    return settings.get("iterations", 1)


def plan(rows: Iterable[Work], rates: Sequence[Rate], device: str) -> pd.DataFrame:
    """A row an experiment that has runs, with exactly COLUMNS; hours are those of `device` alone.

    That makes GPU-hours of a GPU and CPU-hours of a CPU, with one run on it at a time. They are of training
    alone; scoring and measuring come on top. ValueError for a negative count.
    """
    measured = {rate.key: rate for rate in rates}
    table = [
        _planned(row, device, measured.get((row.method, row.networks, device)))
        for row in map(_checked, rows)
        if row.runs
    ]
    return pd.DataFrame(table, columns=list(COLUMNS)).astype(COLUMNS)


def _checked(row: Work) -> Work:
    for name in ("iterations", "runs", "model_bytes"):
        value = getattr(row, name)
        if value is not None and value < 0:
            raise ValueError(f"the plan of {row.experiment}: found {name} = {value}, expected 0 or more.")
    return row


def _planned(row: Work, device: str, rate: Rate | None) -> dict[str, object]:
    iterations = row.runs * row.iterations
    return {
        "experiment": row.experiment,
        "method": row.method,
        "runs": row.runs,
        "iterations": iterations,
        "rate": rate.iterations_per_second if rate else math.nan,
        "hours": iterations / rate.iterations_per_second / 3600 if rate else math.nan,
        "bytes": math.nan if row.model_bytes is None else row.runs * row.model_bytes,
        "device": device,
        "basis": f"measured {rate.measured} with {rate.software} ({rate.note})" if rate else NO_RATE,
    }


# --- as text -----------------------------------------------------------------------------------------

NUMBERS = ("runs", "iterations", "it/s", "hours", "disk")  # set to the right


def render_plan(frame: pd.DataFrame) -> str:
    """A plan as text for a terminal: a line an experiment, the total, what it leaves out, the rates."""
    if frame.empty:
        return "Nothing to run.\n"
    lines = [_shown_row(row) for row in frame.itertuples()]
    total = {
        "experiment": "total",
        "runs": f"{frame['runs'].sum():,}",
        "iterations": f"{frame['iterations'].sum():,}",
        "hours": _total(frame["hours"], _hours, NO_RATE),
        "disk": _total(frame["bytes"], size, UNKNOWN),
    }
    return "\n".join([*_aligned([*lines, total]), "", *_remarks(frame), ""])


def _shown_row(row) -> dict[str, str]:
    return {
        "experiment": row.experiment,
        "method": row.method,
        "runs": f"{row.runs:,}",
        "iterations": f"{row.iterations:,}",
        "it/s": "" if math.isnan(row.rate) else f"{row.rate:.3g}",
        "hours": NO_RATE if math.isnan(row.hours) else _hours(row.hours),
        "disk": UNKNOWN if math.isnan(row.bytes) else size(row.bytes),
    }


def _aligned(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Columns as wide as their widest text, under a head and a rule; the last row under a rule of its own."""
    names = ["experiment", "method", *NUMBERS]
    widths = {name: max(len(name), *(len(row.get(name, "")) for row in rows)) for name in names}

    def line(row: Mapping[str, str]) -> str:
        cells = [f"{row.get(name, ''):{'>' if name in NUMBERS else '<'}{widths[name]}}" for name in names]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths.values()) + 2 * (len(names) - 1))
    *body, last = map(line, rows)
    return [line({name: name for name in names}), rule, *body, rule, last]


def _total(column: pd.Series, shown: Callable[[float], str], nothing: str) -> str:
    """The sum of what is known, and that it is a lower bound where something is not."""
    if column.isna().all():
        return nothing
    return f"at least {shown(column.sum())}" if column.isna().any() else shown(column.sum())


def _remarks(frame: pd.DataFrame) -> list[str]:
    """Sentences below the table."""
    device = frame["device"].iloc[0]
    remarks = [f"Hours are those of training on {device}, one run at a time."]
    without_rate, without_size = frame["hours"].isna(), frame["bytes"].isna()
    for left_out, lacking, total in (
        (without_rate, f"No measured rate on {device}", "hours"),
        (without_size, "Models of unknown size", "disk"),
    ):
        if left_out.any():
            names = ", ".join(frame["experiment"][left_out])
            count = f"{left_out.sum()} of {len(frame)} experiments"
            remarks.append(f"{lacking}, so not in the {total}: {names} ({count}).")
    measured = frame[~without_rate]
    return remarks + [f"Rate of {row.experiment}: {row.basis}." for row in measured.itertuples()]


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 0.05 or not hours else "< 0.1"


def size(count: float) -> str:
    """Bytes with a decimal prefix: 999 B, 1.0 kB, 31.4 MB."""
    if count < 1000:
        return f"{count:.0f} B"
    for prefix in "kMG":
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {prefix}B"
    return f"{count / 1000:,.1f} TB"

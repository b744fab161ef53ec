"""What a target will cost before anything runs: runs, iterations, hours and disk.

Hours come from measured rates alone (`rates.yaml`). Where the asked device has none, the plan says so and
the total says how much it leaves out: a rate is never carried over from another network or device.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from encore.rates import Rate
from encore.text import grid, size

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

NUMBERS = ("runs", "iterations", "it/s", "hours", "disk")


def render_plan(frame: pd.DataFrame) -> str:
    """A plan as text for a terminal: a line an experiment, the total, what it leaves out, the rates."""
    if frame.empty:
        return "Nothing to run.\n"
    hours, disk = _total(frame["hours"], _hours, NO_RATE), _total(frame["bytes"], size, UNKNOWN)
    total = ("total", "", f"{frame['runs'].sum():,}", f"{frame['iterations'].sum():,}", "", hours, disk)
    rows = [*map(_shown_row, frame.itertuples()), total]
    head, rule, *lines, last = grid(("experiment", "method", *NUMBERS), rows, right=NUMBERS)
    rule = "-" * len(rule)
    return "\n".join([head, rule, *lines, rule, last, "", *_remarks(frame), ""])


def _shown_row(row) -> tuple[str, ...]:
    return (
        row.experiment,
        row.method,
        f"{row.runs:,}",
        f"{row.iterations:,}",
        "" if math.isnan(row.rate) else f"{row.rate:.3g}",
        NO_RATE if math.isnan(row.hours) else _hours(row.hours),
        UNKNOWN if math.isnan(row.bytes) else size(row.bytes),
    )


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

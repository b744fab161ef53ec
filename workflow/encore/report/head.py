"""What all results have in common, and whether they hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from encore.audit.records import ended
from encore.audit.scrub import scrub
from encore.audit.trail import Trail


@dataclass(frozen=True)
class Head:
    """What all results have in common, and whether they hold."""

    newest: str  # when the newest result was there; "" where there is none
    commits: tuple[str, ...]
    asked: tuple[str, ...]  # what the configuration asks for
    devices: tuple[str, ...]
    software: tuple[str, ...]
    results: int
    records: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def read_head(trail: Trail, config: Mapping, faults: Sequence[str], notes: Sequence[str]) -> Head:
    """Arguments as `read_report`."""
    records = list(trail.records.values())
    computed = [record for record in records if "device" in record]
    versions = [record["environment"] for record in records]
    return Head(
        newest=max(map(_ended, records), default=""),
        commits=_with_counts(map(_commit, records), "records"),
        asked=tuple(_asked(config)),
        devices=_with_counts((record["device"]["device"] for record in computed), "records"),
        software=tuple(
            sorted({f"torch {v['libraries'].get('torch')}, Python {v['python']}" for v in versions})
        ),
        results=len(trail.made_by),
        records=len(records),
        faults=tuple(scrub(faults)),
        notes=tuple(scrub(notes)),
    )


def _ended(record: Mapping) -> str:
    """When a job ended, UTC: 2026-11-21 05:17."""
    return f"{ended(record):%Y-%m-%d %H:%M}"


def _commit(record: Mapping) -> str:
    source = record["source"]
    if source["commit"] is None:
        return "unknown: the project was no checkout of git"
    return source["commit"][:12] + (" with uncommitted changes" if source["dirty"] else "")


def _with_counts(values: Iterable[str], what: str) -> tuple[str, ...]:
    """Each value once, the most frequent first, with its count where there are several."""
    found = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return tuple(f"{value} ({count} {what})" if len(found) > 1 else value for value, count in found)


def _asked(config: Mapping) -> Iterator[str]:
    """What the configuration asks for, and by how much that is less than all."""
    yield f"reading: {config['reading']}"
    yield f"seeds: {', '.join(map(str, config['seeds']))}"
    yield f"papers: {', '.join(config['papers'])}"
    yield f"precision: {config['precision']}"
    yield f"features: {config['features']}"
    if "datasets" in config:
        yield f"only the datasets {', '.join(config['datasets'])}"
    if config["accept_unverified"]:
        yield f"unverified files accepted of {', '.join(config['accept_unverified'])}"
    for name, chosen in config["select"].items():
        parts = [f"{key} {', '.join(map(str, values)) or 'none'}" for key, values in chosen.items()]
        yield f"fewer runs of {name}: {'; '.join(parts)}"

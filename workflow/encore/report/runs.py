"""The runs behind a paper's results: what they took, what they deviate in, and what went wrong."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from encore.audit.scrub import scrub
from encore.audit.trail import Trail
from encore.papers.layout import MAIN
from encore.papers.model import Experiment
from encore.status import SIGNS, State

TROUBLES = ("failed", "diverged", "stale", "stopped", "running")  # kinds of state, the worst first


@dataclass(frozen=True)
class Effort:
    """What an experiment took, as the records of its trainings and scorings say."""

    experiment: Experiment
    trainings: int
    training_seconds: float
    scorings: int
    scoring_seconds: float
    devices: tuple[str, ...]
    restarts: int

    @property
    def seconds(self) -> float:
        """Of trainings and scorings, one after the other."""
        return self.training_seconds + self.scoring_seconds


def read_effort(trail: Trail, experiment: Experiment) -> Effort | None:
    """What an experiment took; None where nothing was trained or scored."""
    trained, scored = (
        [
            record
            for record in trail.records.values()
            if record["rule"] == rule and record["experiment"] == experiment.name
        ]
        for rule in ("train", experiment.scored_by)
    )
    if not trained and not scored:
        return None
    return Effort(
        experiment,
        len(trained),
        sum(record["run"]["seconds"] for record in trained),
        len(scored),
        sum(record["run"]["seconds"] for record in scored),
        tuple(sorted({record["device"]["device"] for record in (*trained, *scored)})),
        sum(record["run"].get("restarts", 0) for record in trained),
    )


def read_deviations(trail: Trail, experiments: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What the records of trainings and scorings declare -> the experiments that they are of."""
    found: dict[str, dict[str, None]] = {}
    for record in trail.records.values():
        if record["rule"] in MAIN and record["experiment"] in experiments:
            for text in record.get("deviations", ()):
                found.setdefault(text, {})[record["experiment"]] = None
    return {text: tuple(names) for text, names in sorted(found.items())}


@dataclass(frozen=True)
class Trouble:
    """Runs that are not as they should be for the same reason. log: where it is said; "" for no log."""

    kind: str  # one of TROUBLES
    said: str
    log: str
    runs: tuple[str, ...]

    @property
    def sign(self) -> str:
        """As `snakemake -c1 status` shows it."""
        return SIGNS[self.kind]


def read_troubles(found: Mapping[str, Mapping[tuple[str, int], State]]) -> Iterator[Trouble]:
    """The runs that are not as they should be, those with the same reason together."""
    for kind in TROUBLES:
        said: dict[tuple[str, str], list[str]] = {}
        for name, runs in found.items():
            for (unit, seed), state in runs.items():
                if state.kind == kind:
                    # What a running training says changes as one looks, and it names its machine.
                    sentence = "" if kind == "running" else scrub(state.said)
                    log = state.log.as_posix() if state.log else ""
                    said.setdefault((sentence, log), []).append(f"{name} {unit}/{seed}")
        for (sentence, log), runs in said.items():
            yield Trouble(kind, sentence, log, tuple(runs))

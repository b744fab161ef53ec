"""What a report says, as plain data: tables, claims, figures, and what went wrong or was left undone.

All of it stands in results. Nothing is trained, scored or judged again.
"""

import re
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from encore.audit.scrub import scrub
from encore.audit.stale import STAGES
from encore.audit.trail import RESULTS, CellOfTable, Trail, cells_of_table
from encore.papers import Experiment, Paper, experiments_in, load_papers
from encore.script import UserError
from encore.status import SIGNS, State, states
from encore.tables.build import COLUMNS, read_table
from encore.tables.claims import BORNE_OUT, NOT_BORNE_OUT, UNDECIDED
from encore.tables.claims import VERDICTS as JUDGEMENTS
from encore.tables.render import GLYPHS, Layout, layout
from encore.tables.verdicts import CITED, MISSING, VERDICTS

Place = tuple[str, ...]  # dataset, method and subset, in the paper's words

UNJUDGED = "without a printed number"
NOT_ATTEMPTED = "not attempted"
CITED_GLYPH = "\N{SECTION SIGN}"
SIGNS_OF_CLAIMS = {BORNE_OUT: "✓", NOT_BORNE_OUT: "✗", UNDECIDED: "~", NOT_ATTEMPTED: GLYPHS[MISSING]}
TROUBLES = ("failed", "diverged", "stale", "stopped", "running")  # kinds of state, the worst first


@dataclass(frozen=True)
class Count:
    """How often a verdict was given, with its sign."""

    glyph: str
    name: str
    number: int


@dataclass(frozen=True)
class TableShown:
    """A table that was made. frame: the long table; cells: its rows, and where their numbers come from."""

    name: str
    entry: Mapping[str, object]  # of the paper's YAML
    frame: pd.DataFrame
    shape: Layout
    foot: tuple[str, ...]
    cells: tuple[CellOfTable, ...]
    claims: tuple[Mapping[str, object], ...]
    files: tuple[str, ...]  # in results: its forms, and its record

    @property
    def title(self) -> str:
        """Where the paper has it, and what it shows."""
        source = self.entry.get("source")
        return f"{source}: {self.entry['title']}" if source else self.entry["title"]

    @property
    def missing(self) -> int:
        """How many of its cells have no number of our own, though they should."""
        return int((_told(self.frame) == MISSING).sum())


@dataclass(frozen=True)
class FigureShown:
    """A figure that was drawn, with the size of its picture in pixels."""

    name: str
    title: str
    caption: str
    width: int
    height: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class ClaimShown:
    """A sentence of a paper and what our runs say of it. printed: whether the printed numbers bear it."""

    says: str
    source: str
    table: str
    made: bool  # whether the table is there to look at
    verdict: str
    probability: float | None
    printed: bool | None
    sentence: str

    @property
    def glyph(self) -> str:
        """The verdict as a sign."""
        return SIGNS_OF_CLAIMS.get(self.verdict) or GLYPHS[self.verdict]


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


@dataclass(frozen=True)
class Part:
    """A paper's results, or its demonstrations."""

    paper: Paper
    demo: bool
    tables: tuple[TableShown, ...]
    not_made: tuple[tuple[str, Mapping[str, object]], ...]  # names and entries of the other tables
    figures: tuple[FigureShown, ...]
    claims: tuple[ClaimShown, ...]
    deviations: Mapping[str, tuple[str, ...]]  # what was declared -> experiments
    troubles: tuple[Trouble, ...]
    efforts: tuple[Effort, ...]
    not_run: tuple[Experiment, ...]  # experiments without any run
    runs: Mapping[str, int]  # kind of state -> how many of the runs that the configuration asks for

    @property
    def begun(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.tables or self.figures or self.efforts or self.troubles)

    @property
    def verdicts(self) -> list[Count]:
        """Verdicts of all cells of all tables."""
        return count_verdicts([table.frame for table in self.tables])

    @property
    def judgements(self) -> list[Count]:
        """Verdicts of all claims."""
        found = Counter(claim.verdict for claim in self.claims)
        glyphs = {claim.verdict: claim.glyph for claim in self.claims}
        return [
            Count(glyphs[name], name, found[name]) for name in (*JUDGEMENTS, NOT_ATTEMPTED) if found[name]
        ]

    @property
    def seconds(self) -> float:
        """Of all trainings and scorings."""
        return sum(effort.seconds for effort in self.efforts)


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


@dataclass(frozen=True)
class Report:
    """All that the pages say."""

    head: Head
    papers: tuple[Part, ...]
    demos: tuple[Part, ...]
    nothing_of: tuple[Part, ...]

    @property
    def tables(self) -> list[TableShown]:
        """All tables that were made, as they stand in the index."""
        return [table for part in (*self.papers, *self.demos) for table in part.tables]

    @property
    def figures(self) -> list[FigureShown]:
        """All figures that were drawn."""
        return [figure for part in (*self.papers, *self.demos) for figure in part.figures]


def read_report(
    trail: Trail, config: Mapping[str, object], faults: Sequence[str], notes: Sequence[str]
) -> Report:
    """What there is to say of the results in the present folder.

    trail: without the record of an earlier report. config: with its defaults. faults, notes: of `verify`.
    The papers that the configuration lists stand first.
    """
    papers = load_papers()
    order = dict.fromkeys([*config["papers"], *papers])
    parts = [read_part(trail, papers[name], config, demo=False) for name in order]
    demos = [read_part(trail, papers[name], config, demo=True) for name in order]
    return Report(
        _head(trail, config, faults, notes),
        tuple(part for part in parts if part.begun),
        tuple(part for part in demos if part.begun),
        tuple(part for part in parts if not part.begun),
    )


# --- the head ----------------------------------------------------------------------------------------


def _head(trail: Trail, config: Mapping, faults: Sequence[str], notes: Sequence[str]) -> Head:
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
    run = record["run"]
    ended = datetime.strptime(run["started"], "%Y-%m-%dT%H:%M:%SZ") + timedelta(seconds=run["seconds"])
    return f"{ended:%Y-%m-%d %H:%M}"


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


# --- a paper -----------------------------------------------------------------------------------------


def read_part(trail: Trail, paper: Paper, config: Mapping[str, object], *, demo: bool) -> Part:
    """What there is of a paper's results, or of its demonstrations."""
    entries = {name: entry for name, entry in paper.tables.items() if entry["demo"] == demo}
    made = tuple(read_table_shown(trail, paper, name) for name in entries if _is_made(trail, name))
    names = {table.name for table in made}
    of_demos = _of_demos(paper)
    experiments = [one for name, one in paper.experiments.items() if (name in of_demos) == demo]
    found = {experiment.name: states(experiment, config) for experiment in experiments}
    efforts = [effort for one in experiments if (effort := _effort(trail, one)) is not None]
    run = {effort.experiment.name for effort in efforts}
    run |= {name for name, of_it in found.items() if any(s.kind != "waiting" for s in of_it.values())}
    return Part(
        paper=paper,
        demo=demo,
        tables=made,
        not_made=tuple((name, entry) for name, entry in entries.items() if name not in names),
        figures=tuple(_figures(trail, paper, demo)),
        claims=tuple(read_claims(paper, made, demo=demo)),
        deviations=_deviations(trail, {experiment.name for experiment in experiments}),
        troubles=tuple(_troubles(found)),
        efforts=tuple(efforts),
        not_run=tuple(one for one in experiments if one.name not in run),
        runs=Counter(state.kind for runs in found.values() for state in runs.values()),
    )


def _of_demos(paper: Paper) -> set[str]:
    """The experiments that demonstrations alone show."""
    shown: dict[bool, set[str]] = {False: set(), True: set()}
    for entry in paper.tables.values():
        shown[entry["demo"]].update(experiments_in(entry))
    for name, figure in paper.figures.items():
        shown[_is_of_demo(paper, name)].update(experiments_in(figure))
    return shown[True] - shown[False]


def _is_of_demo(paper: Paper, figure: str) -> bool:
    """Whether a figure belongs to demonstrations alone."""
    tables = [table for table in paper.tables.values() if figure in table["figures"]]
    if "table" in paper.figures[figure]:
        tables.append(paper.tables[paper.figures[figure]["table"]])
    return bool(tables) and all(table["demo"] for table in tables)


def _deviations(trail: Trail, experiments: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What the records of trainings and scorings declare -> the experiments that they are of."""
    found: dict[str, dict[str, None]] = {}
    for record in trail.records.values():
        if record["rule"] in STAGES and record["experiment"] in experiments:
            for text in record.get("deviations", ()):
                found.setdefault(text, {})[record["experiment"]] = None
    return {text: tuple(names) for text, names in sorted(found.items())}


def _effort(trail: Trail, experiment: Experiment) -> Effort | None:
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


def _troubles(found: Mapping[str, Mapping[tuple[str, int], State]]) -> Iterator[Trouble]:
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


# --- tables ------------------------------------------------------------------------------------------


def _is_made(trail: Trail, name: str) -> bool:
    csv = f"{RESULTS}/tables/{name}.csv"
    return csv in trail.made_by and (trail.root / csv).is_file()


def read_table_shown(trail: Trail, paper: Paper, name: str) -> TableShown:
    """A table as it stands in results/tables; a UserError where it or its measures are none any more."""
    csv = f"{RESULTS}/tables/{name}.csv"
    record = trail.record_of(csv)
    try:
        frame = read_table(trail.root / csv)
        if list(frame.columns) != list(COLUMNS) or frame.empty:
            raise ValueError(f"found the columns {', '.join(frame.columns)} and {len(frame)} rows")
        shape, cells = layout(paper, name, frame), cells_of_table(trail, name)
    except (ValueError, KeyError, IndexError) as error:
        why = str(error).rstrip(".")
        raise UserError(
            f"{csv} or its measures can not be shown: {why}; remove what was changed, and make it again."
        ) from None
    return TableShown(
        name=name,
        entry=paper.tables[name],
        frame=frame,
        shape=shape,
        foot=tuple(record.get("foot", ())),
        cells=tuple(cells),
        claims=tuple(record.get("claims", ())),
        files=(*_there(trail, record["outputs"]), trail.made_by[csv]),
    )


def _there(trail: Trail, names: Iterable[str]) -> list[str]:
    return [name for name in names if (trail.root / name).is_file()]


def anchors(places: Iterable[Place]) -> dict[Place, str]:
    """Place of a cell -> the name of its part of the page; in words, and none twice."""
    found: dict[Place, str] = {}
    taken: Counter[str] = Counter()
    for place in places:
        dataset, method, subset = place
        words = re.sub(r"[^a-z0-9]+", "-", f"{dataset} {subset} {method}".lower()).strip("-")
        taken[words] += 1
        # Two hyphens stand in no words, so that what is told apart by a number meets no other name.
        found[place] = f"cell-{words}" + (f"--{taken[words]}" if taken[words] > 1 else "")
    return found


def count_verdicts(frames: Iterable[pd.DataFrame]) -> list[Count]:
    """How often each verdict stands in long tables, then how many numbers nothing is printed for."""
    found = Counter(verdict for frame in frames for verdict in _told(frame))
    glyphs = GLYPHS | {CITED: CITED_GLYPH}
    counts = [Count(glyphs[name], name, found[name]) for name in VERDICTS if found[name]]
    return counts + ([Count("", UNJUDGED, found[UNJUDGED])] if found[UNJUDGED] else [])


def _told(frame: pd.DataFrame) -> pd.Series:
    """The verdicts of a long table; where nothing is printed, whether there is a number of our own."""
    without = frame["reproduced"].isna().map({True: MISSING, False: UNJUDGED})
    return frame["verdict"].where(frame["verdict"] != "", without)


# --- claims ------------------------------------------------------------------------------------------


def read_claims(paper: Paper, made: Iterable[TableShown], *, demo: bool) -> Iterator[ClaimShown]:
    """The claims of a paper as its tables judged them; those of tables that were not made as such."""
    tables = {table.name: table for table in made}
    for key, claim in paper.claims.items():
        name = claim["table"]
        if paper.tables[name]["demo"] != demo:
            continue
        judged = {one["claim"]: one for one in tables[name].claims} if name in tables else {}
        if key in judged:
            one = judged[key]
            told = (one["verdict"], one["probability"], one["published_holds"], one["sentence"])
            yield ClaimShown(one["says"], one["source"], name, True, *told)
        else:
            why = "older than the claim" if name in tables else "not made"
            told = (NOT_ATTEMPTED, None, None, f"The table {name} is {why}.")
            yield ClaimShown(claim["says"], claim["source"], name, name in tables, *told)


# --- figures -----------------------------------------------------------------------------------------


def _figures(trail: Trail, paper: Paper, demo: bool) -> Iterator[FigureShown]:
    """The figures that were drawn, those of tables first, in the tables' order."""
    of_tables = (name for table in paper.tables.values() for name in table["figures"])
    for name in dict.fromkeys([*of_tables, *paper.figures]):
        path = f"{RESULTS}/figures/{name}.png"
        if path in trail.made_by and (trail.root / path).is_file() and _is_of_demo(paper, name) == demo:
            entry = paper.figures[name]
            files = (path, trail.made_by[path])
            yield FigureShown(name, entry["title"], entry["caption"], *_size(trail.root / path), files)


def _size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, from its header; (0, 0) of a file that is none."""
    with open(path, "rb") as stream:
        header = stream.read(24)
    if len(header) < 24 or not header.startswith(b"\x89PNG"):
        return 0, 0
    return struct.unpack(">II", header[16:24])

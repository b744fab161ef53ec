"""Where two folders of results differ, and since which link of the chain.

A cell is followed down the flow, from the raw files to the table, to the first link that differs and that its
number can depend on: what led to the same weights is no reason for other scores.
"""

import contextlib
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from encore.audit.page import plain
from encore.audit.records import judge_of, model_of
from encore.audit.trail import CellOfTable, RunOfCell, Trail, cells_of_table, read_trail
from encore.papers import layout
from encore.papers.find import find_table
from encore.papers.layout import FOLDERS, RESULTS, SCORINGS
from encore.papers.read import load_papers
from encore.script import UserError
from encore.strict import ConfigError

WITHOUT_NUMBERS = ("matplotlib", "snakemake")  # libraries that no number depends on
# How a metric's name begins -> what of a run it is a number of, how that was made, and what it gives.
MEASURED = {
    "resembles": ("/resemblance.csv", "classification", "classes"),
    **dict.fromkeys(("IS", "FID"), ("/generated.csv", "measurement of images", "statistics")),
}
SCORED = ("/scores.csv", "scoring", "scores")  # of all others
SHOWN = 4  # settings, libraries or runs that a sentence names

Number = tuple[str, str, str, str]  # dataset, method, subset, metric: which cell of a table


@dataclass(frozen=True)
class _Since:
    """The first link that differs.

    place: how far down the flow. says: in words, with {its} and {it} for the cell.
    """

    place: int
    says: str


@dataclass(frozen=True)
class _Change:
    """A cell that differs: its name, what of it, since which link, and the files behind it in both."""

    cell: str
    what: str
    since: _Since
    files: frozenset[str]


@dataclass(frozen=True)
class _Pair:
    """Both folders' records, and the results in both whose recorded digests differ."""

    a: Trail
    b: Trail
    differing: frozenset[str]

    def commits(self, name: str) -> str:
        """The commits at which both wrote a result, where they are known to differ, as a clause's end."""
        a, b = (trail.record_of(name) for trail in (self.a, self.b))
        if not a or not b:
            return ""
        was, now = a["source"]["commit"], b["source"]["commit"]
        return f" (commit {was[:8]}, now {now[:8]})" if was and now and was != now else ""


def diff(a: Path, b: Path) -> list[str]:
    """A sentence for every way in which the results in `b` differ from those in `a`; empty where none do.

    a, b: folders that Snakemake ran in, or their results. Reads records and tables alone and hashes no file:
    whether files still are as recorded says `verify`. Cells that differ since the same link share a sentence.
    A UserError where a folder holds no results.
    """
    with contextlib.ExitStack() as stack:
        trails = [_trail(folder, stack) for folder in (a, b)]
        names = trails[0].made_by.keys() & trails[1].made_by.keys()
        different = (name for name in names if len({_digest(trail, name) for trail in trails}) > 1)
        pair = _Pair(*trails, frozenset(different))
        tables = [_tables(trail) for trail in trails]
        changes = {}
        sentences = []
        for table in (name for name in tables[0] if name in tables[1]):
            try:
                found, lacking = _changes(pair, table)
            except ConfigError:
                sentences.append(f"No paper has the table {table} any more, so it was not compared.")
                continue
            changes[table] = found
            sentences += [*_grouped(table, found), *lacking]
        return [
            *sentences,
            *_only("table", *tables),
            *_only_runs(pair),
            *_figures(pair, {table for table, found in changes.items() if found}),
            *_others(pair, changes),
        ]


# --- reading -----------------------------------------------------------------------------------------


def _trail(folder: Path, stack: contextlib.ExitStack) -> Trail:
    if (folder / RESULTS).is_dir():
        root = folder
    elif not any((folder / part).is_dir() for part in FOLDERS):
        raise UserError(
            f"{folder} holds no results; give the folder that Snakemake ran in, or the folder results of it."
        )
    elif folder.resolve().name == RESULTS.name:
        root = folder.resolve().parent
    else:  # results under another name, such as a copy: records call them results all the same
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (root / RESULTS).symlink_to(folder.resolve(), target_is_directory=True)
    trail = read_trail(root)
    if not trail.records:
        raise UserError(f"{folder} holds results without any record, so there is nothing to compare.")
    return trail


def _tables(trail: Trail) -> list[str]:
    return sorted(path.stem for path in (trail.root / layout.folder("compare")).glob("*.csv"))


def _digest(trail: Trail, name: str) -> str:
    return trail.record_of(name)["outputs"][name]["sha256"]


# --- cells -------------------------------------------------------------------------------------------


def _changes(pair: _Pair, table: str) -> tuple[list[_Change], list[str]]:
    """The cells of a table that differ, and sentences for those that one of them lacks."""
    _, entry = find_table(table)
    a, b = ({_number(cell): cell for cell in cells_of_table(trail, table)} for trail in (pair.a, pair.b))
    found = []
    for number in (number for number in a if number in b):
        if what := _what(a[number].row, b[number].row, entry["digits"]):
            since = _since(pair, table, a[number], b[number])
            files = _behind(pair.a, a[number]) | _behind(pair.b, b[number])
            found.append(_Change(_name(number), what, since, files))
    return found, list(_only(f"cell of {table}", [_name(number) for number in a], [_name(n) for n in b]))


def _number(cell: CellOfTable) -> Number:
    return (*cell.place, cell.row["metric"])


def _name(number: Number) -> str:
    dataset, method, subset, _ = number
    return f"{dataset} {subset}, {method}"


def _behind(trail: Trail, cell: CellOfTable) -> frozenset[str]:
    return frozenset(trail.chain(*cell.files)) | ({cell.measures} - {""})


def _what(a: Mapping, b: Mapping, digits: int) -> str:
    """What of a cell differs: number, count of seeds, verdict; "" where nothing does."""
    parts = []
    if not _same(a["reproduced"], b["reproduced"]):
        parts.append(_from_to(a["reproduced"], b["reproduced"], digits))
    if a["n"] != b["n"]:
        parts.append(f"n {a['n']} to {b['n']}")
    if a["verdict"] != b["verdict"]:
        parts.append(f"{a['verdict'] or 'no verdict'} to {b['verdict'] or 'no verdict'}")
    return ", ".join(parts)


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _from_to(a: float, b: float, digits: int) -> str:
    """Two numbers with so many digits that they differ."""

    def text(value: float, more: int) -> str:
        return "nothing" if math.isnan(value) else f"{value:.{digits + more}f}"

    more = next((more for more in range(20) if text(a, more) != text(b, more)), 20)
    return f"{text(a, more)} to {text(b, more)}"


def _grouped(table: str, changes: Iterable[_Change]) -> Iterator[str]:
    """A sentence for the cells that differ since the same link."""
    groups: dict[_Since, list[_Change]] = {}
    for change in changes:
        groups.setdefault(change.since, []).append(change)
    for since, group in groups.items():
        first = group[0]
        if len(group) == 1:
            yield f"{table}, {first.cell}: {first.what}, {since.says.format(its='its', it='it')}."
        else:
            says = since.says.format(its="their", it="them")
            yield f"{len(group)} cells of {table} differ {says}; the first is {first.cell}: {first.what}."


# --- since which link --------------------------------------------------------------------------------


def _since(pair: _Pair, table: str, a: CellOfTable, b: CellOfTable) -> _Since:
    """The first link of the flow that differs and that the cell's number can depend on."""
    runs_a, runs_b = ({(run.unit, run.seed): run for run in cell.runs} for cell in (a, b))
    both = [key for key in runs_a if key in runs_b]
    differ = [key for key in both if not _same(runs_a[key].value, runs_b[key].value)]
    if differ:
        found = [_since_run(pair, runs_a[key], runs_b[key], a) for key in differ]
        return min(found, key=lambda since: since.place)
    if runs_a.keys() != runs_b.keys():
        return _Since(9, _since_other_runs(runs_a, runs_b))
    if a.experiment is None and a.files and b.files and (counted := _since_counts(pair, a.files[0])):
        return counted
    return _Since(11, _since_table(pair, table, a.row, b.row))


def _since_other_runs(a: Mapping[tuple[str, int], object], b: Mapping[tuple[str, int], object]) -> str:
    if not a or not b:
        return f"since only {'A' if a else 'B'} ran {{it}}"
    said = []
    for place, kind in ((1, "seed"), (0, "unit")):
        seen_a, seen_b = ({key[place] for key in keys} for keys in (a, b))
        for folder, only in (("A", seen_a - seen_b), ("B", seen_b - seen_a)):
            if only:
                some = kind + "s" * (len(only) > 1)
                said.append(f"only {folder} has the {some} {_listed([str(one) for one in sorted(only)])}")
        if said:
            break
    return f"since {' and '.join(said)}" if said else "since they average other runs"


def _since_counts(pair: _Pair, name: str) -> _Since | None:
    a, b = (trail.record_of(name) for trail in (pair.a, pair.b))
    if since := _since_inputs(a, b, layout.folder("download"), "raw files"):
        return _Since(0, since)
    if name in pair.differing:
        return _Since(9, f"since the code that counts images{pair.commits(name)}")
    return None


def _since_table(pair: _Pair, table: str, a: Mapping, b: Mapping) -> str:
    """Why the same measures give another cell."""
    if "stale" in (a["verdict"], b["verdict"]):
        return f"since {'A' if a['verdict'] == 'stale' else 'B'} was stale when {{its}} table was made"
    for key, what in (("published", "printed number"), ("margin", "margin ε"), ("reading", "reading")):
        if str(a[key]) != str(b[key]):  # as text, in which no number equals no number
            return f"since the {what}: {a[key] or 'none'}, now {b[key] or 'none'}"
    commits = pair.commits(layout.path("compare", "csv", table=table))
    return f"since the code of the table or the paper's data{commits}"


def _since_run(pair: _Pair, a: RunOfCell, b: RunOfCell, cell: CellOfTable) -> _Since:
    """The first link that differs of a run with two values."""
    lacking = [
        f"{folder} has no record of {{its}} {what}"
        for what in ("training", "scoring")
        for folder, run in (("A", a), ("B", b))
        if not (run.trained if what == "training" else run.scored)
    ]
    if lacking:
        return _Since(0, f"since a link that is not known, for {' and '.join(lacking)}")
    if _digest_of(a.scored, model_of(a.scored)) != _digest_of(b.scored, model_of(b.scored)):
        return _since_stage(a.trained, b.trained, _Stage("training", "weights", 4))
    file, what, gives = next(
        (step for start, step in MEASURED.items() if cell.row["metric"].startswith(start)), SCORED
    )
    names = [next((name for name in run.results if name.endswith(file)), "") for run in (a, b)]
    made = [trail.record_of(name) for trail, name in zip((pair.a, pair.b), names, strict=True)]
    if not all(made):
        return _Since(0, f"since a link that is not known, for one has no record of {file[1:]}")
    if made[0]["outputs"][names[0]]["sha256"] == made[1]["outputs"][names[1]]["sha256"]:
        return _Since(8, f"since the code that measures the same scores{pair.commits(cell.measures)}")
    return _since_stage(*made, _Stage(what, gives, 6))


@dataclass(frozen=True)
class _Stage:
    """A computation of a run: what it is called, what it gives, and its place in the flow."""

    name: str
    gives: str
    place: int


def _since_stage(a: Mapping, b: Mapping, stage: _Stage) -> _Since:
    """Why a stage gave another result; a, b: its records."""
    links: tuple[tuple[int, Callable[[], str]], ...] = (
        (0, lambda: _since_inputs(a, b, layout.folder("download"), "raw files")),
        (1, lambda: _since_inputs(a, b, layout.folder("weights"), "pretrained weights")),
        (2, lambda: _since_split(a, b)),
        (2, lambda: _since_judge(a, b)),
        (3, lambda: _since_settings(a, b, stage.name)),
        (stage.place, lambda: _since_code(a, b, stage.name)),
        (stage.place + 1, lambda: _since_device(a, b, stage.gives)),
    )
    return next(_Since(place, says) for place, link in links if (says := link()))


def _inputs(record: Mapping, part: str) -> dict[str, str]:
    """The inputs with `part` in their names, and their digests as they were when they were read."""
    return {name: about["sha256"] for name, about in record["inputs"].items() if part in name}


def _since_inputs(a: Mapping, b: Mapping, folder: str, what: str) -> str:
    was, now = _inputs(a, folder), _inputs(b, folder)
    if sorted(was.values()) == sorted(now.values()):
        return ""
    said = []
    for name in dict.fromkeys([*was, *now]):
        old, new = was.get(name, "none")[:8], now.get(name, "none")[:8]
        if old != new:
            said.append(f"{Path(name).stem} {old}, now {new}")
    return f"since the {what}: {_listed(said, '; ')}"


def _digest_of(record: Mapping, name: str) -> str:
    """The digest of an input as it was when it was read; "" where there is no such input."""
    return record["inputs"][name]["sha256"] if name else ""


def _since_judge(a: Mapping, b: Mapping) -> str:
    was, now = (_digest_of(record, judge_of(record))[:8] for record in (a, b))
    return (
        f"since the classifier that judges its edits: {was or 'none'}, now {now or 'none'}"
        if was != now
        else ""
    )


def _since_split(a: Mapping, b: Mapping) -> str:
    was, now = (_inputs(record, layout.folder("split")) for record in (a, b))
    if sorted(was.values()) == sorted(now.values()):
        return ""
    old, new = _splits(was), _splits(now)
    return f"since the split of {old}" if old == new else f"since the split: {old}, now {new}"


def _splits(names: Iterable[str]) -> str:
    """Seed, dataset and protocol of splits."""
    found = {}
    for name in names:
        of = layout.wildcards_of("split", "split", name)
        found[f"seed {of['split_seed']} ({of['dataset']}, {of['protocol']})"] = None
    return " and ".join(found)


def _since_settings(a: Mapping, b: Mapping, stage: str) -> str:
    was, now = _settings(a), _settings(b)
    said = [
        f"{name} {plain(was.get(name))}, now {plain(now.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]
    return f"since the settings of {{its}} {stage}: {_escaped(_listed(said, '; '))}" if said else ""


def _settings(record: Mapping) -> dict[str, object]:
    """All that a run is told by its settings; precision stands with the device."""
    job = {name: value for name, value in record["job"].items() if name not in ("settings", "precision")}
    return job | dict(record["job"]["settings"])


def _since_code(a: Mapping, b: Mapping, stage: str) -> str:
    was, now = a["code_digest"][:8], b["code_digest"][:8]
    return f"since the code of {{its}} {stage} ({was}, now {now})" if was != now else ""


def _since_device(a: Mapping, b: Mapping, gives: str) -> str:
    """What is left where code, settings and data are the same: where it was computed, and with what."""
    was, now = _made_with(a), _made_with(b)
    differ = [name for name in dict.fromkeys([*was, *now]) if was.get(name) != now.get(name)]
    names = ["device", *[name for name in differ if name not in ("device", "torch")][:SHOWN], "torch"]
    old, new = (
        " / ".join(made[name] if name == "device" else f"{name} {made.get(name, 'none')}" for name in names)
        for made in (was, now)
    )
    said = f"since the same code, settings and data gave other {gives}"
    if differ:
        return _escaped(f"{said}: {old} against {new}")
    restarts = [record["run"].get("restarts", 0) for record in (a, b)]
    after = f", after {restarts[0]} restarts in A and {restarts[1]} in B" if any(restarts) else ""
    return _escaped(f"{said} on the same device ({old}){after}")


def _made_with(record: Mapping) -> dict[str, str]:
    environment = record["environment"]
    libraries = {
        name: str(version)
        for name, version in environment["libraries"].items()
        if name not in WITHOUT_NUMBERS
    }
    device = {name: str(value) for name, value in record["device"].items() if name != "memory_bytes"}
    return {
        **device,
        "precision": record["job"]["precision"],
        "python": environment["python"],
        "platform": environment["platform"],
        "torch": "none",
        **libraries,
    }


def _escaped(text: str) -> str:
    """Text that `str.format` leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


# --- what else differs -------------------------------------------------------------------------------


def _listed(words: Sequence[str], between: str = ", ", shown: int = SHOWN) -> str:
    more = f"{between}and {len(words) - shown} more" if len(words) > shown else ""
    return between.join(words[:shown]) + more


def _only(kind: str, a: Sequence[str], b: Sequence[str]) -> Iterator[str]:
    """Sentences for what only one has."""
    for folder, here, there in (("A", a, b), ("B", b, a)):
        if names := [name for name in here if name not in there]:
            first, *rest = kind.split(" ", 1)
            some = " ".join([first + "s" * (len(names) > 1), *rest])
            yield f"{len(names)} {some} more in {folder}: {_listed(names, '; ')}."


def _only_runs(pair: _Pair) -> Iterator[str]:
    """Sentences for the runs that only one has scored."""
    a, b = (
        {
            (record["experiment"], record["unit"], record["seed"])
            for record in trail.records.values()
            if record["rule"] in SCORINGS
        }
        for trail in (pair.a, pair.b)
    )
    for folder, only in (("A", a - b), ("B", b - a)):
        by_experiment: dict[str, list[str]] = {}
        for experiment, unit, seed in sorted(only):
            by_experiment.setdefault(experiment, []).append(f"{unit}/{seed}")
        if only:
            named = "; ".join(f"{key} {_listed(runs, shown=6)}" for key, runs in by_experiment.items())
            yield f"{len(only)} run{'s' * (len(only) > 1)} more in {folder}: {named}."


def _figures(pair: _Pair, changed: set[str]) -> Iterator[str]:
    """Sentences for figures only one has, and for those that differ while no cell of their table does."""
    a, b = (_records_of(trail, "plot") for trail in (pair.a, pair.b))
    yield from _only("figure", list(a), list(b))
    groups: dict[str, list[str]] = {}
    for name in (name for name in a if name in b):
        differs = any(output in pair.differing for output in a[name]["outputs"])
        if differs and not _tables_of_figure(name, a[name]) & changed:
            groups.setdefault(_why_figure(a[name], b[name]), []).append(name)
    for why, names in groups.items():
        one = len(names) == 1
        yield (
            f"The figure{'' if one else 's'} {_listed(names)} differ{'s' * one} though no cell of "
            f"{'its' if one else 'their'} table does, {why}."
        )


def _records_of(trail: Trail, rule: str) -> dict[str, Mapping]:
    return {Path(name).stem: record for name, record in trail.records.items() if record["rule"] == rule}


def _tables_of_figure(name: str, record: Mapping) -> set[str]:
    """The tables that a figure was drawn from or belongs to."""
    drawn = {Path(path).stem for path in record["inputs"] if path.startswith(layout.folder("compare"))}
    return drawn | {
        key
        for paper in load_papers().values()
        for key, table in paper.tables.items()
        if name in table["figures"]
    }


def _why_figure(a: Mapping, b: Mapping) -> str:
    was, now = a["inputs"], b["inputs"]
    differ = [name for name in dict.fromkeys([*was, *now]) if _sha(was, name) != _sha(now, name)]
    if differ:
        return f"drawn from other files: {_counted(differ)}"
    old, new = (record["environment"]["libraries"].get("matplotlib") for record in (a, b))
    if old != new:
        return f"drawn from the same files by matplotlib {old}, now {new}"
    return "drawn from the same files by other code, or with other words of the paper"


def _sha(files: Mapping, name: str) -> str:
    return files[name]["sha256"] if name in files else ""


def _others(pair: _Pair, changes: Mapping[str, Sequence[_Change]]) -> Iterator[str]:
    """A sentence that counts the files with other digests that no sentence above speaks of."""
    figures = {name for name in pair.differing if name.startswith(layout.folder("plot"))}
    if left := sorted(pair.differing - _explained(pair, changes) - figures):
        yield f"Other digests too, though no cell that differs depends on them: {_counted(left)}."


def _explained(pair: _Pair, changes: Mapping[str, Sequence[_Change]]) -> set[str]:
    """The files behind cells that differ, those written along with them, and all that was made from these."""
    names = {name for found in changes.values() for change in found for name in change.files}
    names |= {layout.path("compare", "csv", table=table) for table, found in changes.items() if found}
    for trail in (pair.a, pair.b):
        for name in tuple(names):
            names |= set((trail.record_of(name) or {"outputs": ()})["outputs"])
        grown = True
        while grown:
            before = len(names)
            for record in trail.records.values():
                if any(name in names and name in pair.differing for name in record["inputs"]):
                    names |= set(record["outputs"])
            grown = len(names) > before
    return names


def _counted(names: Iterable[str]) -> str:
    """Files counted by kind: "history.csv of 2 runs, 1 file in results/splits"."""
    kinds = Counter()
    for name in names:
        folder = Path(name).parts[1]
        kinds[(Path(name).name, "") if folder == "runs" else ("", folder)] += 1
    said = []
    for (file, folder), count in kinds.items():
        some = "s" * (count > 1)
        said.append(f"{file} of {count} run{some}" if file else f"{count} file{some} in results/{folder}")
    return ", ".join(said)

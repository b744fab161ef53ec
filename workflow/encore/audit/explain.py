"""All that is known of one cell of a table, on a page: whether to trust its number, without asking anyone.

Nothing is computed again but the mean over the measures, and nothing is asked of a network. What a page says
of settings, code and devices stands in the records, and so is what was run, whatever the papers' YAML says
now; that the files are still the recorded ones is checked by reading them.
"""

import math
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from encore.audit.cells import SHELL, cells_asked
from encore.audit.links import CHANGED, HOLDS, IS_MISSING, LEFT, NO_RECORD, Link, links_of
from encore.audit.manifest import inventory_of
from encore.audit.page import COMMAND, Page, Section, plain
from encore.audit.records import LOCK, RecordError
from encore.audit.trail import CellOfTable, RunOfCell, Trail
from encore.datasets.catalogue import DATASETS
from encore.datasets.inventory import RawFile
from encore.digest import file_digest
from encore.papers.find import find_table
from encore.papers.kinds import GENERATED, METRICS
from encore.papers.layout import LOGS, RESULTS
from encore.papers.model import AVERAGE, EACH, Paper
from encore.papers.present import staleness
from encore.tables.entry import cell_units
from encore.tables.equivalence import rounding
from encore.tables.verdicts import CITED, MEANING, NOTHING
from encore.text import duration

RAW_FILES = 20  # shown of a dataset; one of photographs in a folder has two hundred thousand


@dataclass(frozen=True)
class _Case:
    """A cell with what all sections of its page draw on."""

    trail: Trail
    table: str
    cell: CellOfTable
    paper: Paper
    entry: Mapping[str, object]  # the table's, of the paper's YAML
    links: tuple[Link, ...]

    @property
    def row(self) -> Mapping[str, object]:
        return self.cell.row

    @property
    def runs(self) -> tuple[RunOfCell, ...]:
        return self.cell.runs

    def number(self, value: float, more: int = 0) -> str:
        """A number with the table's digits and some more."""
        return NOTHING if math.isnan(value) else f"{value:.{self.entry['digits'] + more}f}"


def explain(
    trail: Trail, target: str, *, dataset: str | None, subset: str | None, method: str | None
) -> list[Page]:
    """A page for every cell of the table `target` that fits what is given; raises what `cells_asked` does."""
    cells = cells_asked(trail, target, dataset=dataset, subset=subset, method=method)
    return [explain_cell(trail, target, cell) for cell in cells]


def explain_cell(trail: Trail, table: str, cell: CellOfTable) -> Page:
    """The page of one cell, as `cells_of_table` gave it; a section that has nothing to say is left out."""
    paper, entry = find_table(table)
    case = _Case(trail, table, cell, paper, entry, tuple(links_of(trail, table, cell)))
    sections = (make(case) for make in SECTIONS)
    return Page(_title(case), tuple(section for section in sections if section.sentences or section.rows))


def _title(case: _Case) -> str:
    dataset, method, subset = case.cell.place
    row = case.row
    if "counts" in case.entry:
        return f"{case.table}: {method} of {dataset}: {_main_number(case) or row['verdict']}"
    number = _main_number(case) or ("cited" if row["verdict"] == CITED else "missing")
    return f"{case.table}: {method} on {dataset}, {subset}: {row['metric']} {number}"


def _main_number(case: _Case) -> str:
    """The reproduced number with its standard deviation; "" where there is none."""
    if math.isnan(case.row["reproduced"]):
        return ""
    spread = "" if math.isnan(case.row["sd"]) else f" ± {case.number(case.row['sd'])}"
    return case.number(case.row["reproduced"]) + spread


# --- 1: the number -----------------------------------------------------------------------------------


def _the_number(case: _Case) -> Section:
    row = case.row
    sentences = [*_alarms(case), *_why_there_is_none(case)]
    rows: list[tuple[str, str, str]] = []
    if number := _main_number(case):
        rows.append(("reproduced", number, _how_many(case)))
    if not math.isnan(row["ci_low"]):
        ends = f"{case.number(row['ci_low'])} to {case.number(row['ci_high'])}"
        what = "95 % t interval of the mean" if row["n"] > 1 else "one deterministic run: of no width"
        rows.append(("interval", ends, what))
    if row["published"]:
        rows += _printed(case)
    if row["verdict"]:
        rows.append(("verdict", row["verdict"], MEANING.get(row["verdict"], "")))
    if case.runs:
        rows.append(("reading", row["reading"], "which way where the paper and its code differ"))
    if row["note"] and not math.isnan(row["reproduced"]):  # else it stands above as the reason
        rows.append(("note", "", row["note"]))
    return Section("The number", tuple(sentences), ("what", "value", "what it says"), tuple(rows))


def _alarms(case: _Case) -> Iterator[str]:
    """What a reader must know before the number, each a sentence that begins in capitals."""
    yield from _broken(case.links)
    for (kind, said), labels in _marks(case.runs).items():
        yield f"{kind.upper()}: {said} ({_named(labels, case.runs)})."
    if "flag: " in case.row["note"]:
        yield "FLAGGED: a check of the measures found something suspect; the note says what."
    if case.row["verdict"] == "stale" and not any(kind == "stale" for kind, _ in _marks(case.runs)):
        yield f"STALE: {MEANING.get('stale', 'the table says so')}."
    mean, told = _mean(case) if case.runs else math.nan, case.row["reproduced"]
    if case.runs and not (math.isnan(mean) and math.isnan(told)) and not math.isclose(mean, told):
        yield (
            f"CONTRADICTED: the measures give {case.number(mean, 2)}, the table says {case.number(told, 2)}; "
            "it was not made from them."
        )


def _broken(links: Iterable[Link]) -> Iterator[str]:
    """A sentence for each way in which files behind a number are no longer as they were recorded."""
    states = [(link.name, link.state) for link in links]
    states += dict.fromkeys((link.record, link.record_state) for link in links if link.record)
    said = {
        CHANGED: ("CHANGED", "no longer what was recorded"),
        IS_MISSING: ("MISSING", "recorded, but not here"),
        NO_RECORD: ("NO RECORD", "described by no record"),
        LEFT: ("LEFT OUT", "not in this export, and so not checked"),
    }
    for state, (word, text) in said.items():
        if names := [name for name, found in states if found == state]:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            yield f"{word}: {', '.join(names[:3])}{more}: {text}."


def _why_there_is_none(case: _Case) -> Iterator[str]:
    row = case.row
    if row["verdict"] == CITED:
        where = f" ({row['note']})" if row["note"] else ""
        yield f"This number was not run: the paper took it from elsewhere{where}."
    elif math.isnan(row["reproduced"]):
        yield f"There is no number of our own here: {row['note'] or 'not run'}."
    if not row["published"]:
        yield "The paper prints no number for this cell" + (
            "." if row["verdict"] else ", so there is nothing to judge by."
        )


def _how_many(case: _Case) -> str:
    if "counts" in case.entry:
        return "counted in the raw files"
    over = f" of the mean over {len(_units(case))} units" if case.row["subset"] == AVERAGE else ""
    if case.row["n"] == 1:
        return f"n = 1: one seed{over.replace(' of', ',')}"
    return f"n = {case.row['n']}: mean ± standard deviation over seeds{over}"


def _printed(case: _Case) -> Iterator[tuple[str, str, str]]:
    """The printed number, and by how much ours may differ from it."""
    row, about = case.row, case.paper.about
    spread = f" ± {row['published_sd']}" if row["published_sd"] else ""
    where = f"{about['title']} ({about['year']}), {case.entry['source']}"
    yield "printed", row["published"] + spread, where
    if math.isnan(row["margin"]):
        return
    margin = case.entry["margins"]["average" if row["subset"] == AVERAGE else "cell"]
    now = "" if margin["value"] == row["margin"] else f"; the paper's YAML now says {margin['value']:g}"
    yield "margin ε", f"{row['margin']:g}", margin["source"] + now
    r = rounding(row["published"])
    yield "rounding r", f"{r:g}", "half a unit of the last printed digit"
    reach = row["margin"] + r
    ends = (float(row["published"]) - reach, float(row["published"]) + reach)
    yield "allowed", " to ".join(f"{end:.6g}" for end in ends), "printed ± (ε + r)"


# --- 2: how it was averaged --------------------------------------------------------------------------


def _units(case: _Case) -> tuple[str, ...]:
    """The units that the cell averages over, or its one unit."""
    if case.row["subset"] != AVERAGE:
        return tuple(dict.fromkeys(run.unit for run in case.runs))
    place = case.cell.place[:2]
    cell = next(entry for entry in case.entry["cells"] if (entry["dataset"], entry["method"]) == place)
    return cell_units(cell, case.cell.experiment)


def _means(case: _Case) -> dict[int, float]:
    """Seed -> mean over all units; nan for a seed that lacks one."""
    units = _units(case)
    values = {(run.unit, run.seed): run.value for run in case.runs}
    seeds = sorted({run.seed for run in case.runs})
    return {seed: sum(values.get((unit, seed), math.nan) for unit in units) / len(units) for seed in seeds}


def _mean(case: _Case) -> float:
    """The cell's number by its measures; a seed that lacks a unit does not count."""
    units, ran = _units(case), {(run.unit, run.seed) for run in case.runs}
    whole = [mean for seed, mean in _means(case).items() if all((unit, seed) in ran for unit in units)]
    return sum(whole) / len(whole) if whole else math.nan


def _how_averaged(case: _Case) -> Section:
    if not case.runs:
        return Section("How it was averaged")
    units, means, mean = _units(case), _means(case), _mean(case)
    ran = {(run.unit, run.seed): run.value for run in case.runs}
    one = len(means) == 1
    if case.row["subset"] == AVERAGE:
        said = f"For every seed the mean over {len(units)} units, then the mean of these over seeds"
    else:
        said = "The one value" if one else f"The mean over {len(means)} seeds"
    said += f": {case.number(mean, 2)}." if not math.isnan(mean) else ": there is none."
    sentences = [said]
    lacking = [seed for seed in means if any((unit, seed) not in ran for unit in units)]
    for seed in lacking:
        without = [unit for unit in units if (unit, seed) not in ran]
        sentences.append(f"Seed {seed} is left out: it lacks the units {', '.join(without)}.")
    rows = [
        (unit, *(case.number(ran[unit, seed], 2) if (unit, seed) in ran else "not run" for seed in means))
        for unit in units
    ]
    if case.row["subset"] == AVERAGE:
        rows.append(("mean", *(case.number(mean, 2) for mean in means.values())))
    columns = ("unit", *(f"seed {seed}" for seed in means))
    return Section("How it was averaged", tuple(sentences), columns, tuple(rows))


# --- 3 and 4: runs, and what they deviate in ---------------------------------------------------------


def _those(labels: Sequence[str], runs: Sequence[RunOfCell]) -> str:
    """The names of some of the runs, in few words."""
    if len(labels) == len(runs) > 1:
        return f"all {len(runs)}"
    more = f" and {len(labels) - 6} more" if len(labels) > 6 else ""
    return ", ".join(labels[:6]) + more


def _named(labels: Sequence[str], runs: Sequence[RunOfCell]) -> str:
    """As `_those`, for a sentence."""
    those = _those(labels, runs)
    return f"{those} runs" if those.startswith("all ") else f"run{'s' * (len(labels) > 1)} {those}"


def _marks(runs: Iterable[RunOfCell]) -> dict[tuple[str, str], list[str]]:
    """(kind, what) -> the runs of which it is true: what deviates, diverged, is stale or has no record."""
    marks: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        for mark in _marks_of(run):
            marks.setdefault(mark, []).append(run.label)
    return marks


def _marks_of(run: RunOfCell) -> Iterator[tuple[str, str]]:
    told: dict[tuple[str, str], list[str]] = {}
    for done, record in (("trained", run.trained), ("scored", run.scored)):
        if not record:
            told.setdefault(("no record", "of how it was"), []).append(done)
        elif how := staleness(record):
            told.setdefault(("stale", how), []).append(done)
    for (kind, how), done in told.items():
        both = " and ".join(done)
        yield kind, f"{both} {how}" if kind == "stale" else f"{how} {both}"
    records = _records(run)
    for text in dict.fromkeys(text for record in records for text in record.get("deviations", ())):
        yield "deviates", text.rstrip(".")
    for text in dict.fromkeys(record["diverged"] for record in records if "diverged" in record):
        yield "diverged", text.rstrip(".")


def _runs(case: _Case) -> Section:
    if not case.runs:
        return Section("Runs")
    sentences = []
    if not _marks(case.runs):
        sentences.append(
            "No run deviates from the paper in a declared way, none diverged, and the present code and "
            "settings would make each of them again."
        )
    others = sorted(
        {run.trained["unit"] for run in case.runs if run.trained} - {run.unit for run in case.runs}
    )
    if others:
        sentences.append(
            f"Runs share the training of unit {', '.join(others)}: all train on the same images."
        )
    if any(record["source"]["dirty"] for run in case.runs for record in _records(run)):
        sentences.append("Where it says + changes, the commit alone does not give the code; its digest does.")
    if any(record["source"]["commit"] is None for run in case.runs for record in _records(run)):
        sentences.append(
            "No commit is known where the project was no checkout of git; the digest names the code."
        )
    columns = ("unit", "seed", case.row["metric"], "device", "iterations", "restarts", "training time")
    columns += ("commit", "code", "settings", "started (UTC)")
    return Section("Runs", tuple(sentences), columns, tuple(_run_row(case, run) for run in case.runs))


def _records(run: RunOfCell) -> list[Mapping]:
    return [record for record in (run.trained, run.scored) if record]


def _run_row(case: _Case, run: RunOfCell) -> tuple[str, ...]:
    trained = run.trained
    value = (run.unit, str(run.seed), case.number(run.value, 2))
    if not trained:
        return (*value, *[NOTHING] * 8)
    tf32 = ", TF32" if trained["job"]["precision"] == "tf32" else ""
    return (
        *value,
        trained["device"]["device"] + tf32,
        str(trained.get("iterations", NOTHING)),
        str(trained["run"].get("restarts", NOTHING)),
        duration(trained["run"].get("training_seconds", trained["run"]["seconds"])),
        _commit(trained["source"]),
        trained["code_digest"][:8],
        trained["settings_digest"][:8],
        trained["run"]["started"][:16].replace("T", " "),
    )


def _commit(source: Mapping) -> str:
    return (source["commit"] or "unknown")[:8] + (" + changes" if source["dirty"] else "")


def _deviations(case: _Case) -> Section:
    rows = tuple(
        (kind, said, _those(labels, case.runs)) for (kind, said), labels in _marks(case.runs).items()
    )
    return Section("What each run deviates in", (), ("kind", "what", "runs"), rows)


# --- 5: settings -------------------------------------------------------------------------------------


def _settings(case: _Case) -> Section:
    trained = [run for run in case.runs if run.trained]
    found: dict[tuple[str, ...], list[str]] = {}
    for run in trained:
        for name, value in run.trained["job"]["settings"].items():
            about = run.trained["sources"].get(name, {})
            told = (about.get("source", ""), about.get("reading", ""), about.get("reason", ""))
            found.setdefault((name, plain(value), *told), []).append(run.label)
    if not found:
        return Section("Settings")
    names = [name for name, *_ in found]
    differ = sorted({name for name in names if names.count(name) > 1})
    rows = [
        (name, value, source, reading, _reason(reason, labels, name in differ, trained))
        for (name, value, source, reading, reason), labels in found.items()
    ]
    rows.sort(key=lambda row: (row[2] != "assumed", row[0]))
    assumed = len({row[0] for row in rows if row[2] == "assumed"})
    sentences = [_method_sentence(trained)]
    sentences.append(
        f"{assumed} of {len(set(names))} are assumed, for neither the paper nor its code gives them; they "
        "stand first."
        if assumed
        else "The paper or its code gives all of them."
    )
    if differ:
        sentences.append(f"The runs differ in {', '.join(differ)}.")
    if others := [run.label for run in trained if run.scored and run.scored["job"] != run.trained["job"]]:
        sentences.append(f"Scored with other settings than trained: {', '.join(others)}.")
    columns = ("setting", "value", "source", "reading", "reason")
    return Section("Settings", tuple(sentences), columns, tuple(rows))


def _method_sentence(runs: Sequence[RunOfCell]) -> str:
    jobs = [run.trained["job"] for run in runs]
    methods, precisions = (
        dict.fromkeys(job.get(key, NOTHING) for job in jobs) for key in ("method", "precision")
    )
    return (
        f"Method {' or '.join(methods)} in {' or '.join(precisions)}; these are the settings that were run, "
        "whatever the paper's YAML says now."
    )


def _reason(reason: str, labels: Sequence[str], differs: bool, runs: Sequence[RunOfCell]) -> str:
    return "; ".join(filter(None, [reason, f"in {_named(labels, runs)}" if differs else ""]))


# --- 6: data -----------------------------------------------------------------------------------------


def _data(case: _Case) -> Section:
    records = {link.record: case.trail.records[link.record] for link in case.links if link.record}
    inventories = {link.name: records[link.record] for link in case.links if _rule(case, link) == "download"}
    jobs = [run.trained["job"] for run in case.runs if run.trained]
    sentences, files = [], []
    for name, record in inventories.items():
        entry = DATASETS.get(record["dataset"])
        title = f"{record['dataset']}, {entry.title}" if entry else record["dataset"]
        sentences.append(f"{title}; licence {record['licence']}; {record['homepage']}")
        try:
            files += inventory_of(case.trail, name)
        except (FileNotFoundError, RecordError):
            sentences.append(f"{name}, which names its raw files, cannot be read.")
    sentences += dict.fromkeys(_divided(job) for job in jobs)
    judged = case.cell.experiment.judged if case.cell.experiment else {}
    sentences += _split_sentences(records.values(), edited=bool(judged))
    made = case.cell.experiment.generated if case.cell.experiment else {}
    if made and GENERATED.intersection(METRICS[case.entry["metric"]].of):
        order = f"{made['splits']} splits in an order drawn by seed {made['order_seed']}"
        sentences.append(f"{made['images']:,} images are made, {made['batch']:,} at once; {order}.")
    if judged:
        tested = f"the first {judged['images']:,} test images" if "images" in judged else "all test images"
        sentences.append(f"A classifier, {judged['by']} with seed 0, judges the edits of {tested}.")
    files += [RawFile(**record["raw"]) for record in records.values() if record["rule"] == "weights"]
    files.sort(key=lambda file: file.verified)
    if unverified := sum(not file.verified for file in files):
        sentences.append(
            f"UNVERIFIED: no published checksum vouches for {unverified} of {len(files)} raw files."
        )
    if files:
        sentences.append("`python -m encore.audit verify` reads the raw files again; this page does not.")
    if len(files) > RAW_FILES:
        sentences.append(f"{RAW_FILES} of {len(files)} raw files are shown, those not verified first.")
    rows = tuple(
        (
            file.path,
            f"{file.bytes:,}",
            file.sha256[:12],
            "yes" if file.verified else "NO",
            file.how or NOTHING,
        )
        for file in files[:RAW_FILES]
    )
    columns = ("raw file", "bytes", "SHA-256", "verified", "how")
    return Section("Data", tuple(sentences), columns if rows else (), rows)


def _divided(job: Mapping) -> str:
    seed = job["split_seed"]
    drawn = "a split for each seed" if seed == EACH else f"split seed {seed}"
    return f"Protocol {job['protocol']}, {drawn}."


def _rule(case: _Case, link: Link) -> str:
    return case.trail.records[link.record]["rule"] if link.record else ""


def _split_sentences(records: Iterable[Mapping], *, edited: bool) -> Iterator[str]:
    """How the images were divided: of one unit in full, of several whether any leaks.

    edited: the unit is no normal or anomalous class but an attribute that images have or lack.
    """
    without, having = ("without the attribute", "with it") if edited else ("normal", "anomalous ones")
    splits = [record for record in records if record["rule"] == "split"]
    if len(splits) == 1:
        (split,) = splits
        # Kept records of edited units may still say test_normal and test_anomalous.
        keys = ("test_without", "test_with") if "test_with" in split else ("test_normal", "test_anomalous")
        n_without, n_having = (split[key] for key in keys)
        to_choose_by = f"; {split['valid']:,} to choose settings by" if "valid" in split else ""
        yield (
            f"Unit {split['unit']}: {split['train']:,} images to train on{to_choose_by}; to test on, "
            f"{n_without:,} {without} and {n_having:,} {having}."
        )
    leaking = {split["unit"]: split.get("leaked", 0) for split in splits if split.get("leaked", 0) > 0}
    if leaking:
        most = max(leaking.values())
        yield (
            f"LEAKS: up to {most:.0%} of the normal test images are training images "
            f"(unit {', '.join(leaking)})."
        )


# --- 7: the chain ------------------------------------------------------------------------------------


def _chain(case: _Case) -> Section:
    if not case.links:
        return Section("The chain")
    held = sum(link.state == HOLDS for link in case.links)
    whole = f"All {held}" if held == len(case.links) else f"{held} of {len(case.links)}"
    changed = sum(link.record_state != HOLDS for link in case.links)
    since = f"; {changed} records are not what they were when they were read" if changed else ""
    sentences = (
        "From the table back to the raw files. Names are below results/, logs below results/logs/; the "
        "record of a file lies beside it.",
        f"{whole} files still are the ones that were recorded{since}.",
    )
    rows = tuple(
        (
            link.whose,
            _below(link.name, f"{RESULTS}/"),
            link.recorded[:12] or NOTHING,
            link.state,
            (Path(link.record).name or NOTHING)
            + ("" if link.record_state == HOLDS else f", {link.record_state}"),
            _below(link.log, f"{LOGS}/") or NOTHING,
        )
        for link in case.links
    )
    return Section("The chain", sentences, ("run", "file", "SHA-256", "on disk", "record", "log"), rows)


def _below(name: str, folder: str) -> str:
    return name.removeprefix(folder)


# --- 8: made with ------------------------------------------------------------------------------------


def _made_with(case: _Case) -> Section:
    """Versions and devices: once where all are the same, else with the runs that had them."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    total: dict[str, None] = {}
    for run in case.runs:
        for done, record in (("trained", run.trained), ("scored", run.scored)):
            if record:
                total[f"{run.label} {done}"] = None
                for what, value in _environment(record).items():
                    found.setdefault(what, {}).setdefault(value, {})[f"{run.label} {done}"] = None
    rows, differ = [], False
    for what, values in found.items():
        for value, makers in values.items():
            everywhere = len(makers) == len(total)
            differ |= not everywhere
            rows.append((what, value, "" if everywhere else _makers(makers)))
    columns = ("what", "version", "where") if differ else ("what", "version")
    said = "Trainings and scorings differ in what they were made with." if differ else ""
    return Section(
        "Made with",
        tuple(filter(None, [said])),
        columns if rows else (),
        tuple(row[: len(columns)] for row in rows),
    )


def _environment(record: Mapping) -> dict[str, str]:
    environment, device = record["environment"], record["device"]
    lock = environment["lock_sha256"]
    here = LOCK.is_file() and file_digest(LOCK) == lock
    of_lock = ", as envs/lock.txt here" if here else ", another than envs/lock.txt here"
    memory = {"memory": f"{device['memory_bytes'] / 2**30:.0f} GiB"} if "memory_bytes" in device else {}
    return {
        "device": str(device["device"]),
        **memory,
        **{key: str(device[key]) for key in ("threads", "cuda", "cudnn") if key in device},
        "precision": str(record["job"]["precision"]),
        "python": str(environment["python"]),
        "platform": str(environment["platform"]),
        **{name: str(version or "not installed") for name, version in environment["libraries"].items()},
        "lock": f"{lock[:12]}{of_lock}" if lock else "none was found",
    }


def _makers(makers: Iterable[str]) -> str:
    makers = list(makers)
    return ", ".join(makers[:4]) + (f" and {len(makers) - 4} more" if len(makers) > 4 else "")


# --- 9: try it yourself ------------------------------------------------------------------------------


def _try(case: _Case) -> Section:
    if case.row["verdict"] == CITED:
        return Section("Try it yourself")
    table = f"{COMMAND}{SHELL} {case.table}"
    if not case.links:
        return Section("Try it yourself", ("Make what is missing of the table:", table))
    sentences = ["Check that every file behind every number is the recorded one; this changes nothing:"]
    sentences.append(f"{COMMAND}python -m encore.audit verify")
    if case.runs:
        run = case.runs[0]
        records = [run.trained, *(case.trail.record_of(name) for name in run.results)]
        commands = [COMMAND + shlex.join(record["command"]) for record in records if record]
        sentences.append(f"Make run {run.label} again, in a copy of this folder, for it is written over:")
        sentences += dict.fromkeys(commands)
    sentences += [
        "Make what is missing or outdated of the table; nothing to be done is a good answer:",
        table,
    ]
    return Section("Try it yourself", tuple(sentences))


SECTIONS: tuple[Callable[[_Case], Section], ...] = (
    _the_number,
    _how_averaged,
    _runs,
    _deviations,
    _settings,
    _data,
    _chain,
    _made_with,
    _try,
)

"""What is wrong with a paper's data beyond its schema: every name must be known, every value legal.

A fault is a sentence: which key, what was found, what was expected, the nearest valid name.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set

from encore.datasets.catalogue import DATASETS
from encore.papers.kinds import COUNT, FIGURES, METRICS, SHOWS
from encore.papers.layout import STAGES
from encore.papers.model import AVERAGE, READINGS, Experiment, Paper, experiments_in
from encore.papers.schema import LOOKS_LIKE_A_NUMBER, schema_faults
from encore.papers.settings import schema_of
from encore.registry import METHODS, PROTOCOLS, MethodFacts, method_facts, module_settings, names, validates
from encore.strict import nearest


def _unknown(place: str, found: object, known: Iterable[str]) -> list[str]:
    """A fault where `found` is none of the known names."""
    known = list(known)
    return [] if found in known else [f"{place}: found {found!r}; {nearest(found, known)}"]


def _unknowns(place: str, found: Iterable[object], known: Iterable[str]) -> list[str]:
    known = list(known)
    return [fault for name in found for fault in _unknown(place, name, known)]


# --- experiments -------------------------------------------------------------------------------------


def entry_faults(entry: Mapping, groups: Mapping, place: str) -> list[str]:
    """Names in an experiment's entry without which there is no experiment to check."""
    return _unknown(f"{place}.dataset", entry["dataset"], DATASETS) + _unknowns(
        f"{place}.use", entry.get("use", []), groups
    )


def experiment_faults(experiment: Experiment, place: str) -> list[str]:
    """What is wrong with an experiment by itself."""
    faults = _unknown(f"{place}.method", experiment.method, names(METHODS))
    for protocol in dict.fromkeys(experiment.protocols.values()):
        faults += _unknown(f"{place}.protocol", protocol, names(PROTOCOLS))
    faults += _unit_faults(experiment, place)
    if experiment.method in names(METHODS):
        facts = method_facts(experiment.method)
        faults += _setting_faults(experiment, facts, f"{place}.settings")
        faults += _label_faults(experiment, facts, place)
        if experiment.resemblance:
            faults += _lacking(experiment, {"reconstruct"}, place)
        if experiment.generated:
            faults += _generated_faults(experiment, facts, f"{place}.generated")
    return faults


def _unit_faults(experiment: Experiment, place: str) -> list[str]:
    """Units, domains and resemblances that the dataset does not have; units that share a folder."""
    classes, units = DATASETS[experiment.dataset].classes, experiment.units
    faults = [
        f"{place}.units: {unit!r} is no class of {experiment.dataset}; "
        f"{nearest(unit, [*experiment.domains, *classes])}"
        for unit in units
        if unit not in classes and unit not in experiment.domains
    ]
    for key, named, what in (
        ("domains", experiment.domains, "attribute"),
        ("resemblance", experiment.resemblance, "class"),
    ):
        if not faults:
            faults += [
                f"{place}.{key}: {unit!r} is no unit of the experiment; {nearest(unit, units)}"
                for unit in named
                if unit not in units
            ]
        faults += [
            f"{place}.{key}.{unit}: {name!r} is no {what} of {experiment.dataset}; {nearest(name, classes)}"
            for unit, chosen in named.items()
            for name in chosen
            if name not in classes
        ]
    return faults + [
        f"{place}.units: {one!r} and {other!r} differ in case only; on some systems their folders are one."
        for one, other in itertools.combinations(units, 2)
        if one.casefold() == other.casefold()
    ]


def _setting_faults(experiment: Experiment, facts: MethodFacts, place: str) -> list[str]:
    """Settings that are unknown, missing, or have a value that they may not have."""
    known = {**facts.settings, **module_settings("datasets.images")}
    if facts.labelled:
        known |= module_settings("datasets.labels")
    faults = [
        f"{place}: unknown setting {name!r}, {nearest(name, known)}"
        for name in experiment.settings
        if name not in known
    ]
    for name, (legal, about) in known.items():
        if name not in experiment.settings:
            faults.append(f"{place}: {name!r} is missing ({about}).")
            continue
        entry = experiment.settings[name]
        for reading in [""] if "value" in entry else entry:
            sourced = entry[reading] if reading else entry
            where, _, key = f"{place}.{name}{'.' * bool(reading)}{reading}".partition(": ")
            faults += schema_faults(sourced["value"], schema_of(legal), where, key)
    return faults


def _label_faults(experiment: Experiment, facts: MethodFacts, place: str) -> list[str]:
    """What only methods with labels can have, and what only methods that edit can be judged by."""
    faults = []
    generates = experiment.late or experiment.generated or facts.offers >= SHOWS
    if experiment.domains and not (facts.labelled or generates):
        faults.append(f"{place}.domains: the method {experiment.method!r} takes no labels.")
    if experiment.judged and "edit" not in facts.offers:
        return faults + _lacking(experiment, {"edit"}, place)
    if experiment.judged:
        needed = set()
        if "amounts" in experiment.judged:
            needed = {"transfer", "mean_length"}
            faults += [
                f"{place}.judged.amounts: one is chosen on a validation part, and the protocol {protocol!r} "
                "holds out none."
                for protocol in dict.fromkeys(experiment.protocols.values())
                if protocol in names(PROTOCOLS) and not validates(protocol)
            ]
        if not all(len(experiment.domains_of(unit)) > 1 for unit in experiment.units):
            needed.add("reconstruct")
        faults += _lacking(experiment, needed, place)
    return faults


def _generated_faults(experiment: Experiment, facts: MethodFacts, place: str) -> list[str]:
    """What cannot be measured of the images that a method makes."""
    shows = "reconstruct" in facts.offers and not facts.labelled
    faults = [] if shows else _lacking(experiment, {"sample"}, place)
    images, splits = experiment.generated["images"], experiment.generated["splits"]
    if splits > images:
        faults.append(f"{place}.splits: found {splits:,}; expected up to {images:,}, the images there are.")
    return faults


def _lacking(experiment: Experiment, needed: Set[str], place: str) -> list[str]:
    """What a method lacks of what it needs to offer."""
    lacking = needed - method_facts(experiment.method).offers
    return [f"{place}: the method {experiment.method!r} does not offer `{name}`." for name in sorted(lacking)]


def judge_faults(paper: Paper, known: Iterable[str], place: str) -> list[str]:
    """Faults of the references to judges: each must know what it is to judge, at the size that it is shown.

    known: the names of all experiments, of which the paper has those without faults of their own.
    """
    faults: list[str] = []
    for where, experiment, judge in _referring(paper, "judged", "by", known, place, faults):
        if not method_facts(judge.method).judges:
            faults.append(f"{where}: the method {judge.method!r} of {judge.name} is no classifier.")
        faults += [
            f"{where}: {judge.name} has no unit {unit!r} of the same attributes."
            for unit in experiment.units
            if unit not in judge.units or judge.domains_of(unit) != experiment.domains_of(unit)
        ]
        faults += _size_fault(experiment, judge, where)
    return faults


def reference_faults(paper: Paper, known: Iterable[str], place: str) -> list[str]:
    """Faults of the references to real images: their statistics must be one thing, of images of that size.

    known: as for `judge_faults`.
    """
    faults: list[str] = []
    for where, experiment, reference in _referring(paper, "generated", "reference", known, place, faults):
        name = reference.name
        if not reference.generated or "reference" in reference.generated or not reference.deterministic:
            faults.append(
                f"{where}: {name} has no statistics of real images, as the method real_images gives."
            )
        faults += [
            f"{where}: {name} has no unit {unit!r}."
            for unit in experiment.units
            if unit not in reference.units
        ]
        faults += _size_fault(experiment, reference, where)
    return faults


def _referring(
    paper: Paper, part: str, key: str, known: Iterable[str], place: str, faults: list[str]
) -> Iterator[tuple[str, Experiment, Experiment]]:
    """Where an experiment names another one as `key` of its `part`, that experiment, and the named one.

    A name that is not known is one more of the faults.
    """
    for name, experiment in paper.experiments.items():
        if key in (told := getattr(experiment, part)):
            where = f"{place}.{name}.{part}.{key}"
            faults += _unknown(where, told[key], known)
            if told[key] in paper.experiments:
                yield where, experiment, paper.experiments[told[key]]


def _size_fault(experiment: Experiment, other: Experiment, place: str) -> list[str]:
    """Where the experiment makes images of another size than those that the other one sees."""
    for reading in READINGS:
        made, seen = (one.values(reading).get("image_size") for one in (experiment, other))
        if made != seen:
            return [f"{place}: {other.name} sees images of {seen} pixels, {experiment.name} makes {made}."]
    return []


# --- what is printed ---------------------------------------------------------------------------------


def published_faults(paper: Paper, place: str) -> list[str]:
    """Rows of a paper's CSV that stand twice, or that a table shows and whose numbers it cannot have."""
    rows, faults = paper.published, []
    shown: dict[tuple, list[Mapping]] = {}
    for table in paper.tables.values():
        shown.setdefault((table.get("source"), table.get("published_metric")), []).append(table)
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            faults.append(f"{place}, line {line}: expected {len(row) - (None in row)} fields, found others.")
            continue
        tables = shown.get((row["table"], row["metric"]), [])
        for column in ("value", "std") if tables else ():
            found = f"{place}, line {line}: {column}: found {row[column]!r}, expected a number"
            if row[column] and not _is_finite(row[column]):
                faults.append(f"{found}.")
            elif row[column] and column == "value":
                beyond = (bounds for table in tables for bounds in _bounds_missed(float(row[column]), table))
                faults += [f"{found} {bounds}." for bounds in dict.fromkeys(beyond)]
    keys = Counter(tuple(row.get(key) for key in KEY) for row in rows)
    return faults + [
        f"{place}: {', '.join(map(str, key))}: stands {count} times."
        for key, count in keys.items()
        if count > 1
    ]


KEY = ("table", "dataset", "method", "subset", "metric")


def _is_finite(text: str) -> bool:
    return bool(LOOKS_LIKE_A_NUMBER.fullmatch(text)) and math.isfinite(float(text))


def _bounds_missed(value: float, table: Mapping) -> Iterator[str]:
    """Bounds that a printed number misses: those of the table's metric, and of a share of printed images."""
    metric = METRICS.get(table["metric"])
    bounds = [(metric.low, metric.high)] if metric else []
    for low, high in bounds + [(0, 1)] * ("printed_images" in table):
        if (low is not None and value < low) or (high is not None and value > high):
            yield f"from {low}" + ("" if high is None else f" to {high}")


# --- tables ------------------------------------------------------------------------------------------

Place = tuple[str, str, str]  # dataset, method, subset in the paper's words


def _printed(paper: Paper, table: Mapping) -> list[Mapping[str, str]]:
    return [
        row
        for row in paper.published
        if row["table"] == table.get("source") and row["metric"] == table.get("published_metric")
    ]


def _words(cell: Mapping, experiment: Experiment) -> list[str]:
    """The paper's words for the units that a cell stands for."""
    words = cell.get("subsets", {})
    return [words.get(unit, unit) for unit in cell.get("units", experiment.units)]


def places_of(paper: Paper, table: Mapping) -> set[Place]:
    """All cells that a table has: those printed, and those of its experiments with their averages."""
    found = {(row["dataset"], row["method"], row["subset"]) for row in _printed(paper, table)}
    for cell in table["cells"]:
        if experiment := paper.experiments.get(cell["experiment"]):
            subsets = [*_words(cell, experiment), AVERAGE]
            found |= {(cell["dataset"], cell["method"], subset) for subset in subsets}
    return found


def table_faults(paper: Paper, table: Mapping, known: Iterable[str], place: str) -> Iterator[str]:
    """Faults of a table: of its metric, its cells, its margins, and what the CSV prints of it."""
    for word, entry in table.get("counts", {}).items():
        yield from _unknown(f"{place}.counts.{word}", entry["dataset"], DATASETS)
    if ("counts" in table) != (table["metric"] == COUNT):
        yield f"{place}.metric: {COUNT!r} belongs to a table of counts, and to no other."
    if "counts" in table:
        return
    rows = _printed(paper, table)
    printed = {(row["dataset"], row["method"]) for row in rows}
    if "source" in table and not rows:
        yield f"{place}.source: the CSV has no rows of {table['source']!r} with that published_metric."
    if any(row["value"] for row in rows) and "margins" not in table:
        yield f"{place}: a table with printed numbers needs margins."
    for method in dict.fromkeys(row["method"] for row in rows):
        if method not in table["columns"]:
            yield f"{place}.columns: the CSV prints {method!r}; {nearest(method, table['columns'])}"
    seen: set[tuple[str, str]] = set()
    for index, cell in enumerate(table["cells"]):
        of_cell = f"{place}.cells[{index}]"
        own = cell["dataset"], cell["method"]
        if own in seen:
            yield f"{of_cell}: {cell['method']!r} on {cell['dataset']!r} stands twice."
        seen.add(own)
        if printed and own not in printed:
            yield f"{of_cell}: the CSV prints no {cell['method']!r} on {cell['dataset']!r}."
        if cell["method"] not in table["columns"]:
            hint = nearest(cell["method"], table["columns"])
            yield f"{of_cell}.method: {cell['method']!r} is no column; {hint}"
        yield from _unknown(f"{of_cell}.experiment", cell["experiment"], known)
        if experiment := paper.experiments.get(cell["experiment"]):
            yield from _cell_faults(cell, experiment, table, rows, of_cell)
            yield from _subset_faults(cell, paper, table, of_cell)
    yield from _unknowns(f"{place}.figures", table["figures"], paper.figures)


def _cell_faults(
    cell: Mapping, experiment: Experiment, table: Mapping, rows: list[Mapping[str, str]], place: str
) -> Iterator[str]:
    """Faults of a cell against the experiment behind it."""
    if unknown := [unit for unit in cell.get("units", []) if unit not in experiment.units]:
        hint = nearest(unknown[0], experiment.units)
        yield f"{place}.units: {unknown[0]!r} is no unit of {experiment.name}; {hint}"
        return
    words = _words(cell, experiment)
    for word, count in Counter(words).items():
        if count > 1:
            yield f"{place}.subsets: {word!r} stands for {count} units."
    for row in rows:
        if (row["dataset"], row["method"]) == (cell["dataset"], cell["method"]):
            subset = row["subset"]
            if subset not in (*words, AVERAGE):
                yield f"{place}: the CSV prints {subset!r}, of which it has no unit; {nearest(subset, words)}"
    given = [name for name, metric in METRICS.items() if set(metric.of) & set(experiment.gives)]
    if table["metric"] not in given:
        yield f"{place}.experiment: {experiment.name} gives no {table['metric']}; known: {', '.join(given)}."
    scores = experiment.scores(READINGS[0])
    if table["score"] not in scores:
        hint = nearest(table["score"], scores)
        yield f"{place}.experiment: {experiment.name} gives no score {table['score']!r}; {hint}"


def _subset_faults(cell: Mapping, paper: Paper, table: Mapping, place: str) -> Iterator[str]:
    """Words for units that no experiment of the table has; several cells may share their words."""
    experiments = (paper.experiments.get(name) for name in experiments_in(table))
    units = dict.fromkeys(unit for experiment in experiments if experiment for unit in experiment.units)
    yield from _unknowns(f"{place}.subsets", cell.get("subsets", {}), units)


# --- figures and claims ------------------------------------------------------------------------------


def figure_faults(paper: Paper, figure: Mapping, known: Iterable[str], place: str) -> Iterator[str]:
    """Faults of a figure: of what it refers to, and of what its methods offer."""
    if "table" in figure:
        yield from _unknown(f"{place}.table", figure["table"], paper.tables)
    for name in experiments_in(figure):
        yield from _unknown(place, name, known)
        if experiment := paper.experiments.get(name):
            yield from _lacking(experiment, FIGURES[figure["kind"]].offers, place)
            if "unit" in figure:
                yield from _unknown(f"{place}.unit", figure["unit"], experiment.units)
            if "domains" in figure and figure.get("unit") in experiment.units:
                domains = experiment.domains_of(figure["unit"])
                yield from _unknowns(f"{place}.domains", figure["domains"], domains)
    if "method" in figure and figure.get("table") in paper.tables:
        yield from _unknown(f"{place}.method", figure["method"], paper.tables[figure["table"]]["columns"])


def claim_faults(paper: Paper, claim: Mapping, place: str) -> Iterator[str]:
    """Faults of a claim: of its table, and of the cells that it speaks of."""
    yield from _unknown(f"{place}.table", claim["table"], paper.tables)
    if claim["table"] not in paper.tables:
        return
    places = places_of(paper, paper.tables[claim["table"]])
    cells = [claim[key] for key in ("cell",) if key in claim] + list(claim.get("cells", []))
    cells += [cell for group in claim.get("groups", []) for cell in group]
    for cell in cells:
        left, chosen = places, ""
        for index, key in enumerate(("dataset", "method", "subset")):
            here = sorted({one[index] for one in left})
            if cell[key] not in here:
                hint = nearest(cell[key], here)
                yield f"{place}: {claim['table']} has no {key} {cell[key]!r}{chosen}; {hint}"
                break
            left = {one for one in left if one[index] == cell[key]}
            chosen += f" {'and' if chosen else 'of'} {cell[key]}"


def result_faults(paper: Paper, known: Iterable[str], where: str) -> list[str]:
    """Faults of what a paper prints, and of its tables, figures, claims and targets.

    known: the names of all experiments, of which the paper has those without faults of their own.
    """
    faults = published_faults(paper, where.replace(".yaml", ".csv"))
    for key, target in paper.targets.items():
        faults += _unknowns(f"{where}: targets.{key}.tables", target["tables"], paper.tables)
    for key, table in paper.tables.items():
        faults += table_faults(paper, table, known, f"{where}: tables.{key}")
    for key, figure in paper.figures.items():
        faults += figure_faults(paper, figure, known, f"{where}: figures.{key}")
    for key, claim in paper.claims.items():
        faults += claim_faults(paper, claim, f"{where}: claims.{key}")
    return faults


RULES = {*STAGES, "all", "plan", "status", "audit"}  # of workflow/rules


def name_faults(papers: Iterable[Paper]) -> list[str]:
    """Names given twice, or to a rule: the results of one would be taken for the other's."""
    faults, holders = [], {}
    for paper in papers:
        named = [(paper.name, "paper"), *((name, "experiment") for name in paper.experiments)]
        for kind, entries in (("table", paper.tables), ("figure", paper.figures), ("target", paper.targets)):
            named += [(name, kind) for name in entries]
        for name, kind in named:
            if name in RULES and kind != "experiment":
                faults.append(f"{name!r} is a rule of the workflow and cannot be the {kind} of {paper.name}.")
            other = holders.setdefault(name, f"the {kind} of {paper.name}")
            if other != f"the {kind} of {paper.name}":
                faults.append(f"{name!r} is the name of two things: {other}, and the {kind} of {paper.name}.")
    return faults

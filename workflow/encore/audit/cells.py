"""The cells of a table that someone asks for, by the words that a reader knows them by."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from encore.audit.trail import CellOfTable, Trail, cells_of_table
from encore.papers.find import find_table
from encore.papers.layout import path
from encore.papers.model import Paper, experiments_in
from encore.papers.read import load_papers
from encore.script import UserError
from encore.strict import ConfigError, nearest

SHELL = "snakemake --profile profiles/local"


def cells_asked(
    trail: Trail, target: str, *, dataset: str | None, subset: str | None, method: str | None
) -> list[CellOfTable]:
    """The cells of the table `target` that fit what is given, in the table's order.

    dataset: the paper's word or the catalogue's. Upper and lower case are the same. A UserError or a
    ConfigError where `target` is no table, was not made yet, or has no such cell.
    """
    _check_table(target)
    try:
        cells = cells_of_table(trail, target)
    except FileNotFoundError:
        raise UserError(
            f"the table {target} was not made here: there is no {path('compare', 'csv', table=target)}; "
            f"`{SHELL} {target}` makes it."
        ) from None
    wanted = {"dataset": dataset, "method": method, "subset": subset}
    return _fitting(target, cells, {kind: word for kind, word in wanted.items() if word is not None})


def _check_table(target: str) -> None:
    """A ConfigError that names the tables to ask for instead, where `target` is no table."""
    papers = load_papers()
    tables = {name: table for paper in papers.values() for name, table in paper.tables.items()}
    if target in tables:
        return
    for paper in papers.values():
        if target == paper.name:
            raise ConfigError([f"{target} is a paper; explain one of its tables: {', '.join(paper.tables)}."])
        if group := paper.targets.get(target):
            raise ConfigError([f"{target} groups tables; explain one of them: {', '.join(group['tables'])}."])
        if target in paper.figures:
            shown = _tables_of_figure(target, paper.figures[target], paper)
            hint = f"explain a table of the same: {', '.join(shown)}" if shown else "no table shows the same"
            raise ConfigError([f"{target} is a figure, which has no cells; {hint}."])
    raise ConfigError([f"there is no table {target!r}; {nearest(target, tables)}"])


def _tables_of_figure(name: str, figure: Mapping, paper: Paper) -> list[str]:
    """The tables that a figure draws or belongs to; else those of an experiment that it shows."""
    own = [key for key, table in paper.tables.items() if name in table["figures"]]
    drawn = [figure["table"]] if "table" in figure else []
    shown = set(experiments_in(figure))
    same = [key for key, table in paper.tables.items() if shown & set(experiments_in(table))]
    return list(dict.fromkeys([*drawn, *own])) or same


def _fitting(table: str, cells: Sequence[CellOfTable], wanted: Mapping[str, str]) -> list[CellOfTable]:
    """The cells with all the words that are wanted; a ConfigError with the known ones where none has."""
    _, entry = find_table(table)
    catalogued = _catalogued(cells, entry)
    left, chosen = list(cells), ""
    for kind, word in wanted.items():
        known = {cell.row[kind] for cell in left if cell.row[kind].casefold() == word.casefold()}
        if kind == "dataset":
            known |= {own for own, names in catalogued.items() if word.casefold() in names}
        fitting = [cell for cell in left if cell.row[kind] in known]
        if not fitting:
            there = list(dict.fromkeys(cell.row[kind] for cell in left))
            said = f"{table} has no {kind} {word!r}{chosen}{_meant(word, there)}"
            raise ConfigError([f"{said}; known: {', '.join(there)}."])
        left, chosen = fitting, f"{chosen} {'of' if not chosen else 'and'} {kind} {fitting[0].row[kind]}"
    return left


def _catalogued(cells: Iterable[CellOfTable], entry: Mapping) -> dict[str, set[str]]:
    """The paper's word for a dataset -> the catalogue's names of it."""
    names: dict[str, set[str]] = {}
    for cell in cells:
        if cell.experiment is not None:
            names.setdefault(cell.row["dataset"], set()).add(cell.experiment.dataset)
    for word, counted in entry.get("counts", {}).items():
        names.setdefault(word, set()).add(counted["dataset"])
    return names


def _meant(word: str, known: Iterable[str]) -> str:
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""

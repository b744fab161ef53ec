"""What a paper's YAML and CSV say of a table: its cells, the units behind them, the numbers as printed."""

from collections.abc import Mapping

from encore.papers.model import Experiment, Paper

Key = tuple[str, str, str]  # dataset, method, subset: the paper's words


def cell_units(cell: Mapping, experiment: Experiment) -> tuple[str, ...]:
    """The units that a cell stands for: those that it names, or all of its experiment."""
    return tuple(cell.get("units", experiment.units))


def cells_by_place(name: str, table: Mapping) -> dict[tuple[str, str], Mapping]:
    """The cells of the table `name` by dataset and method; two for one place are a ValueError."""
    cells: dict[tuple[str, str], Mapping] = {}
    for cell in table["cells"]:
        if (place := (cell["dataset"], cell["method"])) in cells:
            raise ValueError(f"the table {name} has two cells for {place[1]!r} on {place[0]!r}.")
        cells[place] = cell
    return cells


def printed_rows(paper: Paper, table: Mapping) -> dict[Key, Mapping[str, str]]:
    """The rows of the paper's CSV that belong to a table, in printed order."""
    return {
        (row["dataset"], row["method"], row["subset"]): row
        for row in paper.published
        if row["table"] == table.get("source") and row["metric"] == table.get("published_metric")
    }


def published_by_unit(paper: Paper, name: str, method: str, dataset: str) -> dict[str, str]:
    """Unit -> the number that a table prints for a method on a dataset of the catalogue, as printed."""
    table = paper.tables[name]
    printed = printed_rows(paper, table)
    return {
        unit: printed[key]["value"]
        for cell in table["cells"]
        if cell["method"] == method and paper.experiments[cell["experiment"]].dataset == dataset
        for unit in cell_units(cell, paper.experiments[cell["experiment"]])
        if (key := (cell["dataset"], method, cell.get("subsets", {}).get(unit, unit))) in printed
    }

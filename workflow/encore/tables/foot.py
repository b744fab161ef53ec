"""The sentences at the foot of a table: what was run, how it compares, on what, with which code and seeds."""

from collections.abc import Iterable, Mapping

import pandas as pd

from encore.papers.kinds import METRICS
from encore.papers.model import Paper
from encore.tables.entry import cell_units
from encore.tables.equivalence import counts
from encore.tables.outcomes import divergences, own_runs, texts
from encore.tables.verdicts import CITED, VERDICTS


def foot(paper: Paper, name: str, frame: pd.DataFrame, measures: Mapping[str, pd.DataFrame]) -> list[str]:
    """All sentences. frame: the long table `name`, as `build_table` made it from `measures`."""
    table = paper.tables[name]
    sentences = [_how_many_were_run(frame), *_comparison_sentences(frame, table)]
    if table["metric"] in METRICS and METRICS[table["metric"]].beside:
        sentences.append(METRICS[table["metric"]].beside)
    if runs := _runs_shown(paper, table, measures):
        sentences += _run_sentences(runs)
        sentences += _chosen_sentences(runs, measures)
        sentences += _assumed_sentences(paper, runs, _readings(frame, table))
    return sentences


def _how_many_were_run(frame: pd.DataFrame) -> str:
    printed = frame["published"] != ""
    shown = frame[printed] if printed.any() else frame
    own = shown[shown["verdict"] != CITED]
    run = f"{(own['n'] > 0).sum()} of {len(own)} cells were run"
    cited = len(shown) - len(own)
    return f"{run}; {cited} are cited." if cited else f"{run}."


# --- how it compares ---------------------------------------------------------------------------------


def _comparison_sentences(frame: pd.DataFrame, table: Mapping) -> list[str]:
    if "source" not in table:
        return ["The paper prints none of these numbers: they are not a result of the paper."]
    if not (frame["published"] != "").any():
        return [f"The paper shows its {table['source']} without numbers: there is nothing to compare with."]
    if not _counted(frame, 1):
        return ["All numbers of this table are cited."]
    return [
        *(f"Verdicts at {at}: {_counted(frame, by)}." for at, by in (("ε", 1), ("ε/2", 0.5), ("2ε", 2))),
        "A cell is compared by the 95 % t interval of its mean, a deterministic method's by its one run.",
        *_margin_sentences(table),
        *_printed_images_sentences(table),
    ]


def _counted(frame: pd.DataFrame, factor: float) -> str:
    found = counts(frame, factor)
    return ", ".join(f"{found[name]} {name}" for name in VERDICTS if found[name] and name != CITED)


def _margin_sentences(table: Mapping) -> list[str]:
    return [
        f"The margin ε for {what} is {margin['value']:g}: {margin['source'].rstrip('.')}."
        for what, kind in (("a cell", "cell"), ("an average", "average"))
        for margin in [table["margins"][kind]]
    ]


def _printed_images_sentences(table: Mapping) -> list[str]:
    if (images := table.get("printed_images")) is None:
        return []
    return [
        f"Beside a printed share stands the 95 % Wilson interval that {images['value']} images allow: "
        f"{images['source'].rstrip('.')}."
    ]


# --- what was run ------------------------------------------------------------------------------------


def _runs_shown(
    paper: Paper, table: Mapping, measures: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """The rows of the measures that stand behind the table's cells, by experiment that has some."""
    units: dict[str, set[str]] = {}
    for cell in table["cells"]:
        of_cell = cell_units(cell, paper.experiments[cell["experiment"]])
        units.setdefault(cell["experiment"], set()).update(of_cell)
    found = {
        name: own_runs(measures.get(name), table["metric"], of_it, table["score"])
        for name, of_it in units.items()
    }
    return {name: runs for name, runs in found.items() if runs is not None}


def _run_sentences(runs: Mapping[str, pd.DataFrame]) -> list[str]:
    diverged = [text for part in runs.values() for text in divergences(part)]
    deviations = dict.fromkeys(text for part in runs.values() for text in texts(part, "deviations"))
    return [
        *([f"Trainings that ended in a loss that is no number: {'; '.join(diverged)}."] if diverged else []),
        *(
            f"Stale: runs of {experiment} were made {how}."
            for experiment, part in runs.items()
            for how in texts(part, "stale")
        ),
        "A reproduced number is the mean over seeds ± the standard deviation.",
        f"Devices: {_by_experiment(runs, 'device')}.",
        f"Code: {_by_experiment(runs, 'code', 8)}.",
        f"Seeds: {_by_experiment(runs, 'seed')}.",
        f"Declared deviations: {'; '.join(deviations)}." if deviations else "No deviation was declared.",
    ]


def _chosen_sentences(runs: Mapping[str, pd.DataFrame], measures: Mapping[str, pd.DataFrame]) -> list[str]:
    """The lambda that was chosen for every run behind the table, and the length that it is measured in."""
    said = []
    for experiment, part in runs.items():
        found = {
            metric: own_runs(measures[experiment], metric, part["unit"].unique())
            for metric in ("lambda", "length")
        }
        if found["lambda"] is None:
            continue
        both = zip(found["lambda"].itertuples(), found["length"]["value"], strict=True)
        said += [f"{experiment} {row.unit}/{row.seed}: {row.value:g} ({length:.2f})" for row, length in both]
    if not said:
        return []
    return [f"λ of the highest CIS on validation images (and the mean length of u): {'; '.join(said)}."]


def _by_experiment(runs: Mapping[str, pd.DataFrame], column: str, length: int | None = None) -> str:
    """What a column of the measures holds: "a, b (experiment, experiment); c (experiment)"."""
    holders: dict[str, list[str]] = {}
    for experiment, part in runs.items():
        found = ", ".join(str(value)[:length] for value in sorted(part[column].unique()))
        holders.setdefault(found, []).append(experiment)
    return "; ".join(f"{found} ({', '.join(experiments)})" for found, experiments in holders.items())


def _readings(frame: pd.DataFrame, table: Mapping) -> dict[str, str]:
    """The reading of each experiment, as its rows have it."""
    of_cell = frame.groupby(["dataset", "method"])["reading"].first()
    return {cell["experiment"]: of_cell[cell["dataset"], cell["method"]] for cell in table["cells"]}


def _assumed_sentences(paper: Paper, experiments: Iterable[str], readings: Mapping[str, str]) -> list[str]:
    """The settings of each experiment that neither the paper nor its code gives, with their values."""
    sentences = []
    for experiment in experiments:
        settings = paper.experiments[experiment].resolve(readings[experiment])
        assumed = [f"{key} = {entry.value}" for key, entry in settings.items() if entry.source == "assumed"]
        if assumed:
            sentences.append(f"Assumed settings of {experiment}: {', '.join(assumed)}.")
    return sentences

"""A table of a paper's YAML from the files that its rule names, with the sentences of its foot."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from encore.papers.kinds import METRICS
from encore.papers.model import Experiment, Paper
from encore.papers.present import code_of_run, present_settings
from encore.tables.build import build_table
from encore.tables.claim_runs import table_runs
from encore.tables.claims import printed_cells, published_holds
from encore.tables.counts import build_counts, counts_foot, read_counts
from encore.tables.decide import decide
from encore.tables.files import read_measures
from encore.tables.foot import foot


def compare(
    paper: Paper, name: str, inputs: Sequence[Path], reading: str, readings: Mapping[str, str]
) -> tuple[pd.DataFrame, list[str], list[dict[str, object]]]:
    """The long table `name`, the sentences of its foot, and what is decided of its claims.

    inputs: measures by experiment, or counts by data set. reading: of all experiments but those in
    `readings`.
    """
    if "counts" in paper.tables[name]:
        counts = {path.stem.removesuffix("_counts"): read_counts(path) for path in inputs}
        frame = build_counts(paper, name, counts, reading)
        return frame, counts_foot(frame), []
    measures = {
        path.stem: with_staleness(
            read_measures(path), paper.experiments[path.stem], readings.get(path.stem, reading)
        )
        for path in inputs
    }
    deterministic = {key: paper.experiments[key].deterministic for key in measures}
    frame = build_table(paper, name, measures, reading, deterministic, readings)
    claims = _decided(paper, name, frame, table_runs(paper, name, measures, deterministic))
    return frame, foot(paper, name, frame, measures), claims


def claim_sentences(claims: Sequence[Mapping[str, object]]) -> list[str]:
    """A sentence for the foot of a table for each claim, as `compare` gave them."""
    return [f"Claim ({c['source']}): {c['says']}: {c['verdict']}. {c['sentence']}" for c in claims]


def with_staleness(measures: pd.DataFrame, experiment: Experiment, reading: str) -> pd.DataFrame:
    """Measures with a column `stale`: how a run was made that is made otherwise now, or "".

    It matters where Snakemake does not know what made a file, such as in an export that was unpacked.
    """
    settings = present_settings(experiment.name, reading)
    train, score = (code_of_run(stage, experiment) for stage in ("train", experiment.scored_by))

    def how(run: pd.Series) -> str:
        if run["settings"] not in settings:
            return "with other settings than the present ones"
        return "" if (run["code"], run["scored_by"]) == (train, score) else "by other code than the present"

    return measures.assign(stale=[how(run) for _, run in measures.iterrows()])


def _decided(paper: Paper, name: str, frame: pd.DataFrame, runs: Mapping) -> list[dict[str, object]]:
    """The claims of a table, decided by its runs, and whether the printed numbers themselves bear them."""
    printed, better = printed_cells(frame), METRICS[paper.tables[name]["metric"]].better
    found = []
    for key, claim in paper.claims.items():
        if claim["table"] == name:
            decision = decide(claim, runs, printed, better=better)
            probability = None if math.isnan(decision.probability) else decision.probability
            found.append(
                {"claim": key, "says": claim["says"], "source": claim["source"]}
                | dataclasses.asdict(decision)
                | {"probability": probability}
                | {"published_holds": published_holds(claim, printed, better=better).holds}
            )
    return found

"""A table of a paper's YAML from the files that its rule names, with the sentences of its foot."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from encore.audit.stale import present_code, present_settings
from encore.papers import Experiment, Paper, method_facts
from encore.tables.build import build_table, foot, read_measures
from encore.tables.claims import judge, printed_cells, published_holds, table_runs
from encore.tables.counts import build_counts, counts_foot, read_counts
from encore.tables.verdicts import better


def compare(
    paper: Paper, name: str, inputs: Sequence[Path], reading: str
) -> tuple[pd.DataFrame, list[str], list[dict[str, object]]]:
    """The long table `name`, the sentences of its foot, and judgements of the claims that it can bear out.

    inputs: measures by experiment, or counts by data set.
    """
    if "counts" in paper.tables[name]:
        counts = {path.stem.removesuffix("_counts"): read_counts(path) for path in inputs}
        frame = build_counts(paper, name, counts, reading)
        return frame, counts_foot(frame), []
    measures = {
        path.stem: with_staleness(read_measures(path), paper.experiments[path.stem], reading)
        for path in inputs
    }
    deterministic = {key: method_facts(paper.experiments[key].method).deterministic for key in measures}
    frame = build_table(paper, name, measures, reading, deterministic)
    claims = _judged(paper, name, frame, table_runs(paper, name, measures, deterministic))
    return frame, foot(paper, name, frame, measures), claims


def claim_sentences(claims: Sequence[Mapping[str, object]]) -> list[str]:
    """A sentence for the foot of a table for each of the judgements that `compare` gave."""
    return [f"Claim ({c['source']}): {c['says']}: {c['verdict']}. {c['sentence']}" for c in claims]


def with_staleness(measures: pd.DataFrame, experiment: Experiment, reading: str) -> pd.DataFrame:
    """Measures with a column `stale`: how a run was made that is made otherwise now, or "".

    It matters where Snakemake does not know what made a file, such as in an export that was unpacked.
    """
    settings = present_settings(experiment, (reading,))
    train, score = (present_code(rule, experiment) for rule in ("train", experiment.scored_by))

    def how(run: pd.Series) -> str:
        if run["settings"] not in settings:
            return "with other settings than the present ones"
        return "" if (run["code"], run["scored_by"]) == (train, score) else "by other code than the present"

    return measures.assign(stale=[how(run) for _, run in measures.iterrows()])


def _judged(paper: Paper, name: str, frame: pd.DataFrame, runs: Mapping) -> list[dict[str, object]]:
    """The claims of a table, judged by its runs, and whether the printed numbers themselves bear them."""
    printed, direction = printed_cells(frame), better(paper.tables[name]["metric"])
    judged = []
    for key, claim in paper.claims.items():
        if claim["table"] == name:
            judgement = dataclasses.asdict(judge(claim, runs, printed, better=direction))
            judgement["probability"] = (
                None if math.isnan(judgement["probability"]) else judgement["probability"]
            )
            published = published_holds(claim, printed, better=direction)
            judged.append(
                {"claim": key, "says": claim["says"], "source": claim["source"], **judgement}
                | {"published_holds": published.holds}
            )
    return judged

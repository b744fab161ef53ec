"""A run as it is measured: its tables, records and split, each as the records of the run say."""

from pathlib import Path

import pandas as pd

from encore.audit.records import (
    as_recorded,
    demand_same_model,
    input_of,
    model_of,
    read_record,
    training_of,
)
from encore.datasets.split import load_split
from encore.metrics.measures import ScoredRun
from encore.papers.model import Experiment


def read_run(scores: Path, experiment: Experiment, generated: bool) -> tuple[ScoredRun, list[Path]]:
    """One run from its scores.csv and what lies beside it, and the files that were read.

    generated: whether its images were measured. A RecordError where a file is no longer what the records of
    the run say.
    """
    record = scores.with_name("score.json")
    tables = {"scores": pd.read_csv(as_recorded(scores, record))}
    scored, training = read_record(record), training_of(read_record(record))
    trained = read_record(training)
    demand_same_model(scored, record, training)
    splits = {made: Path(input_of(read_record(made), "/splits/")) for made in (training, record)}
    files = [scores, record, training, *splits.values()]
    if experiment.late:
        history = training.with_name("history.csv")
        tables["history"] = pd.read_csv(as_recorded(history, training))
        files.append(history)
    if experiment.resemblance:
        resemblance, made = scores.with_name("resemblance.csv"), scores.with_name("resemble.json")
        tables["resemblance"] = pd.read_csv(as_recorded(resemblance, made), dtype={"class": str})
        files += [resemblance, made]
    if generated:
        made_images, made = scores.with_name("generated.csv"), scores.with_name("generate.json")
        tables["generated"] = pd.read_csv(as_recorded(made_images, made))
        demand_same_model(read_record(made), made, training)
        files += [made_images, made]
    trained_on, tested_on = (load_split(as_recorded(path, made)) for made, path in splits.items())
    run = ScoredRun(tables, scored, trained, model_of(scored), trained_on.train, tested_on.test)
    return run, files

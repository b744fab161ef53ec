"""Turn the scores of an experiment's runs into metrics: a row a run, score and metric."""

from pathlib import Path

import pandas as pd

from encore.audit.records import (
    as_recorded,
    demand_same_model,
    input_of,
    model_of,
    read_record,
    recorded,
    training_of,
)
from encore.datasets.split import load_split
from encore.files import write_atomically
from encore.metrics.measures import ScoredRun, measure
from encore.papers.find import find_experiment, metric_modules
from encore.papers.kinds import MEASURED_BY, SAMPLES
from encore.papers.model import Experiment
from encore.script import run_script, script_parser


def read_run(scores: Path, experiment: Experiment, generated: bool) -> tuple[ScoredRun, list[Path]]:
    """One run from its scores.csv and what lies beside it, and the files that were read.

    A RecordError where one of them is no longer what the records of the run say.
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


def main() -> None:
    """Read the arguments and measure one experiment."""
    parser = script_parser(__doc__, "output", "record")
    parser.add_argument("experiment")
    parser.add_argument("--scores", type=Path, nargs="*", required=True)
    parser.add_argument("--generated", type=Path, nargs="*", default=[], help="none: not measured")
    arguments = parser.parse_args()
    with recorded("measure", arguments.record, outputs=[arguments.output]) as record:
        experiment = find_experiment(arguments.experiment)
        generated = bool(arguments.generated)
        runs = [read_run(path, experiment, generated) for path in arguments.scores]
        without = () if generated else (MEASURED_BY[SAMPLES],)
        modules = [name for name in metric_modules(experiment) if name not in without]
        measures = measure(experiment, [run for run, _ in runs], modules)
        write_atomically(arguments.output, measures.to_csv(index=False))
        record.inputs = [path for _, files in runs for path in files]
        record.about |= {"experiment": arguments.experiment}


if __name__ == "__main__":
    run_script(main)

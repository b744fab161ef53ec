"""Turn the scores of an experiment's runs into metrics: a row a run, score and metric."""

from pathlib import Path

import pandas as pd

from encore.audit.records import input_of, model_of, read_record, recorded, training_of
from encore.datasets.split import load_split
from encore.files import write_atomically
from encore.metrics.measures import ScoredRun, measure
from encore.papers.find import find_experiment, metric_modules
from encore.script import run_script, script_parser


def read_run(scores: Path, resembled: bool) -> tuple[ScoredRun, list[Path]]:
    """One run from its scores.csv and what lies beside it, and the files that were read."""
    tables, record = {"scores": pd.read_csv(scores)}, scores.with_name("score.json")
    scored = read_record(record)
    trained = read_record(training_of(scored))
    splits = [Path(input_of(made, "/splits/")) for made in (trained, scored)]
    files = [scores, record, training_of(scored), *splits]
    if resembled:
        tables["resemblance"] = pd.read_csv(scores.with_name("resemblance.csv"), dtype={"class": str})
        files += [scores.with_name("resemblance.csv"), scores.with_name("resemble.json")]
    trained_on, tested_on = map(load_split, splits)
    run = ScoredRun(tables, scored, trained, model_of(scored), trained_on.train, tested_on.test)
    return run, files


def main() -> None:
    """Read the arguments and measure one experiment."""
    parser = script_parser(__doc__, "output", "record")
    parser.add_argument("experiment")
    parser.add_argument("--scores", type=Path, nargs="*", required=True)
    arguments = parser.parse_args()
    with recorded("measure", arguments.record, outputs=[arguments.output]) as record:
        experiment = find_experiment(arguments.experiment)
        runs = [read_run(path, bool(experiment.resemblance)) for path in arguments.scores]
        measures = measure(experiment, [run for run, _ in runs], metric_modules(experiment))
        write_atomically(arguments.output, measures.to_csv(index=False))
        record.inputs = [path for _, files in runs for path in files]
        record.about |= {"experiment": arguments.experiment}


if __name__ == "__main__":
    run_script(main)

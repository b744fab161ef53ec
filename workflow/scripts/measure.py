"""Turn the scores of an experiment's runs into metrics: a row a run, score and metric."""

import argparse
import time
from pathlib import Path

import pandas as pd

from encore.audit.records import input_of, model_of, read_record, training_of, write_record
from encore.datasets.protocols import load_split
from encore.files import write_atomically
from encore.metrics.measures import COLUMNS, SCORES, edits_of_run, measures_of_run, resemblance_of_run
from encore.metrics.sanity import identical_scores, leak_flags
from encore.papers import find_experiment
from encore.script import run_script


def main() -> None:
    """Read the arguments and measure one experiment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--scores", type=Path, nargs="*", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    experiment = find_experiment(arguments.experiment)
    named, rows_of_run = experiment.resemblance, edits_of_run if experiment.judged else measures_of_run
    runs = {}
    for path in arguments.scores:
        scored = read_record(path.with_name("score.json"))
        runs[path] = pd.read_csv(path), scored, read_record(training_of(scored))
    twins = identical_scores(
        (scored["unit"], scored["seed"], model_of(scored), frame[sorted(SCORES & {*frame})].to_numpy())
        for frame, scored, _ in runs.values()
    )
    rows, inputs = [], []
    for path, (frame, scored, trained) in runs.items():
        splits = [Path(input_of(record, "/splits/")) for record in (trained, scored)]
        trained_on, tested_on = map(load_split, splits)
        flags = leak_flags(trained_on.train, tested_on.test)
        if twin := twins.get((scored["unit"], scored["seed"])):
            flags.append(twin)
        rows += rows_of_run(frame, scored, trained, flags)
        inputs += [path, path.with_name("score.json"), training_of(scored), *splits]
        if named:
            resembled = path.with_name("resemblance.csv")
            shares = pd.read_csv(resembled, dtype={"class": str}, index_col="class")["share"]
            rows += resemblance_of_run(shares, named, scored, trained, flags)
            inputs += [resembled, path.with_name("resemble.json")]
    write_atomically(arguments.output, pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False))
    about = {"experiment": arguments.experiment}
    outputs = [arguments.output]
    write_record(
        arguments.record, rule="measure", started=started, inputs=inputs, outputs=outputs, about=about
    )


if __name__ == "__main__":
    run_script(main)

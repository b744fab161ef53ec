"""Turn the scores of an experiment's runs into metrics: a row a run, score and metric."""

import argparse
import time
from pathlib import Path

import pandas as pd

from encore.audit.records import read_record, write_record
from encore.files import write_atomically
from encore.metrics.measures import COLUMNS, measures_of_run, resemblance_of_run
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
    named = find_experiment(arguments.experiment).resemblance
    rows, inputs = [], []
    for scores in arguments.scores:
        scored = scores.with_name("score.json")
        record = read_record(scored)
        (model,) = (path for path in map(Path, record["inputs"]) if path.name == "model.safetensors")
        trained = model.with_name("train.json")
        rows += measures_of_run(pd.read_csv(scores), record, read_record(trained))
        inputs += [scores, scored, trained]
        if named:
            resembled = scores.with_name("resemblance.csv")
            shares = pd.read_csv(resembled, dtype={"class": str}, index_col="class")["share"]
            rows += resemblance_of_run(shares, named, record, read_record(trained))
            inputs += [resembled, scores.with_name("resemble.json")]
    write_atomically(arguments.output, pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False))
    about = {"experiment": arguments.experiment}
    outputs = [arguments.output]
    write_record(
        arguments.record, rule="measure", started=started, inputs=inputs, outputs=outputs, about=about
    )


if __name__ == "__main__":
    run_script(main)

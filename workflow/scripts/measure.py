"""Turn the scores of an experiment's runs into metrics: a row a run, score and metric."""

import argparse
import time
from pathlib import Path

import pandas as pd

from encore.audit.records import read_record, write_record
from encore.files import write_atomically
from encore.metrics.ranking import ranking_metrics

COLUMNS = [
    "experiment",
    "unit",
    "seed",
    "score",
    "metric",
    "value",
    "device",
    "code",
    "settings",
    "iterations",
    "deviations",
]
NOT_SCORES = ("index", "anomalous")


def rows_of_run(scores: Path) -> list[dict[str, object]]:
    """The metrics of one run, with what its records say of it."""
    record = read_record(scores.with_name("score.json"))
    trained = read_record(scores.with_name("train.json"))
    frame = pd.read_csv(scores)
    about = {
        "experiment": record["experiment"],
        "unit": record["unit"],
        "seed": record["seed"],
        "device": trained["device"]["device"],
        "code": trained["code_digest"],
        "settings": trained["settings_digest"],
        "iterations": trained["iterations"],
        "deviations": " | ".join(record["deviations"]),
    }
    return [
        about | {"score": column, "metric": metric, "value": value}
        for column in frame.columns.drop(list(NOT_SCORES))
        for metric, value in ranking_metrics(frame["anomalous"], frame[column]).items()
    ]


def main() -> None:
    """Read the arguments and measure one experiment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment")
    parser.add_argument("--scores", type=Path, nargs="*", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    rows = [row for scores in arguments.scores for row in rows_of_run(scores)]
    write_atomically(arguments.output, pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False))
    records = [scores.with_name(name) for scores in arguments.scores for name in ("score.json", "train.json")]
    write_record(
        arguments.record,
        rule="measure",
        started=started,
        inputs=[*arguments.scores, *records],
        outputs=[arguments.output],
        about={"experiment": arguments.experiment},
    )


if __name__ == "__main__":
    main()

"""Turn the scores of an experiment's runs into metrics: a row a run, score and metric."""

from pathlib import Path

from encore.audit.records import recorded
from encore.audit.scored import read_run
from encore.files import write_atomically
from encore.metrics.measures import measure
from encore.papers.find import find_experiment, metric_modules
from encore.papers.kinds import MEASURED_BY, SAMPLES
from encore.script import run_script, script_parser


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

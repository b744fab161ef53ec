"""Train a method on one unit with one seed, from its last checkpoint if there is one."""

from encore.audit.records import recorded
from encore.files import write_atomically
from encore.runs.arguments import inputs_of, open_from, run_parser
from encore.runs.checkpoint import to_bytes
from encore.runs.facts import checkpoint_key, run_facts
from encore.runs.lock import run_lock
from encore.runs.train import train
from encore.script import run_script


def main() -> None:
    """Read the arguments and train one run."""
    parser = run_parser(__doc__, "model", "history")
    parser.add_argument("--checkpoint-seconds", type=float, default=60)
    arguments = parser.parse_args()
    folder, outputs = arguments.model.parent, [arguments.model, arguments.history]
    with run_lock(folder), recorded("train", arguments.record, inputs_of(arguments), outputs) as record:
        run = open_from(arguments)
        record.about |= run_facts(run, arguments, "train")
        key = checkpoint_key(run, record.about, inputs_of(arguments))
        model, training = train(run, folder=folder, key=key, checkpoint_seconds=arguments.checkpoint_seconds)
        diverged = {"diverged": training.diverged} if training.diverged else {}
        if diverged:
            print(training.diverged, flush=True)
        write_atomically(arguments.model, to_bytes(model, diverged))
        write_atomically(arguments.history, training.history.to_csv(index=False))
        record.about |= {"iterations": int(training.history["iteration"].iloc[-1])} | diverged
        record.run |= {"restarts": training.restarts, "training_seconds": round(training.seconds, 3)}


if __name__ == "__main__":
    run_script(main)

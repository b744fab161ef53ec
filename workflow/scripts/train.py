"""Train a method on one unit with one seed, from its last checkpoint if there is one."""

import time
from pathlib import Path

from encore.audit.records import write_record
from encore.digest import file_digest, settings_digest
from encore.files import write_atomically
from encore.script import run_script
from encore.training.checkpoint import to_bytes
from encore.training.lock import run_lock
from encore.training.loop import train
from encore.training.run import open_run, run_parser


def main() -> None:
    """Read the arguments and train one run."""
    parser = run_parser(__doc__)
    parser.add_argument("--checkpoint-seconds", type=float, default=60)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--history", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.time()
    folder = arguments.model.parent
    with run_lock(folder):
        run = open_run(arguments, Path(__file__).name)
        made_from = [run.facts["code_digest"], run.facts["settings_digest"], file_digest(arguments.split)]
        pixels = run.pixels(run.split.train)
        training = train(
            run.method,
            pixels,
            run.labels(run.split.train),
            pixel_range=run.settings["pixel_range"],
            device=run.device,
            seed=arguments.seed,
            folder=folder,
            key=settings_digest({"made_from": made_from, "seed": arguments.seed, "device": run.device}),
            checkpoint_seconds=arguments.checkpoint_seconds,
            label=f"{arguments.experiment} {arguments.unit}/{arguments.seed}",
        )
        diverged = {"diverged": training.diverged} if training.diverged else {}
        if training.diverged:
            print(training.diverged, flush=True)
        elif hasattr(run.method, "after_training"):
            run.method.after_training(run.batches(pixels))
        write_atomically(arguments.model, to_bytes({} if diverged else run.method.model(), diverged))
        write_atomically(arguments.history, training.history.to_csv(index=False))
        write_record(
            arguments.record,
            rule="train",
            started=started,
            inputs=[arguments.split, arguments.inventory, *map(Path, arguments.weights)],
            outputs=[arguments.model, arguments.history],
            about=dict(run.facts) | {"iterations": int(training.history["iteration"].iloc[-1])} | diverged,
            run={"restarts": training.restarts, "training_seconds": round(training.seconds, 3)},
        )


if __name__ == "__main__":
    run_script(main)

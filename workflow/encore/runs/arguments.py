"""The command line of the stages of a run."""

import argparse
import os
from pathlib import Path

from encore.datasets.catalogue import dataset
from encore.datasets.inventory import demand_recorded
from encore.runs.run import Run, open_run
from encore.script import UserError, script_parser


def run_parser(description: str, *paths: str) -> argparse.ArgumentParser:
    """The arguments that every stage of a run takes, and required `paths` of its own."""
    parser = script_parser(description, *paths)
    parser.add_argument("--experiment", required=True, help="name in a paper's YAML, such as piad-mnist")
    parser.add_argument(
        "--unit", required=True, help="the class that is normal or anomalous, or the anomalous attribute"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--reading", default="code", help="paper or code, and settings that have another one")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="folder of the raw files")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("float32", "tf32"), default="float32")
    parser.add_argument("--threads", type=int, default=1, help="threads on the CPU")
    parser.add_argument("--split", type=Path, required=True, help="indices that the rule `split` wrote")
    parser.add_argument(
        "--inventory", type=Path, required=True, help="raw files that the rule `download` checked"
    )
    parser.add_argument("--weights", nargs="*", default=[], help="pretrained weights, where it takes some")
    parser.add_argument("--features", default="vgg19", help="the VGG-19, or its stand-in")
    parser.add_argument("--record", type=Path, required=True, help="where the record goes")
    return parser


# Libraries round to fewer bits by these, whatever `precision` says, and no record would tell.
OVERRULING = ("NVIDIA_TF32_OVERRIDE", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")


def open_from(arguments: argparse.Namespace) -> Run:
    """The run that the arguments name; a DataError where its raw files changed while they were read.

    A UserError where the environment overrules the precision.
    """
    for name in OVERRULING:
        if name in os.environ:
            raise UserError(
                f"{name} is set, which overrules `precision` in config.yaml; unset it and start again."
            )
    names = ("reading", "device", "precision", "threads", "features", "weights")
    run = open_run(
        *(arguments.experiment, arguments.unit, arguments.seed),
        *(arguments.split, arguments.data_dir, arguments.inventory),
        **{name: getattr(arguments, name) for name in names},
    )
    demand_recorded(dataset(run.experiment.dataset), arguments.data_dir, arguments.inventory)
    return run


def inputs_of(arguments: argparse.Namespace) -> list[Path]:
    """The files that every stage of a run reads."""
    return [arguments.split, arguments.inventory, *map(Path, arguments.weights)]

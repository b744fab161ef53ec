"""What the record of a run says of it. No number depends on it, and it stands outside every code digest."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from encore.datasets.inventory import read_inventory
from encore.digest import file_digest, settings_digest
from encore.papers.present import code_of_run
from encore.runs.run import Run


def device_facts(device: str) -> dict[str, object]:
    """Name, memory and library versions of where a job computes."""
    facts: dict[str, object] = {"device": device, "threads": torch.get_num_threads()}
    if device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        facts |= {
            "device": properties.name,
            "memory_bytes": properties.total_memory,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return facts


def run_facts(run: Run, arguments: argparse.Namespace, stage: str) -> dict[str, object]:
    """What a stage's record says of its run. arguments: those of `run_parser`."""
    experiment = run.experiment
    job = experiment.job(run.reading, arguments.precision, arguments.features)
    verified = all(file.verified for file in read_inventory(arguments.inventory))
    of_files = [] if verified else [f"files of {experiment.dataset} that do not fit the published checksum"]
    return {
        "paper": experiment.paper,
        "experiment": experiment.name,
        "unit": run.unit,
        "seed": run.seed,
        "reading": run.reading,
        "job": job,
        "sources": {
            name: {"source": setting.source, "reading": setting.reading, "reason": setting.reason}
            for name, setting in experiment.resolve(run.reading).items()
        },
        "settings_digest": settings_digest(job),
        "code_digest": code_of_run(stage, experiment),
        "device": device_facts(run.device),
        "deviations": of_files + run.split.deviations + run.method.deviations,
    }


def checkpoint_key(run: Run, facts: dict[str, object], inputs: Sequence[Path]) -> str:
    """Digest of all that a training is made from: a checkpoint serves no other one.

    inputs: split, inventory and pretrained weights; other raw files can give the same split. PyTorch stands
    among it because the record names the version that ended the training, and no other.
    """
    made_from = [facts["code_digest"], facts["settings_digest"], torch.__version__, *map(file_digest, inputs)]
    return settings_digest({"made_from": made_from, "seed": run.seed, "device": run.device})

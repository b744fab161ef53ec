"""Every stage that reads raw files refuses others than the recorded ones, before it does anything."""

import re
import runpy
import sys

import pytest

from encore.datasets import inventory, read
from encore.datasets.divide import make_split
from encore.datasets.inventory import RawFile, write_inventory
from encore.datasets.split import save_split
from encore.digest import file_digest
from encore.files import ROOT

SCRIPTS = ROOT / "workflow" / "scripts"
OF_RUN = ("--experiment", "{experiment}", "--unit", "{unit}", "--seed", "0", "--split", "none")
MODEL = ("--model", "none")
STAGES = {
    "count": ("{dataset}", "--output", "made"),
    "split": (
        *("--dataset", "{dataset}", "--protocol", "held_out_fifth", "--unit", "{unit}"),
        *("--output", "made"),
    ),
    "train": (*OF_RUN, "--model", "run/model.safetensors", "--history", "made"),
    "score": (*OF_RUN, *MODEL, "--scores", "made"),
    "judge": (*OF_RUN, *MODEL, "--judge", "none", "--scores", "made"),
    "edit": (*OF_RUN, *MODEL, "--scores", "none", "--images", "made"),
    "reconstruct": (*OF_RUN, *MODEL, "--scores", "none", "--images", "made"),
    "show": (*OF_RUN, *MODEL, "--images", "made"),
    "resemble": (*OF_RUN, *MODEL, "--resemblance", "made"),
    "generate": (*OF_RUN, *MODEL, "--inception", "none", "--generated", "made", "--statistics", "made"),
    "extremes": ("--experiment", "{experiment}", "--scores", "scores.csv", "--images", "made"),
}
ATTRIBUTES = {"dataset": "digit_attributes", "experiment": "demo-ifcvaegan", "unit": "closed_loop"}
DIGITS = {"dataset": "digits", "experiment": "demo-piad", "unit": "3"}


def test_no_stage_that_reads_raw_files_is_left_out():
    reads = {path.stem for path in SCRIPTS.glob("*.py") if "data-dir" in path.read_text(encoding="utf-8")}
    of_run = {path.stem for path in SCRIPTS.glob("*.py") if "run_parser" in path.read_text(encoding="utf-8")}
    assert reads | of_run == STAGES.keys() | {"download", "weights"}  # these check the files themselves


@pytest.mark.parametrize("stage", STAGES)
def test_files_that_were_replaced_are_refused(stage, tmp_path, monkeypatch):
    about = ATTRIBUTES if stage in ("split", "judge", "edit") else DIGITS
    other = RawFile("scikit-learn:digits.csv.gz", 57523, "0" * 64, True, "contents sha256")
    write_inventory([other], tmp_path / "inventory.csv")
    (tmp_path / "scores.csv").write_text("index,anomalous,score\n0,0,0.1\n1,1,0.2\n")
    monkeypatch.chdir(tmp_path)
    arguments = [text.format(**about) for text in STAGES[stage]]
    shared = ["--data-dir", "data", "--inventory", "inventory.csv", "--record", "record.json"]
    monkeypatch.setattr(sys, "argv", [f"{stage}.py", *arguments, *shared])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPTS / f"{stage}.py"), run_name="__main__")
    said = str(ended.value.code)
    assert re.search(r"inventory\.csv recorded 57,523 bytes .* 0{12}…, found [0-9a-f]{12}…", said)
    assert "\n" not in said
    assert not (tmp_path / "made").exists()
    assert not (tmp_path / "record.json").exists()


@pytest.mark.parametrize("stage", ["count", "split", "train", "extremes"])
def test_files_that_change_while_they_are_read_are_refused(stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundled = inventory.locate("scikit-learn:digits.csv.gz", tmp_path)
    raw = tmp_path / "digits.csv.gz"
    raw.write_bytes(bundled.read_bytes())
    monkeypatch.setattr(inventory, "locate", lambda name, data_dir: raw)
    known = RawFile(
        "scikit-learn:digits.csv.gz", raw.stat().st_size, file_digest(raw), True, "contents sha256"
    )
    write_inventory([known], tmp_path / "inventory.csv")
    images = read.read_unchecked("digits", tmp_path)
    save_split(make_split("pooled_80_20", images, 3, 0), tmp_path / "none")
    (tmp_path / "scores.csv").write_text("index,anomalous,score\n0,0,0.1\n1,1,0.2\n")

    def read_and_change(name, data_dir):
        raw.write_bytes(b"of another size")
        return images

    monkeypatch.setattr(read, "read_unchecked", read_and_change)
    arguments = [text.format(**DIGITS).replace("held_out_fifth", "pooled_80_20") for text in STAGES[stage]]
    shared = ["--data-dir", "data", "--inventory", "inventory.csv", "--record", "record.json"]
    monkeypatch.setattr(sys, "argv", [f"{stage}.py", *arguments, *shared])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPTS / f"{stage}.py"), run_name="__main__")
    assert "inventory.csv recorded 57,523 bytes" in str(ended.value.code)
    assert "found 15 bytes" in str(ended.value.code)
    assert not (tmp_path / "made").exists()

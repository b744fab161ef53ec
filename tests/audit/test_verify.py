"""One changed byte anywhere in a finished demo is found, and its file is named."""

import random
import shutil
import sys
from pathlib import Path

import pytest

from encore.audit.verify import verify

pytestmark = pytest.mark.workflow

FLIPS = 1000
DATA = Path("data")


@pytest.fixture
def demo(finished, monkeypatch):
    """The present folder holds a finished demo of one's own.

    Its project has other settings than the one that is tested here, by which its runs would be stale.
    """
    monkeypatch.chdir(finished.folder)
    monkeypatch.setattr("encore.audit.verify.staleness", lambda record: "")
    assert verify(DATA) == []
    return finished


def results():
    return [path for path in sorted(Path("results").rglob("*")) if path.is_file()]


@pytest.mark.usefixtures("demo")
def test_every_changed_byte_is_found_and_its_file_named():
    """Files in turn, so that small ones come as often as large ones; places and bits at random."""
    chance = random.Random(0)
    files = [path for path in results() if path.stat().st_size]
    chance.shuffle(files)
    unseen = []
    for i in range(FLIPS):
        path = files[i % len(files)]
        content = path.read_bytes()
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
        if not any(path.as_posix() in fault for fault in verify(DATA)):
            unseen.append((path, place, bit))
        path.write_bytes(content)
    assert unseen == []
    assert verify(DATA) == []


@pytest.mark.usefixtures("demo")
def test_a_broken_link_says_what_rests_on_it():
    split = Path("results/splits/digits/pooled_80_20/1/0.safetensors")
    split.write_bytes(split.read_bytes() + b"\n")
    score = Path("results/runs/demo-kde/0/0/scores.csv")
    score.unlink()
    first, second = verify(DATA)
    assert first.startswith(f"{split} has changed")
    assert second.startswith(f"{score} is missing")
    assert "On it rest: demo, demo_auroc" in first


@pytest.mark.usefixtures("demo")
def test_a_target_is_checked_alone():
    Path("results/figures/demo_history.png").write_bytes(b"")
    assert verify(DATA, "demo_auroc") == []
    (fault,) = verify(DATA, "demo_history")
    assert "demo_history.png has changed" in fault
    assert verify(DATA, "piad_table2") == ["nothing of piad_table2 has been made here."]


def test_a_wrong_target_is_one_sentence(demo):
    said = demo.run(sys.executable, "-m", "encore.audit", "verify", "demo_acroc", expect=1)
    assert "did you mean 'demo_auroc'?" in said
    assert "Traceback" not in said


@pytest.mark.usefixtures("demo")
def test_without_checksums_nothing_vouches_for_the_records():
    shutil.rmtree("results/audit")
    assert any("SHA256SUMS is missing" in fault for fault in verify(DATA))


def test_a_log_keeps_its_checksum_while_its_job_is_the_same(demo):
    log = Path("results/logs/train/demo-piad/1/0.log")
    log.write_text(log.read_text() + "loss 0.0\n")
    demo.snakemake("audit")
    assert [fault.split(" has")[0] for fault in verify(DATA)] == [log.as_posix()]


def test_results_of_other_code_are_stale(demo):
    with (demo.folder / "workflow/encore/methods/ocsvm.py").open("a") as stream:
        stream.write("\nADDED = 1\n")
    said = demo.verify(expect=1)
    assert "demo-kde: 2 runs were scored by other code than the present one; their cells are stale." in said
    assert "demo-piad" not in said

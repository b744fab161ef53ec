"""One changed byte anywhere in a finished demo is found, and its file is named."""

import json
import os
import random
import shutil
import sys
from pathlib import Path

import pytest

from encore.audit.manifest import AUDIT, LEFT_OUT, SUMS, parse_sums, read_sums
from encore.audit.records import RecordError, facts
from encore.audit.trail import read_trail
from encore.audit.verify import notes, verify
from encore.digest import file_digest

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
    """The files of the results. Hidden ones are scratch: no digest is ever taken from them unchecked."""
    paths = sorted(Path("results").rglob("*"))
    return [path for path in paths if path.is_file() and not path.name.startswith(".")]


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
    with (demo.folder / "workflow/encore/methods/kde.py").open("a") as stream:
        stream.write("\nADDED = 1\n")
    said = demo.verify(expect=1)
    assert "demo-kde: 2 runs were scored by other code than the present one; their cells are stale." in said
    assert "demo-piad" not in said


# --- what is added, linked or no file ------------------------------------------------------------------


def found():
    return "\n".join(verify(DATA))


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    "name",
    [
        "added.csv",
        "other/added.csv",
        "audit/added.txt",
        "tables/.added.csv",
        "tables/checkpoint.safetensors",
        "runs/.lock",
        "logs/added.csv",
        "tables/demo.csv ",
    ],
)
def test_an_added_file_is_named_wherever_it_lies(name):
    path = Path("results") / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert verify(DATA) == [f"{path} has no record: it was put there by hand, or its record was removed."]


@pytest.mark.usefixtures("demo")
def test_that_checksums_list_an_added_result_does_not_explain_it():
    path = Path("results/tables/added.csv")
    path.write_text("x")
    SUMS.write_text(SUMS.read_text() + f"{file_digest(path)}  {path}\n")
    assert f"{path} has no record" in found()


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("name", [b"a\nresults hold.csv", b"\xff\xfe.csv"])
def test_a_name_that_cannot_be_printed_stays_on_its_line(name):
    Path(os.fsdecode(b"results/tables/" + name)).write_text("x")
    (fault,) = verify(DATA)
    assert "has no record" in fault
    assert fault.isprintable()


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    "name",
    [
        "runs/demo-piad/2/0/checkpoint.safetensors",
        "runs/demo-piad/2/0/.lock",
        "logs/train/demo-piad/2/0.log",
        "datasets/.digits.parts",
        "runs/demo-piad/0/0/.scores.csv.123.tmp",
        "README.md",
        "reference/other/results/tables/demo.csv",
    ],
)
def test_what_is_begun_or_failed_is_no_added_file(name):
    path = Path("results") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert verify(DATA) == []


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("to", ["nowhere", "..", "demo.csv"])
def test_a_link_among_results_is_named(to):
    Path("results/tables/link").symlink_to(to)
    assert "results/tables/link is reached by a link" in found()


@pytest.mark.usefixtures("demo")
def test_a_run_that_is_a_link_to_another_is_named():
    shutil.rmtree("results/runs/demo-kde/1")
    Path("results/runs/demo-kde/1").symlink_to("0")
    assert "results/runs/demo-kde/1/0/scores.csv is reached by a link" in found()


@pytest.mark.usefixtures("demo")
def test_results_as_a_whole_may_be_a_link(tmp_path):
    Path("results").rename(tmp_path / "disk")
    Path("results").symlink_to(tmp_path / "disk")
    assert verify(DATA) == []


@pytest.mark.usefixtures("demo")
def test_what_is_no_file_is_said_and_not_opened():
    Path("results/tables/demo.md").unlink()
    os.mkfifo("results/tables/demo.md")
    os.mkfifo("results/tables/pipe")
    Path("results/tables/demo.tex").unlink()
    Path("results/tables/demo.tex").mkdir()
    faults = verify(DATA)
    assert [fault.split(";")[0] for fault in faults] == [
        "results/tables/demo.md is no file",
        "results/tables/demo.tex is no file",
        "results/tables/pipe is no file",
    ]


@pytest.mark.usefixtures("demo")
def test_a_huge_file_is_found_by_its_size():
    os.truncate("results/runs/demo-piad/0/0/scores.csv", 2**40)
    assert "scores.csv has changed: it has 1,099,511,627,776 bytes" in found()


@pytest.mark.usefixtures("demo")
def test_a_file_that_cannot_be_read_is_one_fault_of_all(monkeypatch):
    def refuse(path):
        if path.name == "demo.md":
            raise PermissionError(13, "Permission denied", str(path))
        return file_digest(path)

    monkeypatch.setattr("encore.audit.verify.file_digest", refuse)
    Path("results/tables/demo.tex").write_text("x")
    said = found()
    assert "results/tables/demo.md cannot be read: Permission denied." in said
    assert "results/tables/demo.tex has changed" in said


# --- checksums -----------------------------------------------------------------------------------------

GOOD = b"0" * 64 + b"  results/a\n"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"hello\n", "line 2 is no checksum: 'hello'"),
        (b"\n", "line 2 is no checksum: ''"),
        (b"\xff\n", "line 2 is not UTF-8"),
        (GOOD, "line 2 names results/a a second time"),
        (GOOD.replace(b"0", b"A").replace(b"/a", b"/b"), "line 2 is no checksum"),
        (GOOD.replace(b"/a", b"/b\r"), "line 2 names 'results/b\\r', which is no file below results"),
        (GOOD.replace(b"results/a", b"../.bashrc"), "line 2 names '../.bashrc', which is no file below"),
        (GOOD.replace(b"results/a", b"/etc/passwd"), "line 2 names '/etc/passwd', which is no file below"),
        (GOOD.replace(b"results/a", b"results/../a"), "line 2 names 'results/../a', which is no file below"),
        (GOOD.replace(b"results/a", b"results//b"), "line 2 names 'results//b', which is no file below"),
        (GOOD.replace(b"results/a", b"results"), "line 2 names 'results', which is no file below"),
        (GOOD.replace(b"/a", b"/b")[:40], "line 2 is no checksum"),
    ],
)
def test_a_line_that_is_no_checksum_is_said_with_its_number(line, fault, tmp_path):
    path = tmp_path / "SHA256SUMS"
    path.write_bytes(GOOD + line)
    sums, (said,) = parse_sums(path)
    assert sums == {"results/a": "0" * 64}
    assert said.startswith(f"{path} has changed: {fault}")
    with pytest.raises(RecordError, match="line 2"):
        read_sums(path)


@pytest.mark.usefixtures("demo")
def test_a_name_that_leaves_results_is_a_fault_even_where_its_digest_fits(tmp_path):
    outside = tmp_path / ".bashrc"
    outside.write_text("mine")
    with SUMS.open("a") as stream:
        stream.write(f"{file_digest(outside)}  ../.bashrc\n{file_digest(outside)}  {outside}\n")
    (fault,) = verify(DATA)
    assert "names '../.bashrc', which is no file below results. 1 more lines of it are wrong." in fault


@pytest.mark.usefixtures("demo")
def test_checksums_that_are_no_file_are_one_sentence():
    SUMS.unlink()
    os.mkfifo(SUMS)
    assert f"{SUMS} is no file; remove it" in found()


def forget(*names):
    """Take files out of SHA256SUMS."""
    lines = SUMS.read_text().splitlines()
    SUMS.write_text("".join(f"{line}\n" for line in lines if line[66:] not in names))


@pytest.mark.usefixtures("demo")
def test_what_no_export_leaves_out_may_not_be_missing():
    table, model = "results/tables/demo.csv", "results/runs/demo-piad/0/0/model.safetensors"
    other = "results/runs/demo-piad/1/0/model.safetensors"
    digests = {name: file_digest(Path(name)) for name in (table, model)} | {other: "1" * 64}
    LEFT_OUT.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    for name in digests:
        Path(name).unlink()
    forget(*digests)
    said = found()
    assert f"{table} is missing" in said
    assert f"{LEFT_OUT} has changed: it names {table}, which no export leaves out." in said
    assert f"{other} is missing" in said
    assert f"{model} is missing" not in said


@pytest.mark.usefixtures("demo")
def test_left_out_is_read_as_strictly_as_checksums():
    LEFT_OUT.write_text(f"{'0' * 64}  ../.bashrc\n")
    assert f"{LEFT_OUT} has changed: line 1 names '../.bashrc', which is no file below results" in found()


# --- records that fit neither place nor each other -------------------------------------------------------


def rewrite(name, change):
    """Change a record, and the checksum that vouches for it."""
    path = Path("results") / name
    record = json.loads(path.read_text())
    change(record)
    old = file_digest(path)
    path.write_text(json.dumps(record))
    SUMS.write_text(SUMS.read_text().replace(old, file_digest(path)))


OUT = {"sha256": "0" * 64, "bytes": 1}


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("tables/demo.json", lambda r: r["outputs"].update({"../.bashrc": OUT}), "the output '../.bashrc'"),
        ("tables/demo.json", lambda r: r["inputs"].update({"/etc/passwd": OUT}), "the input '/etc/passwd'"),
        ("tables/demo.json", lambda r: r.update(rule="comparee"), "of the rule 'comparee'"),
        ("tables/demo.json", lambda r: r.update(rule="plot"), "those of the rule plot lie elsewhere"),
        ("runs/demo-kde/0/0/score.json", lambda r: r.update(unit="1"), "it is of the unit '1'"),
        (
            "tables/demo.json",
            lambda r: r["inputs"].update(
                {"results/tables/demo.csv": r["outputs"]["results/tables/demo.csv"]}
            ),
            "what it describes was made from itself",
        ),
    ],
)
def test_a_record_that_does_not_fit_its_place_is_none(name, change, says):
    rewrite(name, change)
    *_, fault = verify(DATA)
    assert fault.startswith(f"results/{name} is not a record")
    assert says in fault
    with pytest.raises(RecordError):
        read_trail()


@pytest.mark.usefixtures("demo")
def test_swapped_records_are_found_though_the_checksums_fit():
    a, b = (Path(f"results/figures/demo_{name}.json") for name in ("auroc", "history"))
    was = a.read_bytes(), b.read_bytes()
    b.write_bytes(was[0])
    a.write_bytes(was[1])
    sums = read_sums(SUMS) | {path.as_posix(): file_digest(path) for path in (a, b)}
    SUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    assert f"{a} is not a record of what lies beside it" in found()


@pytest.mark.usefixtures("demo")
def test_a_record_of_the_future_is_told_of():
    rewrite("tables/demo.json", lambda record: record["run"].update(started="2999-01-01T00:00:00Z"))
    assert verify(DATA) == []
    assert any("are of the future, such as results/tables/demo.json" in note for note in notes(read_trail()))


# --- raw files -----------------------------------------------------------------------------------------


def with_raw_file(path, digest):
    """Let the inventory name one more raw file, and all else agree with that."""
    inventory = Path("results/datasets/digits.csv")
    inventory.write_text(inventory.read_text() + f"{path},1,{digest},true,x\n")
    changed = {inventory.as_posix()}
    while changed:
        told = facts(map(Path, changed))
        changed = set()
        for name, record in read_trail().records.items():
            before = json.dumps(record)
            for part in ("inputs", "outputs"):
                record[part] |= {key: about for key, about in told.items() if key in record[part]}
            if json.dumps(record) != before:
                Path(name).write_text(json.dumps(record))
                changed.add(name)
    sums = {name: file_digest(Path(name)) for name in read_sums(SUMS)}
    SUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))


def test_raw_files_are_looked_for_where_the_results_were_made_from_them(demo, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.bin").write_text("a")
    config = AUDIT / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"data_dir": str(raw)}))
    with_raw_file("a.bin", file_digest(raw / "a.bin"))
    assert "every file is the one that its record describes" in demo.verify()
    (raw / "a.bin").write_text("b")
    assert f"{raw}/a.bin has changed" in demo.verify(expect=1)
    (tmp_path / "other").mkdir()
    command = (sys.executable, "-m", "encore.audit", "verify", "--data-dir", str(tmp_path / "other"))
    assert f"{tmp_path}/other/a.bin is missing" in demo.run(*command, expect=1)


@pytest.mark.usefixtures("demo")
def test_a_folder_of_raw_files_that_is_gone_is_one_sentence():
    with_raw_file("a.bin", "0" * 64)
    (fault,) = verify(Path("gone"))
    assert fault.startswith("gone is no folder, but 2 raw files lay there; --data-dir names")


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("folder", [DATA, Path("gone")])
def test_raw_files_are_missed_but_by_an_export_that_says_so(folder):
    with_raw_file("a.bin", "0" * 64)
    DATA.mkdir(exist_ok=True)
    inventory = Path("results/datasets/digits.csv")
    LEFT_OUT.write_text("")
    (empty,) = verify(folder)
    LEFT_OUT.write_text(f"{'1' * 64}  {inventory}\n")
    other, *_ = verify(folder)
    assert "a.bin is missing" in empty if folder == DATA else "gone is no folder, but" in empty
    assert empty == other
    LEFT_OUT.write_text(f"{file_digest(inventory)}  {inventory}\n")
    assert verify(folder) == []
    inventory.unlink()
    assert any(f"{inventory} is missing" in fault for fault in verify(folder))


@pytest.mark.usefixtures("demo")
def test_an_inventory_names_no_file_outside_the_folder_of_raw_files():
    with_raw_file("../../etc/passwd", "0" * 64)
    (fault,) = verify(DATA)
    assert "names '../../etc/passwd', which lies outside the folder of raw files" in fault


# --- from elsewhere --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["verify"], ["explain", "demo"], ["export", "out"]])
@pytest.mark.parametrize("place", ["results", "."])
def test_from_another_folder_it_says_which_was_meant(finished, command, place, tmp_path):
    here = finished.folder / place if place != "." else finished.folder.parent
    shell = f"cd {here} && exec {sys.executable} -m encore.audit {' '.join(command)}"
    said = finished.run("sh", "-c", shell, expect=1)
    assert said == (
        f"{here} is not the folder that Snakemake ran in, for it has no config.yaml and no results; "
        f"that is {finished.folder}; go there and start again.\n"
    )

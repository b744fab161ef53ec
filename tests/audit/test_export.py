"""An export is whole, verifies, and makes its tables again without training."""

import errno
import json
import re
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from encore.audit import export as export_module
from encore.audit.export import export, in_order, not_exported
from encore.audit.manifest import LEFT_OUT, SUMS, read_sums
from encore.audit.trail import Trail
from encore.digest import file_digest
from encore.script import UserError

pytestmark = pytest.mark.workflow

AGAIN = {"measure": 3, "compare": 1, "plot": 3, "demo": 1}  # all that an export of the small demo may plan
EXPORT = """\
import json, sys
from pathlib import Path
from encore.audit.export import export
from encore.papers.config import config_defaults
from encore.strict import load_yaml
config = config_defaults() | load_yaml(Path("config.yaml")) | json.loads(sys.argv[1])
for name in sys.argv[2:]:
    print(export(Path(name), config))
"""


def write_export(project, *destinations, **config):
    """Export with the project's own code, since results that other code made do not verify."""
    return project.run(sys.executable, "-c", EXPORT, json.dumps(config), *map(str, destinations))


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def unpacked(project, archive, folder):
    """A zip as Python unpacks it: with the times of the unpacking."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return replace(project, folder=folder)


@pytest.fixture(scope="module")
def archive(small_demo, tmp_path_factory):
    """A zip of the small demo, and the files that it holds."""
    path = tmp_path_factory.mktemp("export") / "deep" / "demo.zip"
    count = int(write_export(small_demo, path))
    assert files(path.parent) == {"demo.zip"}
    with zipfile.ZipFile(path) as opened:
        names = [entry.filename for entry in opened.infolist()]
    assert len(names) == len(set(names)) == count
    return path


@pytest.fixture
def unzipped(small_demo, archive, tmp_path):
    return unpacked(small_demo, archive, tmp_path / "unzipped")


@pytest.fixture(scope="module")
def remade(small_demo, archive, tmp_path_factory):
    """An unpacked export in which the demo's table and figures were asked for."""
    project = unpacked(small_demo, archive, tmp_path_factory.mktemp("remade"))
    project.snakemake("demo")
    return project


# --- what it holds -----------------------------------------------------------------------------------


def test_it_holds_all_results_but_models_and_says_which_it_leaves_out(small_demo, unzipped):
    recorded = read_sums(small_demo.folder / SUMS)
    away, kept = read_sums(unzipped.folder / LEFT_OUT), read_sums(unzipped.folder / SUMS)
    models = {name for name in recorded if name.endswith("/model.safetensors")}
    assert away.keys() == models | {"results/datasets/digits.csv"}  # whose raw files it does not hold
    assert len(models) == 6
    assert away | kept == recorded
    held = {name for name in files(unzipped.folder) if name.startswith("results/")}
    assert held == kept.keys() | {SUMS.as_posix(), LEFT_OUT.as_posix()}
    assert {"results/logs/train/demo-piad/0/0.log", "results/audit/manifest.json"} <= held


@pytest.mark.parametrize("name", [SUMS, LEFT_OUT])
def test_checksums_are_sorted_and_in_the_format_of_sha256sum(unzipped, name):
    lines = (unzipped.folder / name).read_text().splitlines()
    assert lines == sorted(lines, key=lambda line: line[66:])
    assert all(re.fullmatch(r"[0-9a-f]{64}  results/\S+", line) for line in lines)


def test_it_holds_the_workflow_and_nothing_that_is_made_from_it(unzipped):
    held = files(unzipped.folder)
    assert {
        "Snakefile",
        "Makefile",
        "config.yaml",
        "ro-crate-metadata.json",
        "envs/lock.txt",
        "profiles/slurm/config.yaml",
        "workflow/rules/runs.smk",
        "workflow/encore/audit/export.py",
        "workflow/encore/networks/vgg19_filter_statistics.safetensors",
    } <= held
    left = r"(^|/)\.|__pycache__|\.egg-info|checkpoint\.safetensors"
    assert not [name for name in held if re.search(left, name)]


def test_no_path_in_its_configuration_leads_out_of_it(finished, tmp_path):
    data = tmp_path / "elsewhere"
    write_export(finished, tmp_path / "out", data_dir=str(data), photographs="../photographs")
    config = yaml.safe_load((tmp_path / "out" / "config.yaml").read_text())
    assert (config["data_dir"], config["photographs"]) == ("data", "data/photographs")
    assert config["select"]["demo-piad"] == {"units": ["0", "1"]}
    assert (tmp_path / "out" / "config.yaml").read_text().startswith("# ")


# --- what it is good for -----------------------------------------------------------------------------


def test_it_verifies(unzipped):
    assert "every file is the one that its record describes" in unzipped.verify()
    unzipped.run("sha256sum", "--check", "--strict", "--quiet", SUMS.as_posix())


def test_unzipped_it_makes_its_tables_again_and_trains_nothing(unzipped):
    assert unzipped.planned("demo") == AGAIN


def test_with_the_times_in_the_zip_it_makes_its_tables_again_and_trains_nothing(unzipped, archive):
    unzipped.run("unzip", "-q", "-o", str(archive))
    assert (unzipped.folder / "results/tables/demo.csv").stat().st_mtime < 1e9
    assert unzipped.planned("demo") == AGAIN


def test_a_folder_makes_its_tables_again_and_trains_nothing(small_demo, tmp_path):
    count = int(write_export(small_demo, tmp_path / "out"))
    assert len(files(tmp_path)) == len(files(tmp_path / "out")) == count
    assert replace(small_demo, folder=tmp_path / "out").planned("demo") == AGAIN


def test_a_folder_can_be_packed_by_others(small_demo, tmp_path):
    """Python's zipfile refuses times before 1980, which 1980-01-01 UTC is in America."""
    write_export(small_demo, tmp_path / "out")
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "out")
    project = unpacked(small_demo, tmp_path / "packed.zip", tmp_path / "again")
    assert "every file is the one that its record describes" in project.verify()


def test_tables_and_figures_made_again_are_the_same_bytes(small_demo, remade):
    made = [
        path.relative_to(small_demo.folder)
        for folder in ("measures", "tables", "figures")
        for path in (small_demo.folder / "results" / folder).iterdir()
        if path.suffix != ".json"
    ]
    assert len(made) == 3 + 4 + 3
    for path in made:
        assert (remade.folder / path).stat().st_mtime > 1e9
        assert (remade.folder / path).read_bytes() == (small_demo.folder / path).read_bytes(), path
    assert not list(remade.folder.rglob("model.safetensors"))
    assert "Nothing to be done" in remade.snakemake("demo")


def test_it_verifies_after_its_tables_were_made_again(remade):
    assert "every file is the one that its record describes" in remade.verify()
    remade.run("sha256sum", "--check", "--strict", "--quiet", SUMS.as_posix())


def test_the_same_results_give_the_same_zip_and_so_does_an_export_of_it(small_demo, unzipped, archive):
    write_export(small_demo, unzipped.folder / "a.zip")
    write_export(unzipped, unzipped.folder / "b.zip")
    assert (unzipped.folder / "a.zip").read_bytes() == archive.read_bytes()
    assert (unzipped.folder / "b.zip").read_bytes() == archive.read_bytes()


# --- what is refused ---------------------------------------------------------------------------------


@pytest.fixture
def verified(monkeypatch, small_demo, tmp_path):
    """In the demo's folder, whose results verify; the folder to write to."""
    monkeypatch.chdir(small_demo.folder)
    monkeypatch.setattr(export_module, "verify", lambda data_dir: [])
    return tmp_path / "to"


@pytest.mark.parametrize("name", ["there.zip", "there", "dangling"])
def test_what_is_there_is_not_overwritten(verified, name):
    verified.mkdir()
    (verified / "there.zip").write_text("mine")
    (verified / "there").mkdir()
    (verified / "dangling").symlink_to(verified / "nowhere")
    with pytest.raises(UserError, match=f"{name} is there already; name another"):
        export(verified / name, {"data_dir": "data"})
    assert (verified / "there.zip").read_text() == "mine"


def test_results_that_do_not_verify_are_not_exported(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(finished.folder)
    path = Path("results/runs/demo-kde/1/0/scores.csv")
    path.write_bytes(path.read_bytes() + b"\n")
    Path("results/tables/demo.md").unlink()
    with pytest.raises(UserError) as caught:
        export(tmp_path / "out.zip", {"data_dir": "data"})
    message = str(caught.value)
    assert message.startswith("The results do not verify, so that an export of them would not either: ")
    assert "scores.csv has changed" in message
    assert re.search(r"[^.] \(and \d+ more\)\.$", message)
    assert not (tmp_path / "out.zip").exists()


@pytest.mark.parametrize("name", ["../.bashrc", "{}/.bashrc"])
def test_an_export_writes_nothing_outside_of_itself(finished, tmp_path, monkeypatch, name):
    """The name is below the folder where the export would be written, so that a copy of it would be there."""
    monkeypatch.chdir(finished.folder)
    monkeypatch.setattr(export_module, "verify", lambda data_dir: [])
    mine = finished.folder.parent / ".bashrc"
    mine.write_text("mine")
    (tmp_path / "to").mkdir()
    with SUMS.open("a") as stream:
        stream.write(f"{file_digest(mine)}  {name.format(mine.parent)}\n")
    with pytest.raises(UserError, match="which is no file below results"):
        export(tmp_path / "to" / "out", {"data_dir": "data"})
    assert list((tmp_path / "to").iterdir()) == []


def test_an_export_holds_what_was_verified(finished, monkeypatch, tmp_path):
    """A file that changes between the check and the copy."""
    monkeypatch.chdir(finished.folder)

    def verify_and_change(data_dir):
        Path("results/tables/demo.md").write_text("changed")
        return []

    monkeypatch.setattr(export_module, "verify", verify_and_change)
    with pytest.raises(UserError, match=r"results/tables/demo\.md was changed while it was exported"):
        export(tmp_path / "outside", {"data_dir": "data"})
    assert not (tmp_path / "outside").exists()


@pytest.mark.usefixtures("verified")
def test_an_export_is_not_written_into_the_results():
    with pytest.raises(UserError, match=r"results/out\.zip lies in results itself"):
        export(Path("results/out.zip"), {"data_dir": "data"})


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, "\ud800"])
def test_a_kept_configuration_that_is_none_is_one_sentence(finished, content):
    path = finished.folder / "results/audit/config.json"
    path.write_bytes(content.encode(errors="surrogatepass"))
    said = finished.run(sys.executable, "-m", "encore.audit", "export", "out", expect=1)
    assert said.startswith("results/audit/config.json is not the configuration of the results: ")
    assert said.count("\n") == 1
    assert "`snakemake -c1 audit` writes it again" in said


def test_one_fault_is_not_counted(verified, monkeypatch):
    monkeypatch.setattr(export_module, "verify", lambda data_dir: [f"{data_dir}/a is missing."])
    with pytest.raises(UserError, match=r"not either: data/a is missing\.$"):
        export(verified / "out", {"data_dir": "data"})


@pytest.mark.parametrize(
    ("name", "module", "step"),
    [
        ("out", shutil, "copyfile"),
        ("out", Path, "rename"),
        ("out.zip", shutil, "copyfileobj"),
        ("out.zip", Path, "rename"),
    ],
)
def test_an_export_that_fails_leaves_nothing(verified, monkeypatch, name, module, step):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, step, full)
    verified.mkdir()
    with pytest.raises(OSError, match="No space left") as caught:
        export(verified / name, {"data_dir": "data"})
    assert caught.value.filename == str(verified / name)
    assert list(verified.iterdir()) == []


# --- left out, and in which order --------------------------------------------------------------------


def record(rule, inputs, *outputs):
    about = {"sha256": "0" * 64, "bytes": 1}
    return {"rule": rule, "inputs": dict.fromkeys(inputs, about), "outputs": dict.fromkeys(outputs, about)}


@pytest.fixture
def trail():
    """What the demo has none of: pretrained weights, and what was measured with them."""
    runs, weights = "results/runs/e/0/0", "results/weights/vgg19_caffe"
    records = {
        f"{runs}/extremes.json": record("extremes", [f"{runs}/scores.csv"], f"{runs}/extremes.safetensors"),
        f"{runs}/generate.json": record(
            "generate",
            [f"{runs}/model.safetensors"],
            f"{runs}/generated.csv",
            f"{runs}/statistics.safetensors",
        ),
        f"{runs}/score.json": record("score", [f"{runs}/model.safetensors"], f"{runs}/scores.csv"),
        f"{runs}/train.json": record(
            "train",
            [f"{weights}.safetensors", f"{weights}_statistics.safetensors"],
            f"{runs}/model.safetensors",
            f"{runs}/history.csv",
        ),
        "results/tables/t.json": record("compare", [f"{runs}/scores.csv"], "results/tables/t.csv"),
        f"{weights}.json": record("weights", [], f"{weights}.safetensors"),
        f"{weights}_contrast.json": record(
            "contrast",
            [f"{weights}.safetensors", f"{weights}_statistics.safetensors"],
            f"{weights}_contrast.safetensors",
        ),
        f"{weights}_statistics.json": record(
            "filter_statistics", [f"{weights}.safetensors"], f"{weights}_statistics.safetensors"
        ),
    }
    made_by = {name: path for path, made in records.items() for name in made["outputs"]}
    return Trail(Path(), records, made_by)


def test_models_and_the_weights_of_others_are_not_exported(trail):
    """What was measured on weights is small and ours, and figures are drawn from it. Statistics of features
    are large, and FID stands in a table beside them.
    """
    assert list(not_exported(trail)) == [
        "results/runs/e/0/0/model.safetensors",
        "results/runs/e/0/0/statistics.safetensors",
        "results/weights/vgg19_caffe.safetensors",
    ]


def test_an_archive_holds_first_what_is_made_again_and_last_the_flow_in_its_order(trail):
    names = [*(trail.made_by.keys() | trail.records.keys()), "Snakefile", "results/logs/train/e/0/0.log"]
    place = {name: number for number, name in enumerate(in_order(trail, sorted(names)))}
    assert place["results/logs/train/e/0/0.log"] < place["results/tables/t.csv"] < place["Snakefile"]
    assert place["Snakefile"] < min(place[name] for name in place if "/runs/" in name or "/weights/" in name)
    for path, made in trail.records.items():
        for given in made["inputs"] if made["rule"] != "compare" else ():
            assert all(place[given] < place[name] for name in (*made["outputs"], path))

"""`snakemake report` on a finished demo: its pages as files, and as a browser shows them."""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.workflow

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def reported(small_demo, tmp_path_factory):
    """A finished demo with its report. Tests must not change it."""
    project = type(small_demo)(tmp_path_factory.mktemp("reported") / "demo")
    shutil.copytree(small_demo.folder, project.folder, symlinks=True)
    project.snakemake("report")
    return project


@pytest.fixture
def own(reported, tmp_path):
    """A finished demo with its report, of one's own to break."""
    project = type(reported)(tmp_path / "own")
    shutil.copytree(reported.folder, project.folder, symlinks=True)
    return project


def write(project, expect=0):
    """Write the report without Snakemake, which would take as long again, and so without the audit."""
    return project.run(sys.executable, "workflow/scripts/report.py", expect=expect)


def index_of(project):
    return (project.folder / "results/index.html").read_text()


def table_of(project):
    with (project.folder / "results/tables/demo.csv").open() as stream:
        return {(row["method"], row["subset"]): row for row in csv.DictReader(stream)}


def written(project):
    results = project.folder / "results"
    return {path: path.read_bytes() for path in (results / "index.html", results / "report.zip")} | {
        path: path.read_bytes() for path in results.glob("report/*.html")
    }


# --- as files ----------------------------------------------------------------------------------------


def test_the_audit_covers_it_and_still_holds(reported):
    assert "every file is the one that its record describes" in reported.verify()
    record = json.loads((reported.folder / "results/report/report.json").read_text())
    assert set(record["outputs"]) == {"results/index.html", "results/report.zip", "results/report/demo.html"}
    assert {"results/tables/demo.csv", "results/figures/demo_auroc.png"} <= set(record["inputs"])
    sums = (reported.folder / "results/audit/SHA256SUMS").read_text()
    assert all(name in sums for name in (*record["outputs"], "results/logs/report/report.log"))


def test_it_runs_nothing(project):
    assert project.planned("report") == {"report": 1}


def test_every_link_leads_somewhere_here_and_in_the_zip(reported, tmp_path, broken_links):
    assert broken_links(reported.folder / "results") == []
    with zipfile.ZipFile(reported.folder / "results/report.zip") as archive:
        archive.extractall(tmp_path)
    assert broken_links(tmp_path) == []
    assert (tmp_path / "tables/demo.csv").is_file()
    assert (tmp_path / "index.html").read_text() == index_of(reported)


def test_every_cell_leads_to_its_explanation(reported, read):
    rows = table_of(reported)
    links = [link for link in read(index_of(reported)).links if "#cell-" in link]
    assert len(links) == len(set(links)) == len(rows) > 0
    page = read((reported.folder / "results/report/demo.html").read_text())
    assert {link.partition("#")[2] for link in links} <= set(page.ids)
    assert "demo: PIAD on digits, 1: AUROC" in page.text


def test_the_pages_need_nothing_else_and_can_be_read_by_all(reported, read):
    for page in ("index.html", "report/demo.html"):
        text = (reported.folder / "results" / page).read_text()
        found = read(text)
        assert not any(tag in ("script", "link", "iframe") for tag, _ in found.elements)
        assert "@import" not in text
        assert "url(" not in text
        assert ("html", {"lang": "en"}) in found.elements
        assert all("scope" in attributes for tag, attributes in found.elements if tag == "th")
        assert all(attributes.get("alt") for tag, attributes in found.elements if tag == "img")
        assert found.headings[0] == 1
        assert found.headings.count(1) == 1
        steps = zip(found.headings, found.headings[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps)
        assert len(found.ids) == len(set(found.ids))


def test_the_index_says_what_was_run_and_that_it_holds(reported, read):
    text = read(index_of(reported)).text
    assert "The trail holds:" in text
    assert "reading: code seeds: 0" in text
    assert "fewer runs of demo-piad: units 0, 1" in text
    assert "There is no result of a paper here." in text
    assert "Perceptual Image Anomaly Detection (2019): 8 tables and 9 claims not attempted." in text
    assert "Demonstrations: no results of the papers" in text
    assert "random weights in place of VGG-19 (demo-piad)" in text
    cells = len(table_of(reported))
    assert f": {cells - 6} of {cells} cells missing." in text
    assert f"6 of {cells} cells were run." in text  # a sentence of the table's foot
    assert "Test images (above) and G(E(x)) (below)" in text


def test_the_same_results_give_the_same_bytes(own):
    before = written(own)
    own.snakemake("report")
    assert written(own) == before
    own.verify()


def test_pages_of_tables_that_are_gone_are_removed(own, broken_links):
    for path in (own.folder / "results/tables").glob("demo.*"):
        path.unlink()
    own.snakemake("report")
    assert not (own.folder / "results/report/demo.html").exists()
    assert broken_links(own.folder / "results") == []
    assert not any(
        name.startswith("tables/") for name in zipfile.ZipFile(own.folder / "results/report.zip").namelist()
    )


def test_failed_and_stopped_runs_stand_there_with_their_logs(own, read):
    def log(unit, text):
        path = own.folder / f"results/logs/train/piad-mnist/{unit}/0.log"
        path.parent.mkdir(parents=True)
        path.write_text(text)

    log("3", f"started\nRuntimeError: <b>no memory</b> for {Path.home()}/encore\n")
    log("4", "93/300\n")
    folder = own.folder / "results/runs/piad-mnist/4/0"
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").write_bytes(b"")
    write(own)
    page = index_of(own)
    text = read(page).text
    assert "✗ failed piad-mnist 3/0 RuntimeError: <b>no memory</b> for ~/encore" in text
    assert "results/logs/train/piad-mnist/3/0.log" in text
    assert "<b>" not in page
    assert "‖ stopped piad-mnist 4/0 93/300" in text
    assert "runs that the configuration asks for have not begun" in text
    assert "Table not made: piad_table2, Table 2: ROC AUC" in text
    assert "Experiment without any run: piad-cifar10" in text


def test_what_is_broken_stands_at_the_top(own, read):
    path = own.folder / "results/runs/demo-kde/1/0/scores.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    write(own)
    text = read(index_of(own)).text
    assert "The trail does not hold: 1 fault" in text
    assert "results/runs/demo-kde/1/0/scores.csv has changed" in text
    assert "The trail holds" not in text
    page = read((own.folder / "results/report/demo.html").read_text()).text
    assert "CHANGED: results/runs/demo-kde/1/0/scores.csv" in page


def test_a_changed_page_is_found_and_written_again(own):
    path = own.folder / "results/report/demo.html"
    before = written(own)
    path.write_text(path.read_text().replace("AUROC", "auroc"))
    assert "results/report/demo.html has changed" in own.verify(expect=1)
    own.snakemake("report")
    assert written(own) == before
    own.verify()


def test_a_table_that_cannot_be_read_is_one_sentence(own):
    before = written(own)
    (own.folder / "results/tables/demo.csv").write_text("dataset,method\na\n")
    said = write(own, expect=1)
    assert "results/tables/demo.csv cannot be read any more: it has no column reproduced" in said
    assert "Traceback" not in said
    assert written(own) == before


def test_where_nothing_was_run_it_says_so(project, read, broken_links):
    write(project)
    assert "Nothing has been run here." in read(index_of(project)).text
    assert broken_links(project.folder / "results") == []
    before = written(project)
    write(project)
    assert written(project) == before


# --- in a browser ------------------------------------------------------------------------------------


@pytest.fixture
def browse(tmp_path):
    """Runs a browser without a window; gives what it writes."""
    if BROWSER is None:
        pytest.skip("no chromium, chromium-browser or google-chrome here")

    def run(url, *arguments):
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
        return subprocess.run(
            [BROWSER, *options, *arguments, url],
            env=os.environ | {"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout

    return run


def test_a_click_on_a_number_shows_how_it_came_to_be(reported, read, browse):
    results = reported.folder / "results"
    url = (results / "index.html").as_uri()
    index = read(browse(url, "--dump-dom"))
    (link,) = [link for link in index.links if link.endswith("#cell-digits-1-piad")]
    page, _, name = link.partition("#")
    dom = browse(f"{(results / page).as_uri()}#{name}", "--dump-dom")
    cell = read(dom[dom.index(f'id="{name}"') :].split(">", 1)[1].split("</section>")[0]).text
    train = json.loads((results / "runs/demo-piad/1/0/train.json").read_text())
    number = float(table_of(reported)["PIAD", "1"]["reproduced"])
    assert f"AUROC {number:.3f}" in cell
    assert f"1 0 {number:.5f} cpu 10" in cell  # unit, seed, value, device, iterations
    assert train["code_digest"][:8] in cell
    assert train["outputs"]["results/runs/demo-piad/1/0/model.safetensors"]["sha256"][:12] in cell


@pytest.mark.parametrize("page", ["index.html", "report/demo.html"])
def test_the_pages_are_not_blank(reported, browse, tmp_path, page):
    picture = tmp_path / "page.png"
    url = (reported.folder / "results" / page).as_uri()
    browse(url, f"--screenshot={picture}", "--window-size=1280,1600")
    with Image.open(picture) as image:
        assert image.size == (1280, 1600)
        assert len(image.convert("RGB").getcolors(1 << 24)) > 50

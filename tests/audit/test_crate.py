"""The crate says what the records say, and is what its profile asks for."""

import io
import json
import re
import shutil

import pytest
import requests
from urllib3 import HTTPResponse

from encore.audit.crate import METADATA, write_crate
from encore.audit.trail import read_trail
from encore.datasets.inventory import read_inventory
from encore.digest import file_digest

PROFILE = "workflow-run-crate-0.5"
CONTEXTS = {  # what the validator asks for, and the file that answers in the folder `ro-crate`
    "https://w3id.org/ro/crate/1.1/context": "context-1.1.jsonld",
    "https://w3id.org/ro/terms/workflow-run/context": "workflow-run-context.jsonld",
}


@pytest.fixture
def crate(finished):
    """A folder with results of which a crate was written."""
    shutil.rmtree(finished.folder / ".snakemake")
    (finished.folder / "README.md").write_text("# Encore\n")
    write_crate(finished.folder, read_trail(finished.folder))
    return finished.folder


def entities(folder):
    graph = json.loads((folder / METADATA).read_text())["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {entity["@id"]: entity for entity in graph}


def ids(value):
    return {one["@id"] for one in (value if isinstance(value, list) else [value])}


def test_every_file_is_described_as_it_is(crate):
    described = entities(crate)
    inside = [path.relative_to(crate) for path in crate.rglob("*") if path.is_file()]
    names = {p.as_posix() for p in inside if not any(part.startswith(".") for part in p.parts)} - {METADATA}
    assert ids(described["./"]["hasPart"]) == names
    for name in names:
        entity = described[name]
        assert "File" in entity["@type"]
        assert entity["sha256"] == file_digest(crate / name)
        assert entity["contentSize"] == str((crate / name).stat().st_size)
    assert described["results/tables/demo.csv"]["encodingFormat"] == "text/csv"
    assert described["results/logs/train/demo-piad/0/0.log"]["encodingFormat"] == "text/plain"


def test_what_the_records_say_is_not_measured_again(crate):
    """A file that was changed since is not blessed."""
    trail = read_trail(crate)
    (crate / "results/tables/demo.csv").write_text("")
    write_crate(crate, trail)
    recorded = trail.record_of("results/tables/demo.csv")["outputs"]["results/tables/demo.csv"]
    assert entities(crate)["results/tables/demo.csv"]["sha256"] == recorded["sha256"]


def test_the_run_leads_from_raw_files_to_tables_and_figures(crate):
    described = entities(crate)
    (file,) = read_inventory(crate / "results/datasets/digits.csv")
    run = described["#run"]
    assert run["@type"] == "CreateAction"
    assert ids(described["./"]["mentions"]) == {"#run"}
    assert ids(run["instrument"]) == ids(described["./"]["mainEntity"]) == {"Snakefile"}
    assert ids(run["result"]) == {
        *(f"results/tables/demo.{form}" for form in ("csv", "md", "tex", "html")),
        *(f"results/figures/demo_{name}.png" for name in ("auroc", "history", "reconstructions")),
    }
    (raw,) = ids(run["object"])
    assert raw == f"#raw/{file.path}".replace(":", "%3A")
    assert described[raw]["sha256"] == file.sha256
    assert described[raw]["contentSize"] == str(file.bytes)
    assert ids(described[raw]["subjectOf"]) == {"results/datasets/digits.csv"}
    assert raw not in ids(described["./"]["hasPart"])


def test_times_and_versions_are_those_of_the_records(crate):
    described, records = entities(crate), read_trail(crate).records.values()
    started = min(record["run"]["started"] for record in records)
    last = max(record["run"]["started"] for record in records)
    run = described["#run"]
    assert run["startTime"] == started.replace("Z", "+00:00")
    assert run["endTime"] >= last.replace("Z", "+00:00")
    assert described["./"]["datePublished"] == run["endTime"]
    (language,) = ids(described["Snakefile"]["programmingLanguage"])
    versions = {record["environment"]["libraries"]["snakemake"] for record in records}
    assert {described[language]["version"]} == versions


def test_pretrained_weights_are_among_what_was_given(crate):
    path = crate / "results/weights/vgg19.json"
    path.parent.mkdir()
    raw = {"path": "vgg19/a b.pth", "bytes": 5, "sha256": "f" * 64, "verified": True, "how": "sha256"}
    record = json.loads((crate / "results/datasets/digits.json").read_text())
    path.write_text(json.dumps(record | {"rule": "weights", "outputs": {}, "raw": raw}))
    write_crate(crate, read_trail(crate))
    described = entities(crate)
    assert ids(described["#run"]["object"]) == {"#raw/scikit-learn%3Adigits.csv.gz", "#raw/vgg19/a%20b.pth"}
    assert described["#raw/vgg19/a%20b.pth"]["sha256"] == "f" * 64


def test_it_names_no_machine_person_or_place_on_one(crate):
    for path in (crate / "results").rglob("*.json"):
        record = json.loads(path.read_text())
        if "run" in record:
            record["run"] |= {"host": "login-seven", "slurm_job": "4711"}
            record["command"] += ["--data-dir", "/home/ada/data"]
            path.write_text(json.dumps(record))
    write_crate(crate, read_trail(crate))
    text = (crate / METADATA).read_text()
    assert not re.search(r"login-seven|\b4711\b|\bada\b|uuid", text)
    assert not re.search(r'"(/|~|file:|[A-Z]:\\)', text)
    assert str(crate) not in text


def test_the_same_results_give_the_same_bytes(crate):
    first = (crate / METADATA).read_bytes()
    write_crate(crate, read_trail(crate))
    assert (crate / METADATA).read_bytes() == first


# --- the profile -------------------------------------------------------------------------------------


@pytest.fixture
def validate(real_data, monkeypatch, tmp_path):
    """The validator, whose requests are answered from files: folder -> what it finds, a text each."""
    contexts = real_data.parent / "ro-crate"
    lacking = [name for name in CONTEXTS.values() if not (contexts / name).is_file()]
    if lacking:
        pytest.skip(f"the folder ro-crate beside ENCORE_DATA_DIR lacks {', '.join(lacking)}")

    def send(adapter, request, **options):
        if request.url not in CONTEXTS:
            raise requests.ConnectionError(f"no file answers {request.url}")
        headers = {"Content-Type": "application/ld+json"}
        body = io.BytesIO((contexts / CONTEXTS[request.url]).read_bytes())
        raw = HTTPResponse(body=body, headers=headers, status=200, preload_content=False)
        return adapter.build_response(request, raw)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("ROCRATE_VALIDATOR_AUTO_WARM", "0")  # it would ask for pages of all profiles
    pytest.importorskip("rocrate_validator", reason="roc-validator is not installed")
    from rocrate_validator import models, services

    def run(folder):
        settings = models.ValidationSettings(
            rocrate_uri=str(folder),
            profile_identifier=PROFILE,
            requirement_severity=models.Severity.REQUIRED,
            cache_path=tmp_path / "http",
        )
        return [f"{issue.check.name}: {issue.message}" for issue in services.validate(settings).get_issues()]

    return run


# The validator has rdflib read JSON-LD, and that reader is built on what rdflib is about to give up.
RDFLIB = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning:rdflib.plugins.parsers.jsonld"
)


@RDFLIB
def test_it_is_a_workflow_run_crate(crate, validate):
    assert validate(crate) == []


@RDFLIB
def test_the_validator_finds_what_is_missing(crate, validate):
    """That it finds nothing in the crate says something only if it would find a fault."""
    document = json.loads((crate / METADATA).read_text())
    (run,) = (entity for entity in document["@graph"] if entity["@id"] == "#run")
    del run["instrument"]
    (crate / METADATA).write_text(json.dumps(document))
    assert any("instrument" in issue for issue in validate(crate))

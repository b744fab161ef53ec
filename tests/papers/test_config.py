"""The configuration: what is wrong is said, all of it, a sentence each; and which runs it asks for."""

import copy
import re

import pytest
import yaml

from encore.files import ROOT
from encore.papers.config import check_config, reading_for, resolve_config, selected_runs
from encore.papers.find import find_experiment
from encore.strict import load_yaml

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def config(**changed):
    return copy.deepcopy(CONFIG) | changed


def test_the_shipped_configuration_is_valid():
    check_config(config())


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"redaing": "code"}, "unknown key 'redaing', did you mean 'reading'?"),
        ({"reading": "papers"}, "reading: found 'papers'; did you mean 'paper'?"),
        ({"papers": ["piadd"]}, "papers: found 'piadd'; did you mean 'piad'?"),
        ({"seeds": ["1e-3"]}, "seeds[0]: found '1e-3', expected integer (YAML reads it as text"),
        ({"seeds": []}, "seeds: the list is empty."),
        ({"seeds": [1, 1]}, "seeds: something stands twice in [1, 1]."),
        ({"seeds": [-1]}, "seeds[0]: -1 is less than the minimum of 0."),
        ({"accept_unverified": ["minst"]}, "accept_unverified: found 'minst'; did you mean 'mnist'?"),
        ({"datasets": ["cifar"]}, "datasets: found 'cifar'; did you mean 'cifar10'?"),
        ({"select": {"piad-mnst": {"seeds": [0]}}}, "select: found 'piad-mnst'; did you mean 'piad-mnist'?"),
        (
            {"select": {"piad-mnist": {"units": ["10"]}}},
            "select.piad-mnist.units: found '10'; did you mean '1'?",
        ),
        ({"select": {"piad-mnist": {"units": [3]}}}, "select.piad-mnist.units[0]: found 3, expected string."),
        ({"data_dir": "~/data"}, "data_dir: found '~/data', which only a shell understands; write the whole"),
        ({"photographs": "$HOME/p"}, "photographs: found '$HOME/p', which only a shell understands; write"),
        ({"checkpoint_seconds": 0}, "checkpoint_seconds: 0 is less than the minimum of 1."),
    ],
)
def test_a_fault_of_the_configuration_is_one_sentence(faults_of, changed, expected):
    found = faults_of(check_config, config(**changed))
    assert len(found) == 1
    assert expected in found[0]
    assert found[0].startswith("config.yaml: ")


@pytest.mark.parametrize("folder", ["a\0b", "a\nb", "a\udcffb"])
def test_a_folder_of_characters_that_are_not_printed_is_refused(faults_of, folder):
    for key in ("data_dir", "photographs"):
        (fault,) = faults_of(check_config, config(**{key: folder}))
        assert f"{key}: found {folder!r}; expected characters that are printed." in fault


def test_raw_files_do_not_lie_among_results(faults_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").symlink_to("results/raw")
    for folder in ("results", "./results/datasets", str(tmp_path / "results"), "raw"):
        for key in ("data_dir", "photographs"):
            (fault,) = faults_of(check_config, config(**{key: folder}))
            assert f"{key}: found {folder!r}, which lies in results; name a folder outside it." in fault
    check_config(config(data_dir="results_of_others"))


def test_all_faults_of_the_configuration_come_at_once(faults_of):
    wrong = config(reading="x", papers=["y"], seeds=["z"])
    del wrong["data_dir"]
    assert len(faults_of(check_config, wrong)) == 4


def test_a_key_given_twice_is_named_with_both_lines(faults_of, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("papers: [piad]\nseeds: [0]\npapers: [x]\n")
    (fault,) = faults_of(load_yaml, path)
    assert "line 3: the key 'papers' stands twice (first in line 1)" in fault


def test_broken_yaml_is_named_with_its_line(faults_of, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("papers: [piad\nseeds: [0]\n")
    (fault,) = faults_of(load_yaml, path)
    assert re.search(r"line 2: not valid YAML", fault)


def test_runs_are_units_times_seeds():
    piad = find_experiment("piad-mnist")
    assert len(selected_runs(piad, config())) == 30
    few = {"piad-mnist": {"units": ["7", "1"], "seeds": [4]}}
    assert selected_runs(piad, config(select=few)) == [("1", 4), ("7", 4)]
    assert selected_runs(piad, config(select={"piad-mnist": {"seeds": []}})) == []
    assert selected_runs(piad, config(datasets=["cifar10"])) == []


def test_a_deterministic_method_runs_once_a_unit():
    runs = selected_runs(find_experiment("kde-mnist"), config(seeds=[5, 6, 7]))
    assert runs == [(str(digit), 0) for digit in range(10)]


# --- readings one by one -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ({"reverse-vae-mnits": {"xi": "paper"}}, "readings: found 'reverse-vae-mnits'; did you mean"),
        (
            {"reverse-vae-mnist": {"x": "paper"}},
            "readings.reverse-vae-mnist: 'x' has no readings; did you mean 'xi'?",
        ),
        (
            {"reverse-vae-mnist": {"eta": "paper"}},
            "readings.reverse-vae-mnist: 'eta' has no readings",
        ),
        (
            {"reverse-vae-mnist": {"xi": "papr"}},
            "readings.reverse-vae-mnist.xi: found 'papr'; did you mean 'paper'?",
        ),
        ({"reverse-vae-mnist": {}}, "readings.reverse-vae-mnist: "),
    ],
)
def test_a_fault_of_a_chosen_reading_is_one_sentence(faults_of, readings, expected):
    (fault,) = faults_of(check_config, config(readings=readings))
    assert expected in fault


def test_one_setting_is_read_otherwise_than_all_the_others():
    experiment = find_experiment("reverse-vae-mnist")
    chosen = config(readings={"reverse-vae-mnist": {"xi": "notebook"}})
    check_config(chosen)
    assert reading_for(experiment, chosen) == "code,xi=notebook"
    values = experiment.values("code,xi=notebook")
    plain = experiment.values("code")
    assert {name for name in values if values[name] != plain[name]} == {"xi"}
    assert values["xi"] == 0.01
    assert experiment.resolve("code,xi=notebook")["xi"].reading == "notebook"


def test_a_protocol_is_read_like_a_setting():
    celeba = find_experiment("piad-celeba")
    chosen = config(reading="paper", readings={"piad-celeba": {"protocol": "code"}})
    check_config(chosen)
    reading = reading_for(celeba, chosen)
    assert reading == "paper,protocol=code"
    assert celeba.protocol(reading) == "celeba_attributes"
    assert celeba.trained_unit("Bangs", reading) == "Bald"  # as the code's protocol lets them share


def test_a_reading_that_changes_nothing_is_the_codes():
    kde = find_experiment("kde-mnist")
    assert {reading_for(kde, config(reading=reading)) for reading in ("paper", "code")} == {"code"}
    reverse = find_experiment("reverse-vae-mnist")
    all_by_paper = {"xi": "paper", "critic_norm": "paper"}
    assert reading_for(reverse, config(readings={reverse.name: all_by_paper})) == "paper"


# --- files and --config, as they resolve -------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "key", "value"),
    [
        ("seeds=[0]", "seeds", [0]),
        ("data_dir=2024", "data_dir", "2024"),
        ("data_dir='with space'", "data_dir", "with space"),
        ("device=cpu", "device", "cpu"),
        ("checkpoint_seconds=5", "checkpoint_seconds", 5),
        ("datasets=[mnist]", "datasets", ["mnist"]),
        ('select={demo-kde: {units: ["0"]}}', "select", CONFIG["select"] | {"demo-kde": {"units": ["0"]}}),
    ],
)
def test_a_value_of_the_command_line_is_what_its_key_has_in_the_schema(asked, key, value):
    assert resolve_config([ROOT / "config.yaml"], [asked])[key] == value


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("seeds=[1.0]", "found 1.0, expected integer"),
        ("seeds=[010]", "found 010, which YAML reads as 8"),
        ("seeds=[1:30]", "found 1:30, which YAML reads as 90"),
        ("seeds=[true]", "found True, expected integer"),
        ("seeds=[4294967296]", "4294967296 is greater than the maximum"),
        ("seeds=", "found None, expected array"),
        ("seeds=[0", "not valid YAML"),
        ("data_dir=", "data_dir"),
        ("sed=1", "unknown key 'sed', did you mean 'seeds'?"),
    ],
)
def test_a_fault_of_the_command_line_names_its_key_and_not_only_the_file(faults_of, asked, expected):
    (fault,) = faults_of(resolve_config, [ROOT / "config.yaml"], [asked])
    assert expected in fault
    assert f"--config {asked.partition('=')[0]}" in fault


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "found nothing"),
        (b"- a", "found a list"),
        (b"papers: [piad]\n\tseeds: [0]\n", "line 2: not valid YAML"),
        (b"seeds: [010]", "which YAML reads as 8"),
        (b"seeds: [0]\nseeds: [1]", "the key 'seeds' stands twice"),
        (b"? [a]\n: b", "as a key, expected a word"),
        (b"a: \x01", "not valid YAML"),
        (b"a: \xff", "UTF-8"),
    ],
)
def test_a_file_that_is_no_configuration_is_one_sentence_with_its_name(
    faults_of, tmp_path, content, expected
):
    """Also one that comes after config.yaml, as of `--configfile`."""
    path = tmp_path / "other.yaml"
    path.write_bytes(content)
    (fault,) = faults_of(resolve_config, [ROOT / "config.yaml", path])
    assert expected in fault
    assert fault.startswith(str(path))

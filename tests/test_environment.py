"""pyproject.toml, the lock and the conda environment agree, and the rules keep their promises."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from encore.files import ROOT
from encore.papers import layout

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RANGES = {r.name: r.specifier for r in map(Requirement, PROJECT["dependencies"])}
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "python-lmdb": "lmdb",
    "pytorch": "torch",
    "snakemake-minimal": "snakemake",
}
LOCK = (ROOT / "envs" / "lock.txt").read_text()


def locked():
    """Name -> every version that the lock holds of it, one for each kind of machine."""
    versions = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", LOCK, re.MULTILINE):
        versions.setdefault(name, []).append(Version(version))
    return versions


def test_the_lock_holds_every_dependency_within_its_range():
    development = {r.name: r.specifier for r in map(Requirement, PROJECT["optional-dependencies"]["dev"])}
    versions = locked()
    for name, specifier in (RANGES | development).items():
        assert name in versions, f"envs/lock.txt lacks {name}; run `make lock`"
        outside = [str(version) for version in versions[name] if version not in specifier]
        assert not outside, f"envs/lock.txt holds {name} {outside}, outside of {specifier}; run `make lock`"


def test_every_locked_package_has_a_hash_and_no_host_is_named():
    blocks = re.split(r"\n(?=[a-z0-9-]+==)", LOCK)
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in LOCK
    assert "index" not in LOCK


def test_the_conda_environment_has_the_ranges_of_the_package():
    content = yaml.safe_load((ROOT / "envs" / "encore.yaml").read_text())
    conda = {}
    for entry in content["dependencies"]:
        name, _, specifier = entry.partition(" ")
        conda[CONDA_NAMES.get(name, name)] = SpecifierSet(specifier)
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda == RANGES


@pytest.mark.parametrize(
    ("name", "version", "fits"),
    [
        ("torch", "2.8.0", True),
        ("snakemake", "9.19.0", True),
        ("snakemake", "10.0", False),
        ("scipy", "1.18", False),
    ],
)
def test_ranges_admit_what_labs_need(name, version, fits):
    assert (Version(version) in RANGES[name]) is fits


# --- rules -------------------------------------------------------------------------------------------

RULES = {
    match["name"]: match["body"]
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk"))
    for match in re.finditer(
        r"^rule (?P<name>\w+):\n(?P<body>(?:    .*\n|\n)+)", path.read_text(), re.MULTILINE
    )
}


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_says_what_it_does_and_every_job_logs(name):
    body = RULES[name]
    assert body.lstrip().startswith('"""')
    if "shell:" in body:
        assert "log:" in body
        assert "conda:" in body


BY_CONTENTS = ("download", "weights", "audit", "plan", "status", "report")  # no code of theirs makes a number
SCRIPT = re.compile(r"""workflow/scripts/(\w+)\.py|command_of_run\(\s*"(\w+)""")
CALLING = [name for name, body in RULES.items() if SCRIPT.search(body)]


@pytest.mark.parametrize("name", sorted(CALLING))
def test_every_rule_has_one_script_whose_stage_it_follows(name):
    body = RULES[name]
    (script,) = {one or other for one, other in SCRIPT.findall(body)}
    assert script == name
    assert (ROOT / "workflow" / "scripts" / f"{script}.py").is_file()
    if name not in BY_CONTENTS:
        assert re.search(rf'(code_of|params_of_run)\(\s*"{name}"|code_of_{name}\(', body)
        assert layout.STAGES[name].code


@pytest.mark.parametrize("profile", ["local", "slurm"])
def test_profiles_name_only_rules_that_exist(profile):
    content = yaml.safe_load((ROOT / "profiles" / profile / "config.yaml").read_text())
    for key in ("set-resources", "set-threads"):
        assert set(content.get(key, {})) <= set(RULES)


def test_there_is_no_profile_that_snakemake_loads_unasked():
    assert not (ROOT / "profiles" / "default").exists()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "workflow" / "scripts").glob("*.py")), ids=lambda path: path.stem
)
def test_scripts_are_short_and_hide_no_module_of_others(path):
    """A script's folder comes first on the path: a script called `tabulate.py` would hide that package."""
    import importlib.metadata

    assert path.stem not in importlib.metadata.packages_distributions()
    assert len(path.read_text().splitlines()) <= 60


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_snakemake_command_that_a_reader_may_copy_names_its_cores(path):
    """Snakemake refuses to run without cores, which profiles name; a dry run and the menu need none."""
    commands = re.findall(r"(?:^    |`)(snakemake [^#`\n]*)", path.read_text(), re.MULTILINE)
    enough = ("-c1", "--cores", "--profile", "-n ", "--list-target-rules", "--unlock")
    assert [said for said in commands if not any(option in said for option in enough)] == []

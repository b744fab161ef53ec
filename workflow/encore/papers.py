"""The papers as data: reads and checks their YAML and CSV, and resolves an experiment's settings.

Everything that is wrong is said at once, a sentence each, before a job starts. Imports no torch: the
Snakefile calls this module, and every job parses the Snakefile again.
"""

import ast
import csv
import functools
import json
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import yaml

from encore.datasets.catalogue import DATASETS
from encore.digest import settings_digest
from encore.methods.registry import METHODS
from encore.strict import ConfigError, load_yaml, nearest

ROOT = Path(__file__).resolve().parents[2]
PAPERS_DIR = ROOT / "workflow" / "papers"
SCHEMAS_DIR = ROOT / "workflow" / "schemas"
PACKAGE_DIR = Path(__file__).resolve().parent
VGG19 = "vgg19"  # the features that papers mean: torchvision's VGG-19
ALLOCATION = {"train": "4h", "score": "1h", "mem_mb": 8000}  # what a cluster is asked for, if nothing is said
AVERAGE = "avg"  # the subset that stands for the mean over all units


@dataclass(frozen=True)
class Setting:
    """A resolved setting: its value, its source, and which reading chose it ("" where there is one)."""

    value: object
    source: str
    reading: str = ""
    reason: str = ""


@dataclass(frozen=True)
class MethodFacts:
    """What the Snakefile must know of a method without importing it."""

    settings: Mapping[str, str]
    deterministic: bool
    on_gpu: bool
    labelled: bool  # whether it trains on images with labels
    offers: frozenset[str]

    @property
    def judges(self) -> bool:
        """Whether it is a classifier and nothing else: one training serves all runs that it judges."""
        return "classify" in self.offers and not self.offers & {"score", "edit"}


@dataclass(frozen=True)
class Experiment:
    """A method on a dataset under a protocol with settings, repeated over units and seeds."""

    name: str
    paper: str
    title: str
    method: str
    dataset: str
    protocols: Mapping[str, str]  # by reading
    split_seed: int
    units: tuple[str, ...]
    settings: Mapping[str, Mapping]
    networks: str  # experiments with the same word here have networks of the same size
    shared_training: str = ""  # the reading under which the first unit's training serves all units
    allocation: Mapping[str, object] = field(default_factory=lambda: dict(ALLOCATION))
    # Unit -> the classes that the paper says its reconstructions resemble; no part of a job.
    resemblance: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Unit -> the attributes that a labelled method is given; a unit that is not here is its own attribute.
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # `by`, the experiment whose classifier says what edited images show; on how many `images` of the test
    # part, and at which `amounts` of a transfer; no part of a training's job.
    judged: Mapping[str, object] = field(default_factory=dict)

    @property
    def scored_by(self) -> str:
        """The rule that gives the scores of its runs: edited images are judged, all others scored."""
        return "judge" if self.judged else "score"

    def domains_of(self, unit: str) -> tuple[str, ...]:
        """The attributes that a labelled method is given for `unit`, in the order of its labels."""
        return self.domains.get(unit, (unit,))

    def split_unit(self, unit: str) -> str:
        """The class that the split of `unit` is made for."""
        return self.domains_of(unit)[0]

    def resolve(self, reading: str) -> dict[str, Setting]:
        """Every setting's value and source under `reading` ("paper" or "code")."""
        resolved = {}
        for name, entry in sorted(self.settings.items()):
            chosen = entry.get(reading, entry)
            resolved[name] = Setting(
                chosen["value"],
                chosen["source"],
                reading if reading in entry else "",
                chosen.get("reason", ""),
            )
        return resolved

    def values(self, reading: str, features: str = VGG19) -> dict[str, object]:
        """Every setting's value under `reading`; `features` stands in where VGG-19 is called for."""
        values = {name: setting.value for name, setting in self.resolve(reading).items()}
        if values.get("features") == VGG19:
            values["features"] = features
        return values

    def trained_unit(self, unit: str, reading: str) -> str:
        """The unit whose training serves `unit`: its own, or the first where all train on the same images."""
        return self.units[0] if reading == self.shared_training else unit

    def job(self, reading: str, precision: str, features: str = VGG19) -> dict[str, object]:
        """All that a run's numbers depend on besides code, data and seed; its digest tells runs apart."""
        return {
            "method": self.method,
            "dataset": self.dataset,
            "shape": list(DATASETS[self.dataset].shape),
            "protocol": self.protocols[reading],
            "split_seed": self.split_seed,
            "precision": precision,
            "settings": self.values(reading, features),
        } | ({"domains": {unit: list(names) for unit, names in self.domains.items()}} if self.domains else {})


@dataclass(frozen=True)
class Paper:
    """One paper: its experiments by name, its tables and figures, and every number that it prints."""

    name: str
    about: Mapping[str, object]
    experiments: Mapping[str, Experiment]
    tables: Mapping[str, Mapping]
    figures: Mapping[str, Mapping]
    claims: Mapping[str, Mapping]
    targets: Mapping[str, Mapping]
    published: tuple[Mapping[str, str], ...]


# --- reading -----------------------------------------------------------------------------------------


_LOOKS_LIKE_A_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def _schema_faults(content: Mapping, schema_name: str, where: str) -> list[str]:
    schema = yaml.safe_load((SCHEMAS_DIR / schema_name).read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(
        validator.iter_errors(content), key=lambda error: [str(part) for part in error.absolute_path]
    )
    return [_sentence(error, where) for error in errors]


def _dotted(path: Iterable) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _sentence(error: jsonschema.ValidationError, where: str) -> str:
    """One sentence for one fault: which key, what was found, what was expected."""
    key = _dotted(error.absolute_path)
    place = f"{where}: {key}" if key else where
    found = error.instance
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = [name for name in found if name not in known]
            hints = "; ".join(f"unknown key {name!r}, {nearest(name, known)}" for name in unknown)
            return f"{place}: {hints}"
        case "required":
            missing = [name for name in error.validator_value if name not in found]
            return f"{place}: the key {missing[0]!r} is missing."
        case "type":
            expected = error.validator_value
            expected = expected if isinstance(expected, str) else " or ".join(expected)
            hint = ""
            if isinstance(found, str) and _LOOKS_LIKE_A_NUMBER.match(found):
                hint = " (YAML reads it as text: write a number such as 0.001 or 1.0e-3, without quotes)"
            return f"{place}: found {found!r}, expected {expected}{hint}."
        case "enum":
            return f"{place}: found {found!r}; {nearest(found, error.validator_value)}"
        case "uniqueItems":
            return f"{place}: something stands twice in {found!r}."
        case "minItems":
            return f"{place}: the list is empty."
        case "oneOf":
            return f"{place}: found {found!r}, expected `all` or a list of texts."
        case _:
            return f"{place}: {error.message}."


# --- methods, without importing them -----------------------------------------------------------------


def _class_literals(path: Path, class_name: str) -> dict[str, object]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            assigned = {}
            for item in node.body:
                if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                    try:
                        assigned[item.targets[0].id] = ast.literal_eval(item.value)
                    except ValueError:
                        continue
                elif isinstance(item, ast.FunctionDef):
                    assigned[item.name] = True
            return assigned
    raise LookupError(f"{path} defines no class {class_name}")


@functools.cache
def method_facts(name: str) -> MethodFacts:
    """The literals SETTINGS, DETERMINISTIC and ON_GPU of a method's class, and what functions it offers."""
    module, class_name = METHODS[name].split(":")
    path = PACKAGE_DIR.parent / (module.replace(".", "/") + ".py")
    literals = _class_literals(path, class_name)
    offers = frozenset(name for name, value in literals.items() if value is True and name.islower())
    return MethodFacts(
        literals["SETTINGS"],
        literals["DETERMINISTIC"],
        literals["ON_GPU"],
        literals.get("LABELLED", False),
        offers,
    )


def code_roots(script: str, *methods: str) -> list[str]:
    """Where the import closure of a job begins: its script, and the files of the methods that it runs."""
    roots = [str(ROOT / "workflow" / "scripts" / script)]
    return roots + [METHODS[method].split(":")[0] for method in methods]


def run_roots(script: str, experiment: Experiment) -> list[str]:
    """`code_roots` of a script's job on one run; a judge runs its own method too."""
    methods = [experiment.method]
    if script == "judge.py":
        methods.append(find_experiment(experiment.judged["by"]).method)
    return code_roots(script, *methods)


def pretrained_weights(settings: Mapping[str, object]) -> list[str]:
    """The files in results/weights, without their ending, that settings call for."""
    features = settings.get("features", "")
    found = {VGG19: [VGG19], "vgg19_caffe": ["vgg19_caffe", "vgg19_caffe_statistics"]}.get(features, [])
    return found + [name for name in [settings.get("pretrained", "none")] if name != "none"]


@functools.cache
def _data_settings(module: str) -> Mapping[str, str]:
    """The literal SETTINGS of a module in datasets/."""
    tree = ast.parse((PACKAGE_DIR / "datasets" / f"{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "SETTINGS":
            return ast.literal_eval(node.value)
    raise LookupError(f"datasets/{module}.py defines no SETTINGS")


@functools.cache
def _protocols() -> tuple[str, ...]:
    from encore.datasets.protocols import PROTOCOLS

    return tuple(PROTOCOLS)


# --- papers ------------------------------------------------------------------------------------------


def known_papers() -> list[str]:
    """The names of the papers that have a YAML in workflow/papers."""
    return sorted(path.stem for path in PAPERS_DIR.glob("*.yaml"))


@functools.cache
def load_paper(name: str) -> Paper:
    """One checked paper; all faults of its YAML and CSV at once as a ConfigError."""
    path = PAPERS_DIR / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError([f"there is no paper {name!r}; {nearest(name, known_papers())}"])
    return parse_paper(
        name, load_yaml(path), read_published(path.with_suffix(".csv")), str(path.relative_to(ROOT))
    )


def parse_paper(name: str, content: Mapping, published: tuple, where: str) -> Paper:
    """A paper from its YAML's content and its CSV's rows; all faults at once as a ConfigError."""
    faults = _schema_faults(content, "paper.schema.yaml", where)
    if faults:
        raise ConfigError(faults)
    groups = content.get("settings", {})
    experiments = {}
    for experiment_name, entry in content["experiments"].items():
        place = f"{where}: experiments.{experiment_name}"
        found = _experiment_faults(entry, groups, place)
        faults += found
        if not found:
            experiments[experiment_name] = _experiment(experiment_name, name, entry, groups)
    tables = {
        key: {"figures": [], "demo": False, "digits": 3, "score": "score", **table}
        for key, table in content["tables"].items()
    }
    figures = content.get("figures", {})
    claims, targets = content.get("claims", {}), content.get("targets", {})
    faults += [
        f"{where}: targets.{key}.tables: found {table!r}; {nearest(table, tables)}"
        for key, target in targets.items()
        for table in target["tables"]
        if table not in tables
    ]
    faults += _judge_faults(experiments, content["experiments"], where)
    faults += _result_faults(tables, figures, content["experiments"], published, where)
    faults += [
        f"{where}: claims.{key}.table: found {claim['table']!r}; {nearest(claim['table'], tables)}"
        for key, claim in claims.items()
        if claim["table"] not in tables
    ]
    if faults:
        raise ConfigError(faults)
    return Paper(name, content["paper"], experiments, tables, figures, claims, targets, published)


def _protocols_of(entry: Mapping) -> dict[str, str]:
    """The protocol under each reading."""
    protocol = entry["protocol"]
    return protocol if isinstance(protocol, dict) else {"paper": protocol, "code": protocol}


def _merged(entry: Mapping, groups: Mapping) -> dict[str, Mapping]:
    merged = {}
    for group in entry.get("use", []):
        merged.update(groups[group])
    merged.update(entry["settings"])
    return merged


def _experiment(name: str, paper: str, entry: Mapping, groups: Mapping) -> Experiment:
    return Experiment(
        name=name,
        paper=paper,
        title=entry["title"],
        method=entry["method"],
        dataset=entry["dataset"],
        protocols=_protocols_of(entry),
        split_seed=entry.get("split_seed", 0),
        units=_units(entry),
        settings=_merged(entry, groups),
        networks=next((group for group in entry.get("use", []) if "networks" in group), name),
        shared_training=entry.get("shared_training", ""),
        allocation=entry.get("allocation", ALLOCATION),
        resemblance={unit: tuple(names) for unit, names in entry.get("resemblance", {}).items()},
        domains={unit: _domains(entry, names) for unit, names in entry.get("domains", {}).items()},
        judged=entry.get("judged", {}),
    )


def _domains(entry: Mapping, names: str | list[str]) -> tuple[str, ...]:
    """The attributes of one unit: all of the dataset's, or those that are named."""
    return DATASETS[entry["dataset"]].classes if names == "all" else tuple(names)


def _experiment_faults(entry: Mapping, groups: Mapping, place: str) -> list[str]:
    faults = []
    if entry["method"] not in METHODS:
        faults.append(f"{place}.method: found {entry['method']!r}; {nearest(entry['method'], METHODS)}")
    if entry["dataset"] not in DATASETS:
        faults.append(f"{place}.dataset: found {entry['dataset']!r}; {nearest(entry['dataset'], DATASETS)}")
    else:
        faults += _unit_faults(entry, place)
    if entry["dataset"] in DATASETS:
        faults += _resemblance_faults(entry, place)
    if entry["method"] in METHODS and entry["dataset"] in DATASETS:
        faults += _label_faults(entry, place)
    for protocol in dict.fromkeys(_protocols_of(entry).values()):
        if protocol in _protocols():
            continue
        faults.append(f"{place}.protocol: found {protocol!r}; {nearest(protocol, _protocols())}")
    unknown_groups = [group for group in entry.get("use", []) if group not in groups]
    faults += [f"{place}.use: found {group!r}; {nearest(group, groups)}" for group in unknown_groups]
    if entry["method"] in METHODS and not unknown_groups:
        faults += _setting_faults(entry, groups, place)
    return faults


def _units(entry: Mapping) -> tuple[str, ...]:
    """The units of an experiment of a known dataset."""
    return DATASETS[entry["dataset"]].classes if entry["units"] == "all" else tuple(entry["units"])


def _resemblance_faults(entry: Mapping, place: str) -> list[str]:
    named, classes = entry.get("resemblance", {}), DATASETS[entry["dataset"]].classes
    faults = [
        f"{place}.resemblance: {unit!r} is no unit of the experiment; {nearest(unit, _units(entry))}"
        for unit in named
        if unit not in _units(entry)
    ]
    faults += [
        f"{place}.resemblance.{unit}: {name!r} is no class of {entry['dataset']}; {nearest(name, classes)}"
        for unit, names in named.items()
        for name in names
        if name not in classes
    ]
    return faults + (_image_faults(entry["method"], place, {"reconstruct"}) if named else [])


def _unit_faults(entry: Mapping, place: str) -> list[str]:
    """Units and domains that a known dataset does not have."""
    dataset, domains = entry["dataset"], entry.get("domains", {})
    classes = DATASETS[dataset].classes
    named = entry["units"] if entry["units"] != "all" else ()
    faults = [
        f"{place}.units: {unit!r} is no class of {dataset}; {nearest(unit, [*domains, *classes])}"
        for unit in named
        if unit not in classes and unit not in domains
    ]
    if not faults:
        faults = [
            f"{place}.domains: {unit!r} is no unit of the experiment; {nearest(unit, _units(entry))}"
            for unit in domains
            if unit not in _units(entry)
        ]
    return faults + [
        f"{place}.domains.{unit}: {name!r} is no attribute of {dataset}; {nearest(name, classes)}"
        for unit, names in domains.items()
        for name in (names if names != "all" else ())
        if name not in classes
    ]


def _label_faults(entry: Mapping, place: str) -> list[str]:
    """What only methods with labels can have, and what only methods that edit can be judged by."""
    faults = []
    if "domains" in entry and not method_facts(entry["method"]).labelled:
        faults.append(f"{place}.domains: the method {entry['method']!r} takes no labels.")
    if "judged" not in entry:
        return faults
    if "edit" not in method_facts(entry["method"]).offers:
        return faults + _image_faults(entry["method"], place, {"edit"})
    needed = {"transfer"} if "amounts" in entry["judged"] else set()
    if any(len(_domains(entry, entry.get("domains", {}).get(unit, [unit]))) == 1 for unit in _units(entry)):
        needed |= {"reconstruct"}
    return faults + _image_faults(entry["method"], place, needed)


def _judge_faults(experiments: Mapping[str, Experiment], known: Iterable[str], where: str) -> list[str]:
    """Faults of the references to judges: each must know what it is to judge, at the size that it is shown.

    experiments: those without faults of their own; known: the names of all.
    """
    faults = []
    for name, experiment in experiments.items():
        if not experiment.judged:
            continue
        place, by = f"{where}: experiments.{name}.judged.by", experiment.judged["by"]
        if by not in known:
            faults.append(f"{place}: found {by!r}; {nearest(by, known)}")
        if by not in experiments:
            continue
        judge = experiments[by]
        if not method_facts(judge.method).judges:
            faults.append(f"{place}: the method {judge.method!r} of {by} is no classifier.")
        faults += [
            f"{place}: {by} has no unit {unit!r} of the same attributes."
            for unit in experiment.units
            if unit not in judge.units or judge.domains_of(unit) != experiment.domains_of(unit)
        ]
        for reading in ("paper", "code"):
            sizes = [e.values(reading).get("image_size") for e in (experiment, judge)]
            if sizes[0] != sizes[1]:
                faults.append(f"{place}: {by} sees images of {sizes[1]} pixels, {name} makes {sizes[0]}.")
                break
    return faults


def _setting_faults(entry: Mapping, groups: Mapping, place: str) -> list[str]:
    settings = _merged(entry, groups)
    facts = method_facts(entry["method"])
    known = {**facts.settings, **_data_settings("images")}
    if facts.labelled:
        known |= _data_settings("labels")
    faults = [
        f"{place}.settings: unknown setting {name!r}, {nearest(name, known)}"
        for name in settings
        if name not in known
    ]
    faults += [
        f"{place}.settings: {name!r} is missing ({known[name]})." for name in known if name not in settings
    ]
    for name, setting in settings.items():
        for sourced in (setting,) if "value" in setting else (setting["paper"], setting["code"]):
            value = sourced["value"]
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and _LOOKS_LIKE_A_NUMBER.match(item):
                    faults.append(
                        f"{place}.settings.{name}: {item!r} is read as text by YAML; "
                        "write a number such as 0.001 or 1.0e-3, without quotes."
                    )
    return faults


def _result_faults(
    tables: Mapping, figures: Mapping, experiments: Mapping, published: tuple, where: str
) -> list[str]:
    """Faults of the references between tables, figures, experiments and the printed numbers."""
    faults = []
    for name, table in tables.items():
        place = f"{where}: tables.{name}"
        rows = [
            row
            for row in published
            if row["table"] == table.get("source") and row["metric"] == table.get("published_metric")
        ]
        printed = {(row["dataset"], row["method"]) for row in rows}
        for word, entry in table.get("counts", {}).items():
            if entry["dataset"] not in DATASETS:
                hint = nearest(entry["dataset"], DATASETS)
                faults.append(f"{place}.counts.{word}: found {entry['dataset']!r}; {hint}")
        if "counts" in table:
            continue
        if "source" in table and not printed:
            faults.append(
                f"{place}.source: the CSV has no rows of {table['source']!r} with that published_metric."
            )
        if any(row["value"] for row in rows) and "margins" not in table:
            faults.append(f"{place}: a table with printed numbers needs margins.")
        for index, cell in enumerate(table["cells"]):
            if cell["experiment"] not in experiments:
                faults.append(
                    f"{place}.cells[{index}].experiment: found {cell['experiment']!r}; "
                    f"{nearest(cell['experiment'], experiments)}"
                )
            elif experiments[cell["experiment"]]["dataset"] in DATASETS:
                units = _units(experiments[cell["experiment"]])
                faults += [
                    f"{place}.cells[{index}].units: {unit!r} is no unit of {cell['experiment']}; "
                    f"{nearest(unit, units)}"
                    for unit in cell.get("units", [])
                    if unit not in units
                ]
            if printed and (cell["dataset"], cell["method"]) not in printed:
                faults.append(
                    f"{place}.cells[{index}]: the CSV prints no {cell['method']!r} on {cell['dataset']!r}."
                )
            if cell["method"] not in table["columns"]:
                faults.append(
                    f"{place}.cells[{index}].method: {cell['method']!r} is no column; "
                    f"{nearest(cell['method'], table['columns'])}"
                )
        faults += [
            f"{place}.figures: found {figure!r}; {nearest(figure, figures)}"
            for figure in table["figures"]
            if figure not in figures
        ]
    for name, figure in figures.items():
        place = f"{where}: figures.{name}"
        if "table" in figure and figure["table"] not in tables:
            faults.append(f"{place}.table: found {figure['table']!r}; {nearest(figure['table'], tables)}")
        for experiment in experiments_in(figure):
            if experiment not in experiments:
                faults.append(f"{place}: found experiment {experiment!r}; {nearest(experiment, experiments)}")
            elif needed := NEEDED_BY_FIGURE.get(figure["kind"]):
                faults += _image_faults(experiments[experiment]["method"], place, needed)
    return faults


NEEDED_BY_FIGURE = {  # what a method must offer for a figure of that kind
    "reconstructions": {"reconstruct", "sample"},
    "resemblance": {"reconstruct"},
    "samples": {"reconstruct", "sample"},
    "edits": {"edit", "reconstruct"},
    "domains": {"edit"},
    "transfer": {"edit"},
    "sparsity": {"edit"},
}


def _image_faults(method: str, place: str, needed: Set[str]) -> list[str]:
    """What a method lacks of what it needs to offer; an unknown method is a fault of its experiment."""
    lacking = needed - method_facts(method).offers if method in METHODS else ()
    return [f"{place}: the method {method!r} does not offer `{name}`." for name in sorted(lacking)]


PUBLISHED_COLUMNS = ("paper", "table", "dataset", "method", "subset", "metric", "value", "std", "note")


def read_published(path: Path) -> tuple[Mapping[str, str], ...]:
    """Every number that a paper prints, one row a cell, as text (the printed digits count)."""
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != PUBLISHED_COLUMNS:
            raise ConfigError([f"{path}: expected the columns {', '.join(PUBLISHED_COLUMNS)}."])
        return tuple(reader)


def load_papers() -> dict[str, Paper]:
    """All papers by name; all faults of all of them at once as a ConfigError."""
    papers, faults = {}, []
    for name in known_papers():
        try:
            papers[name] = load_paper(name)
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError(faults)
    return papers


def find_experiment(name: str) -> Experiment:
    """An experiment of any paper by its name."""
    return _find(
        name,
        "experiment",
        {key: e for paper in load_papers().values() for key, e in paper.experiments.items()},
    )


def find_table(name: str) -> tuple[Paper, Mapping]:
    """The paper and the entry of a table by its name."""
    return _find(
        name,
        "table",
        {key: (paper, t) for paper in load_papers().values() for key, t in paper.tables.items()},
    )


def find_figure(name: str) -> tuple[Paper, Mapping]:
    """The paper and the entry of a figure by its name."""
    return _find(
        name,
        "figure",
        {key: (paper, f) for paper in load_papers().values() for key, f in paper.figures.items()},
    )


def experiments_in(entry: Mapping) -> list[str]:
    """The names of the experiments that the entry of a table or a figure shows, as it names them."""
    one = [entry["experiment"]] if "experiment" in entry else []
    return [*(cell["experiment"] for cell in entry.get("cells", [])), *one, *entry.get("experiments", [])]


def parts_of(target: str) -> dict[str, Mapping]:
    """The entries of the tables and figures that a paper, target, table or figure consists of, by name.

    A ConfigError for a name that is none of them.
    """
    papers, results, groups = load_papers(), {}, {}
    for paper in papers.values():
        results |= paper.tables | paper.figures
        groups |= {name: group["tables"] for name, group in paper.targets.items()}
    if target in papers:
        paper = papers[target]
        names = [name for name, table in paper.tables.items() if not table["demo"]]
        names += [name for name, figure in paper.figures.items() if figure.get("target")]
    elif target in groups:
        names = groups[target]
    else:
        _find(target, "target", results | groups | papers)
        names = [target]
    names = [*names, *(figure for name in names for figure in results[name].get("figures", []))]
    return {name: results[name] for name in names}


def results_named(target: str) -> list[str]:
    """The files in results that a paper, target, table or figure consists of."""
    found = []
    for name, entry in parts_of(target).items():
        if "kind" in entry:  # a figure
            found.append(f"figures/{name}.png")
        else:
            found += [f"tables/{name}.{form}" for form in ("csv", "md", "tex", "html")]
    return found


def experiments_of(targets: Iterable[str]) -> list[Experiment]:
    """The experiments behind papers, targets, tables and figures, each once, then those that judge them.

    A ConfigError as `parts_of`.
    """
    entries = [entry for target in targets for entry in parts_of(target).values()]
    names = dict.fromkeys(name for entry in entries for name in experiments_in(entry))
    judges = dict.fromkeys(find_experiment(name).judged.get("by", "") for name in names)
    return [find_experiment(name) for name in dict.fromkeys([*names, *judges]) if name]


def table_digest(name: str) -> str:
    """Digest of all that a table takes from its paper's YAML and CSV."""
    paper, table = find_table(name)
    claims = [claim for claim in paper.claims.values() if claim["table"] == name]
    return settings_digest({"table": table, "published": paper.published, "claims": claims})


def figure_digest(name: str) -> str:
    """Digest of all that a figure takes from its paper's YAML and CSV."""
    _, figure = find_figure(name)
    table = table_digest(figure["table"]) if "table" in figure else None
    return settings_digest({"figure": figure, "table": table})


def _find(name: str, kind: str, known: Mapping):
    if name not in known:
        raise ConfigError([f"there is no {kind} {name!r}; {nearest(name, known)}"])
    return known[name]


# --- the configuration -------------------------------------------------------------------------------


def check_config(config: Mapping, where: str = "config.yaml") -> None:
    """Raise a ConfigError that names every fault of the resolved configuration."""
    faults = _schema_faults(config, "config.schema.yaml", where)
    papers = load_papers()
    experiments = {
        name: experiment for paper in papers.values() for name, experiment in paper.experiments.items()
    }
    for name in _list(config, "papers"):
        if name not in papers:
            faults.append(f"{where}: papers: found {name!r}; {nearest(name, papers)}")
    for key in ("datasets", "accept_unverified"):
        for name in _list(config, key):
            if name not in DATASETS:
                faults.append(f"{where}: {key}: found {name!r}; {nearest(name, DATASETS)}")
    select = config.get("select", {})
    for name, chosen in select.items() if isinstance(select, Mapping) else ():
        if name not in experiments:
            faults.append(f"{where}: select: found {name!r}; {nearest(name, experiments)}")
            continue
        for unit in _list(chosen, "units"):
            if isinstance(unit, str) and unit not in experiments[name].units:
                faults.append(
                    f"{where}: select.{name}.units: found {unit!r}; {nearest(unit, experiments[name].units)}"
                )
    if faults:
        raise ConfigError(faults)


def read_config(text: str) -> dict[str, object]:
    """A configuration from the name of a YAML file, or from its content as JSON, as Snakemake resolved it."""
    return json.loads(text) if text.startswith("{") else load_yaml(Path(text))


def config_defaults() -> dict[str, object]:
    """The values of the keys that a configuration may leave out."""
    schema = yaml.safe_load((SCHEMAS_DIR / "config.schema.yaml").read_text(encoding="utf-8"))
    return {key: about["default"] for key, about in schema["properties"].items() if "default" in about}


def _list(mapping: object, key: str) -> list:
    value = mapping.get(key, []) if isinstance(mapping, Mapping) else []
    return value if isinstance(value, list) else []


def selected_runs(experiment: Experiment, config: Mapping) -> list[tuple[str, int]]:
    """(unit, seed) of every run that is asked for; a deterministic method and a judge run once a unit."""
    if experiment.dataset not in config.get("datasets", DATASETS):
        return []
    chosen = config.get("select", {}).get(experiment.name, {})
    units = [unit for unit in experiment.units if unit in chosen.get("units", experiment.units)]
    seeds = chosen.get("seeds", config["seeds"])
    facts = method_facts(experiment.method)
    if facts.deterministic or facts.judges:
        seeds = [0] if seeds else []
    return [(unit, seed) for unit in units for seed in seeds]

"""What a paper is: experiments with settings, tables, figures, claims, and every number that it prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from encore.datasets.catalogue import DATASETS
from encore.papers.kinds import COMPARED, EDITS, LOSSES, RECONSTRUCTIONS, SAMPLES, SCORES, TRANSFERS
from encore.registry import method_facts

READINGS = ("paper", "code")  # every setting with readings has these two; it may have more
PRECISIONS = ("float32", "tf32")
VGG19 = "vgg19"  # the features that papers mean: torchvision's VGG-19
FEATURES = (VGG19, "vgg19_caffe")  # what may stand for it
ALLOCATION = {"train": "4h", "score": "1h", "mem_mb": 8000}  # what a cluster is asked for, if nothing is said
AVERAGE = "avg"  # the subset that stands for the mean over all units
MAIN_SCORE = "score"  # a method's own score; further ones belong to sweeps and variants
PROTOCOL = "protocol"  # read like a setting
EACH = "each"  # the split seed where each run draws its own split


def reading_of(reading: str, name: str) -> str:
    """Which reading a setting has under `reading`, such as `code`, or `code,xi=notebook`."""
    default, *own = reading.split(",")
    return dict(part.split("=") for part in own).get(name, default)


@dataclass(frozen=True)
class Setting:
    """A resolved setting: its value, its source, and which reading chose it ("" where there is one)."""

    value: object
    source: str
    reading: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Experiment:
    """A method on a dataset under a protocol with settings, repeated over units and seeds."""

    name: str
    paper: str
    title: str
    method: str
    dataset: str
    protocols: Mapping[str, str]  # by reading
    split_seed: int | str  # of all runs, or EACH: every seed has a split of its own
    units: tuple[str, ...]
    settings: Mapping[str, Mapping]
    networks: str  # experiments with the same word here have networks of the same size
    shared_training: str = ""  # the reading under which the first unit's training serves all units
    allocation: Mapping[str, object] = field(default_factory=lambda: dict(ALLOCATION))
    # `share` of a training's iterations, at its end, whose losses are measured; no part of a job.
    late: Mapping[str, object] = field(default_factory=dict)
    # Unit -> the classes that the paper says its reconstructions resemble; no part of a job.
    resemblance: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Unit -> the attributes that a labelled method is given, or the classes that it stands for where images
    # are generated; a unit that is not here is its own attribute.
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # `by`, the experiment whose classifier says what edited images show; on how many `images` of the test
    # part, and at which `amounts` of a transfer; no part of a training's job.
    judged: Mapping[str, object] = field(default_factory=dict)
    # How many `images` its method makes, and how they are measured; FID against the statistics of the
    # experiment `reference`; no part of a training's job.
    generated: Mapping[str, object] = field(default_factory=dict)

    @property
    def scored_by(self) -> str:
        """The stage that gives the scores of its runs: edited images are judged, all others scored."""
        return "judge" if self.judged else "score"

    @property
    def gives(self) -> tuple[str, ...]:
        """What of its runs is measured."""
        made = (SAMPLES, *((COMPARED,) if "reference" in self.generated else ())) if self.generated else ()
        if self.judged:
            return (TRANSFERS if self.several_domains else EDITS, *made)
        if self.resemblance:
            return (SCORES, RECONSTRUCTIONS, *made)
        if self.late:
            return (LOSSES, *made)
        return made or (SCORES,)  # where images are made, none is anomalous

    @property
    def several_domains(self) -> bool:
        """Whether its method is given several attributes at once."""
        return any(len(self.domains_of(unit)) > 1 for unit in self.units)

    def domains_of(self, unit: str) -> tuple[str, ...]:
        """The attributes that a labelled method is given for `unit`, in the order of its labels; of a method
        that takes none, the classes that the unit stands for.
        """
        return self.domains.get(unit, (unit,))

    def split_unit(self, unit: str) -> str:
        """The class that the split of `unit` is made for."""
        return self.domains_of(unit)[0]

    def split_seed_of(self, seed: int | str) -> int | str:
        """The seed of the split of a run with `seed`."""
        return seed if self.split_seed == EACH else self.split_seed

    @property
    def deterministic(self) -> bool:
        """Whether a seed changes nothing: neither its method nor its split draws anything by it."""
        return method_facts(self.method).deterministic and self.split_seed != EACH

    def protocol(self, reading: str) -> str:
        """How its dataset is divided."""
        return self.protocols[reading_of(reading, PROTOCOL)]

    def resolve(self, reading: str) -> dict[str, Setting]:
        """Every setting's value and source; reading: as for `reading_of`."""
        resolved = {}
        for name, entry in sorted(self.settings.items()):
            chosen = "" if "value" in entry else reading_of(reading, name)
            sourced = entry[chosen] if chosen else entry
            resolved[name] = Setting(sourced["value"], sourced["source"], chosen, sourced.get("reason", ""))
        return resolved

    def values(self, reading: str, features: str = VGG19) -> dict[str, object]:
        """Every setting's value under `reading`; `features` stands in where VGG-19 is called for."""
        values = {name: setting.value for name, setting in self.resolve(reading).items()}
        if values.get("features") == VGG19:
            values["features"] = features
        return values

    def readings(self, name: str) -> tuple[str, ...]:
        """The readings that a setting, or `protocol`, can have; none where all agree."""
        entry = self.settings.get(name, {"value": None}) if name != PROTOCOL else self.protocols
        if "value" in entry or len(set(map(str, entry.values()))) == 1:
            return ()
        return tuple(entry)

    def trained_unit(self, unit: str, reading: str) -> str:
        """The unit whose training serves `unit`: its own, or the first where all train on the same images."""
        return self.units[0] if reading_of(reading, PROTOCOL) == self.shared_training else unit

    def job(self, reading: str, precision: str, features: str = VGG19) -> dict[str, object]:
        """All that a run's numbers depend on besides code, data and seed; its digest tells runs apart."""
        return {
            "method": self.method,
            "dataset": self.dataset,
            "shape": list(DATASETS[self.dataset].shape),
            "protocol": self.protocol(reading),
            "split_seed": self.split_seed,
            "precision": precision,
            "settings": self.values(reading, features),
        } | ({"domains": {unit: list(names) for unit, names in self.domains.items()}} if self.domains else {})

    def scores(self, reading: str) -> tuple[str, ...]:
        """The scores of its runs by name: columns of `score`, or variants of what its judge says."""
        if self.judged:
            amounts = [f"lambda={amount:g}" for amount in self.judged.get("amounts", ())]
            return (MAIN_SCORE, *(("logit", *amounts) if self.several_domains else ()))
        named, values = [MAIN_SCORE, *method_facts(self.method).scores], self.values(reading)
        for setting, value in values.items():
            if isinstance(value, list):
                named = [
                    name.replace(f"{{{setting}}}", str(one))
                    for name in named
                    for one in (value if f"{{{setting}}}" in name else [""])
                ]
        return tuple(dict.fromkeys(named))


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


def experiments_in(entry: Mapping) -> list[str]:
    """The names of the experiments that the entry of a table or a figure shows, as it names them."""
    one = [entry["experiment"]] if "experiment" in entry else []
    return [*(cell["experiment"] for cell in entry.get("cells", [])), *one, *entry.get("experiments", [])]


def pretrained_weights(settings: Mapping[str, object]) -> list[str]:
    """The files in results/weights, without their ending, that settings call for."""
    features = settings.get("features", "")
    found = {VGG19: [VGG19], "vgg19_caffe": ["vgg19_caffe", "vgg19_caffe_statistics"]}.get(features, [])
    return found + [name for name in [settings.get("pretrained", "none")] if name != "none"]

"""The kinds of metrics, figures and claims, each described once: all who need to know ask here.

A figure is drawn by the module of figures/ with the name of its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# --- metrics -----------------------------------------------------------------------------------------


LOSSES = "losses late in training"
SCORES, EDITS, TRANSFERS, RECONSTRUCTIONS = "scores", "edits", "transfers", "reconstructions"
SAMPLES, COMPARED = "samples", "samples beside real images"
GENERATED = frozenset({SAMPLES, COMPARED})  # what Inception's weights are needed for
MEASURED_BY = {  # what the runs of an experiment give -> the module of metrics/ that always measures it
    LOSSES: "late",
    SCORES: "ranking",
    EDITS: "editing",
    TRANSFERS: "transfer",
    RECONSTRUCTIONS: "resemblance",
    SAMPLES: "generation",
    COMPARED: "generation",
}


@dataclass(frozen=True)
class Metric:
    """A metric: what of a run it measures, which way is better, and its bounds.

    module: of metrics/, where it is not the one that always measures that; it is asked by tables alone.
    beside: what a reader must know beside the numbers, for a table's foot.
    """

    of: tuple[str, ...]
    better: str  # higher or lower
    low: float | None = None
    high: float | None = None
    module: str = ""
    beside: str = ""


UNCHANGED = "A model that changes no image has a CIS of 0, a ts of 0 and an rs of 0."

METRICS: Mapping[str, Metric] = {
    "AUROC": Metric((SCORES,), "higher", 0, 1),
    "AUPRC": Metric((SCORES,), "higher", 0, 1),
    "resembles_normal": Metric((RECONSTRUCTIONS,), "higher", 0, 1),
    "resembles_itself": Metric((RECONSTRUCTIONS,), "higher", 0, 1),
    "resembles_named": Metric((RECONSTRUCTIONS,), "higher", 0, 1),
    "MSE": Metric((EDITS,), "lower", 0),
    "balance": Metric((LOSSES,), "lower", 0),
    "offset": Metric((LOSSES,), "lower", 0),
    "k": Metric((LOSSES,), "higher", 0, 1),  # neither way is better
    "diversity": Metric((LOSSES,), "higher", 0),
    "content": Metric((LOSSES,), "lower", 0),
    "Class0": Metric((EDITS,), "higher", 0, 1),
    "Class1": Metric((EDITS,), "higher", 0, 1),
    "Class0+Class1": Metric((EDITS,), "higher", 0, 2),
    "success": Metric((EDITS,), "higher", 0, 1),
    "accuracy": Metric((EDITS, TRANSFERS), "higher", 0, 1),
    "CIS": Metric((TRANSFERS,), "higher", beside=UNCHANGED),
    "ts": Metric((TRANSFERS,), "higher", beside=UNCHANGED),
    "rs": Metric((TRANSFERS,), "higher", beside=UNCHANGED),
    "IS": Metric((SAMPLES,), "higher", 1),
    "FID": Metric((COMPARED,), "lower", 0),
}
COUNT = "count"  # of a table that counts images: no run gives it

# --- figures -----------------------------------------------------------------------------------------

EVERY, FIRST, FIRST_OF_EACH_UNIT = "every run", "the first run", "the first run of each unit"


@dataclass(frozen=True)
class FigureKind:
    """What a kind of figure is drawn from, and what its entry in a paper's YAML says.

    keys, optional: of the entry, besides those that all figures have. stage, output: what it is drawn from.
    runs: of which runs, among those of the unit where the entry has one; "" where it is not drawn from runs.
    offers: functions that the methods it shows must offer.
    """

    stage: str
    output: str
    keys: tuple[str, ...]
    optional: tuple[str, ...] = ()
    runs: str = ""
    offers: frozenset[str] = frozenset()


SHOWS = frozenset(
    {"sample", "autoencode", "encode", "encodes", "decode"}
)  # what the stage `show` asks of a method

FIGURES: Mapping[str, FigureKind] = {
    "cells": FigureKind("compare", "csv", ("table",)),
    "history": FigureKind("train", "history", ("experiment",), runs=EVERY),
    "reconstructions": FigureKind(
        "reconstruct",
        "images",
        ("experiment",),
        runs=FIRST_OF_EACH_UNIT,
        offers=frozenset({"reconstruct", "sample"}),
    ),
    "samples": FigureKind(
        "reconstruct", "images", ("experiment",), runs=FIRST, offers=frozenset({"reconstruct", "sample"})
    ),
    "resemblance": FigureKind(
        "resemble", "resemblance", ("experiment",), runs=EVERY, offers=frozenset({"reconstruct"})
    ),
    "sweep": FigureKind("measure", "measures", ("experiment", "table", "method")),
    "extremes": FigureKind("extremes", "images", ("experiments", "unit"), runs=FIRST),
    "edits": FigureKind(
        "edit",
        "images",
        ("experiment",),
        ("unit",),
        runs=FIRST_OF_EACH_UNIT,
        offers=frozenset({"edit", "reconstruct"}),
    ),
    "domains": FigureKind(
        "edit", "images", ("experiments", "unit"), ("domains",), runs=FIRST, offers=frozenset({"edit"})
    ),
    "transfer": FigureKind(
        "judge", "scores", ("experiments", "unit", "images"), runs=EVERY, offers=frozenset({"edit"})
    ),
    "sparsity": FigureKind("measure", "measures", ("experiments", "unit"), offers=frozenset({"edit"})),
    "lambdas": FigureKind("measure", "measures", ("experiments", "unit"), offers=frozenset({"transfer"})),
    "gallery": FigureKind("show", "images", ("experiments",), runs=FIRST, offers=SHOWS),
    "autoencoded": FigureKind("show", "images", ("experiment",), runs=FIRST, offers=SHOWS),
    "generation": FigureKind("show", "images", ("experiment",), runs=FIRST, offers=SHOWS),
    "interpolation": FigureKind("show", "images", ("experiments",), runs=FIRST, offers=SHOWS),
    "arithmetic": FigureKind(
        "show", "images", ("experiment", "unit"), ("domains",), runs=FIRST, offers=SHOWS
    ),
    "contrast": FigureKind("contrast", "contrast", ()),
    "filters": FigureKind("contrast", "contrast", ()),
}

# --- claims ------------------------------------------------------------------------------------------

CLAIMS: Mapping[str, tuple[str, ...]] = {  # kind -> its keys, besides those that all claims have
    "best": ("cell",),
    "ordered": ("groups",),
    "equal": ("cells", "margin"),
    "no_worse": ("cells", "margin"),
    "at_chance": ("cell", "chance", "margin"),
    "below_chance": ("cell", "chance"),
    "at_least": ("cell", "threshold"),
    "at_most": ("cell", "threshold"),
}


def branches(kinds: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]], common: tuple[str, ...]) -> list:
    """Of a JSON schema, one branch a kind: it takes its own keys and no others.

    kinds: kind -> the keys that it needs, and those that it may have. common: those that all may have.
    """
    return [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {
                "required": list(needed),
                "properties": dict.fromkeys((*common, "kind", *needed, *optional), True),
                "additionalProperties": False,
            },
        }
        for kind, (needed, optional) in kinds.items()
    ]


def with_kinds(schema: Mapping) -> dict:
    """The schema of a paper's YAML with what follows from the kinds: their names, and the keys of each."""
    places = dict(schema["$defs"])
    figures = {kind: (about.keys, about.optional) for kind, about in FIGURES.items()}
    claims = {kind: (keys, ()) for kind, keys in CLAIMS.items()}
    for place, kinds, common in (
        ("figure", figures, ("title", "caption", "target")),
        ("claim", claims, ("says", "source", "table")),
    ):
        of_place = places[place]
        named = of_place["properties"] | {"kind": {"enum": list(kinds)}}
        places[place] = of_place | {"properties": named, "allOf": branches(kinds, common)}
    table = places["table"]
    metric = table["properties"]["metric"] | {"enum": [*METRICS, COUNT]}
    places["table"] = table | {"properties": table["properties"] | {"metric": metric}}
    return {**schema, "$defs": places}

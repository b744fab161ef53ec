"""What the value of a setting may be. A method names it beside each of its settings, in the literal SETTINGS.

It is the name of one of KINDS; or a list of alternatives, each a kind, a word or a number; or
{"list_of": one of these} for a list.
"""

from collections.abc import Mapping

_COUNT = {"title": "a whole number from 1", "type": "integer", "minimum": 1}
_POSITIVE = {"title": "a number above 0", "type": "number", "exclusiveMinimum": 0}
_SHARE = {"title": "a number from 0, less than 1", "type": "number", "minimum": 0, "exclusiveMaximum": 1}

KINDS: Mapping[str, Mapping] = {
    "count": _COUNT,
    "whole": {"title": "a whole number from 0", "type": "integer", "minimum": 0},
    "number": {"title": "a number", "type": "number"},
    "positive": _POSITIVE,
    "nonnegative": {"title": "a number from 0", "type": "number", "minimum": 0},
    "share": _SHARE,
    "part": {"title": "a number above 0, up to 1", "type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "probability": {"title": "a number from 0 to 1", "type": "number", "minimum": 0, "maximum": 1},
    "counts": {"title": "a list of whole numbers from 1", "type": "array", "items": _COUNT, "minItems": 1},
    "positives": {"title": "a list of numbers above 0", "type": "array", "items": _POSITIVE, "minItems": 1},
    "betas": {
        "title": "a list of two numbers from 0, less than 1",
        "type": "array",
        "items": _SHARE,
        "minItems": 2,
        "maxItems": 2,
    },
    "range": {
        "title": "[low, high] with low below high",
        "type": "array",
        "items": {"title": "a number", "type": "number"},
        "minItems": 2,
        "maxItems": 2,
        "rising": True,
    },
}


def schema_of(legal: object) -> Mapping:
    """The JSON schema of what a setting may be."""
    if isinstance(legal, Mapping):
        items = schema_of(legal["list_of"])
        return {"title": f"a list, each {items['title']}", "type": "array", "items": items}
    if isinstance(legal, list):
        kinds = [schema_of(one) for one in legal if one in KINDS]
        words = [one for one in legal if one not in KINDS]
        if not kinds:
            return {"title": f"one of {', '.join(map(str, words))}", "enum": words}
        title = " or ".join([*(kind["title"] for kind in kinds), *map(repr, words)])
        return {"title": title, "anyOf": [*kinds, {"enum": words}]}
    return KINDS[legal]

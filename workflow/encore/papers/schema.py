"""The one checker of data against a JSON schema: a sentence for every fault, with the nearest known word."""

import functools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

import jsonschema
from jsonschema.validators import extend

from encore.files import ROOT
from encore.strict import load_yaml, nearest

SCHEMAS_DIR = ROOT / "workflow" / "schemas"
LOOKS_LIKE_A_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def _is_integer(_: object, value: object) -> bool:
    return type(value) is int  # not 1.0, which counts nothing, and not True


def _is_number(_: object, value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max  # finite, also as a float


def _rising(_: object, wanted: bool, value: object, schema: Mapping) -> Iterator[jsonschema.ValidationError]:
    """The keyword `rising`: every number of a list is greater than the one before."""
    if wanted and all(_is_number(None, one) for one in value) and sorted(set(value)) != value:
        yield jsonschema.ValidationError(f"{value!r} does not rise")


Checker = extend(
    jsonschema.Draft202012Validator,
    validators={"rising": _rising},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


@functools.cache
def read_schema(name: str) -> dict:
    """A schema of workflow/schemas."""
    return load_yaml(SCHEMAS_DIR / name)


def schema_faults(content: object, schema: Mapping, where: str, key: str = "") -> list[str]:
    """A sentence for every fault of `content`; key: of what `content` is the value, in the file `where`."""
    errors = Checker(schema).iter_errors(content)
    ordered = sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])
    return [_sentence(error, where, key) for error in ordered]


def _dotted(path: Iterable, key: str) -> str:
    text = key
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _sentence(error: jsonschema.ValidationError, where: str, key: str) -> str:
    """One sentence for one fault: which key, what was found, what was expected."""
    key = _dotted(error.absolute_path, key)
    place = f"{where}: {key}" if key else where
    found, schema = error.instance, error.schema
    as_text = isinstance(found, str) and LOOKS_LIKE_A_NUMBER.fullmatch(found)
    hint = (
        " (YAML reads it as text: write a number such as 0.001 or 1.0e-3, without quotes)" if as_text else ""
    )
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            unknown = [name for name in found if name not in known]
            hints = "; ".join(f"unknown key {name!r}, {nearest(name, known)}" for name in unknown)
            return f"{place}: {hints}"
        case "required":
            missing = [name for name in error.validator_value if name not in found]
            return f"{place}: the key {missing[0]!r} is missing."
        case "enum":
            return f"{place}: found {found!r}; {nearest(found, error.validator_value)}{hint}"
        case "anyOf" if isinstance(found, str) and not as_text:
            words = [word for branch in error.validator_value for word in branch.get("enum", ())]
            return f"{place}: found {found!r}, expected {schema['title']}; {nearest(found, words)}"
        case "uniqueItems":
            return f"{place}: something stands twice in {found!r}."
        case "minItems" if not found:
            return f"{place}: the list is empty."
        case "oneOf":
            return f"{place}: found {found!r}, expected `all` or a list of texts."
        case _ if "title" in schema:
            return f"{place}: found {found!r}, expected {schema['title']}{hint}."
        case "type":
            expected = error.validator_value
            expected = expected if isinstance(expected, str) else " or ".join(expected)
            return f"{place}: found {found!r}, expected {expected}{hint}."
        case _:
            return f"{place}: {error.message}."

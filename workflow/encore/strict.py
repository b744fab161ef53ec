"""Data files are read strictly, and what is wrong with them is said in a sentence each."""

import difflib
import io
import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from encore.script import UserError


class ConfigError(UserError, ValueError):
    """One or more faults of a configuration or a paper's data, a sentence each."""

    def __init__(self, faults: Iterable[str]):
        super().__init__("\n".join(faults))


# Other whole numbers of YAML 1.1 are not what they look like: 010 is eight, 1:30 is ninety.
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)")


class _StrictLoader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, but what would be lost or taken for something else is an error."""

    def construct_mapping(self, node, deep=False):
        seen = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict | set):
                line = key_node.start_mark.line + 1
                raise ConfigError([f"{self.name}, line {line}: found {key!r} as a key, expected a word."])
            if key in seen:
                raise ConfigError(
                    [
                        f"{self.name}, line {key_node.start_mark.line + 1}: the key {key!r} stands twice "
                        f"(first in line {seen[key]}); remove one."
                    ]
                )
            seen[key] = key_node.start_mark.line + 1
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node):
        """A whole number, if it is written as one reads it."""
        found = super().construct_yaml_int(node)
        if not _WHOLE_NUMBER.fullmatch(node.value):
            where = f"{self.name}, line {node.start_mark.line + 1}"
            raise ConfigError(
                [
                    f"{where}: found {node.value}, which YAML reads as {found}; "
                    "write the number without leading zeros, `:` and `_`, or quote it where text is meant."
                ]
            )
        return found


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_yaml_int)


def load_yaml(path: Path) -> dict:
    """The mapping in a YAML file; what is wrong with it is a ConfigError with its line."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: expected text in UTF-8, found another byte at {error.start}."]) from None
    content = yaml_value(text, str(path))
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"a {type(content).__name__}"
        raise ConfigError([f"{path}: expected keys and values, found {found}."])
    return content


def yaml_value(text: str, where: str) -> object:
    """The value that a YAML text holds, read as strictly as a file; where: what a ConfigError names."""
    try:
        loader = _StrictLoader(io.StringIO(text))
        loader.name = where
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError([f"{where}, line {line}: not valid YAML: {error.problem}."]) from None
    except yaml.YAMLError as error:  # a character that no YAML file holds
        raise ConfigError([f"{where}: not valid YAML: {str(error).splitlines()[0]}."]) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a message: the nearest known word, or all of them where none is near."""
    known = [str(name) for name in known]
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."

"""Data files are read strictly, and what is wrong with them is said in a sentence each."""

import difflib
from collections.abc import Iterable
from pathlib import Path

import yaml

from encore.script import UserError


class ConfigError(UserError, ValueError):
    """One or more faults of a configuration or a paper's data, a sentence each."""

    def __init__(self, faults: Iterable[str]):
        super().__init__("\n".join(faults))


class _StrictLoader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, but a key given twice is an error and not a silent loss."""

    def construct_mapping(self, node, deep=False):
        seen = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise ConfigError(
                    [
                        f"{self.name}, line {key_node.start_mark.line + 1}: the key {key!r} stands twice "
                        f"(first in line {seen[key]}); remove one."
                    ]
                )
            seen[key] = key_node.start_mark.line + 1
        return super().construct_mapping(node, deep)


def load_yaml(path: Path) -> dict:
    """The mapping in a YAML file; a syntax error or a key given twice is a ConfigError with its line."""
    with open(path, encoding="utf-8") as stream:
        loader = _StrictLoader(stream)
        loader.name = str(path)
        try:
            content = loader.get_single_data()
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else "?"
            raise ConfigError([f"{path}, line {line}: not valid YAML: {error.problem}."]) from None
        finally:
            loader.dispose()
    if not isinstance(content, dict):
        raise ConfigError([f"{path}: expected keys and values, found {type(content).__name__}."])
    return content


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a message: the nearest known word, or all of them where none is near."""
    known = [str(name) for name in known]
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."

"""Data files are read strictly, and what is wrong with them is said in a sentence each."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent

from encore.script import UserError


class ConfigError(UserError, ValueError):
    """One or more faults of a configuration or a paper's data, a sentence each."""

    def __init__(self, faults: Iterable[str]):
        super().__init__("\n".join(faults))


# Other whole numbers of YAML 1.1 are not what they look like: 010 is eight, 1:30 is ninety.
_WHOLE_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)")


class _Strict:
    """YAML 1.1 as PyYAML reads it, but what would be lost or taken for something else is an error."""

    def construct_object(self, node, deep=False):
        try:
            return super().construct_object(node, deep)
        except ConfigError:
            raise
        except (ValueError, OverflowError) as error:  # of Python, such as for the month 13
            raise self._fault(node, f"not valid YAML: {error}.") from None

    def construct_mapping(self, node, deep=False):
        seen = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict | set):
                raise self._fault(key_node, f"found {key!r} as a key, expected a word.")
            if key in seen:
                first = f"(first in line {seen[key]}); remove one."
                raise self._fault(key_node, f"the key {key!r} stands twice {first}")
            seen[key] = key_node.start_mark.line + 1
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node):
        """A whole number, if it is written as one reads it."""
        return self._as_it_reads(node, super().construct_yaml_int(node), _WHOLE_NUMBER.fullmatch(node.value))

    def construct_yaml_float(self, node):
        """A number, if it is written as one reads it."""
        return self._as_it_reads(node, super().construct_yaml_float(node), ":" not in node.value)

    def check_aliases(self, node, sizes):
        """How many nodes a node is with all its aliases written out; a ConfigError where they have no end.

        sizes: of the nodes that were seen before, None for those that it stands in.
        """
        if node not in sizes:
            sizes[node] = None
            parts = node.value if isinstance(node, yaml.CollectionNode) else ()
            if isinstance(node, yaml.MappingNode):
                parts = (part for pair in parts for part in pair)
            sizes[node] = 1 + sum(self.check_aliases(part, sizes) for part in parts)
        if sizes[node] is None:
            raise self._fault(node, "what stands here holds itself, by an alias; write out what is meant.")
        if sizes[node] > LARGE:
            raise self._fault(node, f"its aliases make more than {LARGE:,} values of it; use fewer.")
        return sizes[node]

    def _as_it_reads(self, node, found, reads_so):
        if not reads_so:
            hint = "write the number without leading zeros, `:` and `_`, or quote it where text is meant."
            raise self._fault(node, f"found {node.value}, which YAML reads as {found}; {hint}")
        return found

    def _fault(self, node, sentence):
        return ConfigError([f"{self.name}, line {node.start_mark.line + 1}: {sentence}"])


class _StrictLoader(_Strict, yaml.SafeLoader):
    """By PyYAML itself, which says best what is wrong with a text."""


class _QuickLoader(_Strict, yaml.CSafeLoader):
    """By libyaml, several times as fast; it ends the process where a text is too deep."""


for _loader in (_StrictLoader, _QuickLoader):
    _loader.add_constructor("tag:yaml.org,2002:int", _loader.construct_yaml_int)
    _loader.add_constructor("tag:yaml.org,2002:float", _loader.construct_yaml_float)
DEEP = 50  # lists and mappings in one another; the papers have 7
LARGE = 1_000_000  # values of a text with its aliases written out


def read_text(path: Path) -> str:
    """A text in UTF-8, with or without the mark that Excel and Notepad put in front; else a ConfigError."""
    content = Path(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"found the byte 0x{content[error.start]:02x}, which is no UTF-8"
        raise ConfigError([f"{path}, line {line}: {found}; save the file as text in UTF-8."]) from None


def load_yaml(path: Path) -> dict:
    """The mapping in a YAML file; what is wrong with it is a ConfigError with its line."""
    content = yaml_value(read_text(path), str(path))
    if not isinstance(content, dict):
        found = "nothing" if content is None else f"a {type(content).__name__}"
        raise ConfigError([f"{path}: expected keys and values, found {found}."])
    return content


def yaml_value(text: str, where: str) -> object:
    """The value that a YAML text holds, read as strictly as a file; where: what a ConfigError names."""
    try:
        loader = (_QuickLoader if _is_well_formed(text) else _StrictLoader)(text)
        loader.name = where
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            loader.check_aliases(node, {})
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError([f"{where}, line {line}: not valid YAML: {error.problem}."]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"found the character U+{error.character:04X}, which no text holds"
        raise ConfigError([f"{where}, line {line}: not valid YAML: {found}."]) from None
    except RecursionError:
        raise ConfigError([f"{where}: not valid YAML: it has lists too deep in one another."]) from None


def _is_well_formed(text: str) -> bool:
    """Whether libyaml finds nothing wrong with a text, and no more than DEEP levels."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > DEEP:
                return False
    except yaml.YAMLError:
        return False
    return True


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a message: the nearest known word, or all of them where none is near."""
    known = [str(name) for name in known]
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known) or 'none'}."

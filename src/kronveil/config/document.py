"""The YAML file as plain values plus the place of every key and value; the first step of loading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kronveil.config.problems import Problem
from kronveil.config.yaml_text import UnreadableError, compose, read_text

KeyPath = tuple[str | int, ...]


def is_section(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a value of the tree is a section; the reading has refused keys that are not text."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value of the tree is a list."""
    return isinstance(value, list)


def is_converted_list(value: object) -> TypeGuard[tuple[object, ...]]:
    """Whether a value is a list as the conversion leaves it."""
    return isinstance(value, tuple)


# Aliases can make a small file huge ("billion laughs"); no honest configuration has so many values.
MAX_VALUES = 200_000
_YAML_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: a line of the file, or one environment variable."""

    file: str
    key: tuple[int, int] | None = None
    value: tuple[int, int] | None = None

    def __str__(self) -> str:
        return self.file if self.key is None else f"{self.file}:{self.key[0]}"


@dataclass(slots=True)
class Document:
    """A tree of dict, list and scalars, the place of each of its paths, and what was wrong on the way."""

    file: str
    folder: Path
    tree: dict[str, object] = field(default_factory=dict[str, object])
    places: dict[KeyPath, Place] = field(default_factory=dict[KeyPath, Place])
    problems: list[Problem] = field(default_factory=list[Problem])

    def place(self, path: KeyPath) -> Place:
        """Where ``path`` was written, or the nearest thing around it that was."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(self.file, (1, 1), (1, 1)))

    def report(self, path: KeyPath, message: str, suggestion: str | None = None, *, at_key: bool = False) -> None:
        """Note a problem of the value (or the key) at ``path``."""
        place = self.place(path)
        line, column = (place.key if at_key else place.value) or (None, None)
        self.problems.append(Problem(place.file, line, column, dotted(path), message, suggestion))


def dotted(path: KeyPath) -> str:
    """Write a path as people do: ``collectors.kubernetes.clusters[1].name``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_harmless(part)}" for part in path).removeprefix(".")


def _harmless(key: str) -> str:
    """Write a key so that it can neither break the line, command the terminal nor fill the screen."""
    text = key if key.isprintable() else ascii(key)
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_document(path: Path) -> Document:
    """Read the file. Everything that is wrong with it is in ``problems``; what could be read is in ``tree``."""
    document = Document(file=str(path), folder=path.absolute().parent)
    reading = _Reading(document)
    try:
        node = compose(read_text(path))
        if isinstance(node, MappingNode):
            document.tree = reading.mapping(node, (), ())
        elif node is not None and not _is_null(node):
            reading.refuse(node, (), "the file holds no sections.", "Write, say, agent: {name: kronveil}.")
    except UnreadableError as error:
        document.problems.append(Problem(document.file, error.line, error.column, "", error.message, error.suggestion))
    return document


def parse_value(text: str) -> object:
    """Read one value as YAML: ``8081``, ``null``, ``[a, b]``. Raises ValueError."""
    scratch = Document(file="", folder=Path())
    try:
        node = compose(text)
    except UnreadableError as error:
        raise ValueError(error.message) from None
    value = None if node is None else _Reading(scratch).value(node, (), ())
    if scratch.problems:
        raise ValueError(scratch.problems[0].message)
    return value


class _Reading:
    """Turns nodes into plain values and notes the place of each. ``parents`` are the nodes around this one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values = 0

    def value(self, node: Node, path: KeyPath, parents: tuple[int, ...]) -> object:
        self.values += 1
        if self.values > MAX_VALUES:
            raise UnreadableError(f"more than {MAX_VALUES} values; that is not a configuration.")
        if id(node) in parents:
            self.refuse(node, path, "an alias inside the very thing it names.")
        elif not str(node.tag).startswith(_YAML_TAG):
            self.refuse(node, path, "a tag (!) is not supported.", "Put a text that starts with ! in quotes.")
        elif isinstance(node, MappingNode):
            return self.mapping(node, path, parents)
        elif isinstance(node, SequenceNode):
            return self._sequence(node, path, (*parents, id(node)))
        elif isinstance(node, ScalarNode):
            return self._scalar(node, path)
        return None

    def mapping(self, node: MappingNode, path: KeyPath, parents: tuple[int, ...]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, key_node, value_node in self._pairs(node, path, parents):
            at = (*path, key)
            if key in found:
                text = f"written twice, first in line {(self.document.places[at].key or (0,))[0]}."
                self.refuse(key_node, at, text, "Keep one of the two.")
                continue
            self.document.places[at] = Place(self.document.file, _mark(key_node), _mark(value_node))
            found[key] = self.value(value_node, at, (*parents, id(node)))
        return found

    def _pairs(self, node: MappingNode, path: KeyPath, parents: tuple[int, ...]) -> Iterator[tuple[str, Node, Node]]:
        """Give the section's own keys, then those that ``<<`` brings and that it does not have itself."""
        own: list[tuple[str, Node, Node]] = []
        merged: list[tuple[str, Node, Node]] = []
        for key_node, value_node in node.value:
            if str(key_node.tag) == f"{_YAML_TAG}merge":
                merged += self._merged(value_node, path, (*parents, id(node)))
            elif not isinstance(key_node, ScalarNode) or str(key_node.tag) != f"{_YAML_TAG}str":
                self.refuse(key_node, path, "a key that is not text.", "Put the key in quotes.")
            else:
                own.append((key_node.value, key_node, value_node))
        taken = {key for key, _, _ in own}
        yield from own
        for key, key_node, value_node in merged:
            if key not in taken:
                taken.add(key)
                yield key, key_node, value_node

    def _merged(self, node: Node, path: KeyPath, parents: tuple[int, ...]) -> list[tuple[str, Node, Node]]:
        self.values += 1
        if self.values > MAX_VALUES:
            raise UnreadableError(f"more than {MAX_VALUES} values; that is not a configuration.")
        if id(node) not in parents and isinstance(node, SequenceNode):
            return [pair for item in node.value for pair in self._merged(item, path, (*parents, id(node)))]
        if id(node) not in parents and isinstance(node, MappingNode):
            return list(self._pairs(node, path, parents))
        self.refuse(node, path, "<< merges only sections.", "Write <<: *name, where &name is a section.")
        return []

    def _sequence(self, node: SequenceNode, path: KeyPath, parents: tuple[int, ...]) -> list[object]:
        found: list[object] = []
        for index, item in enumerate(node.value):
            at = (*path, index)
            self.document.places[at] = Place(self.document.file, _mark(item), _mark(item))
            found.append(self.value(item, at, parents))
        return found

    def _scalar(self, node: ScalarNode, path: KeyPath) -> object:
        try:
            # The reader marks the folds of a folded text (>) with a bell.
            text = node.value.replace("\a", "") if node.style == ">" else node.value
            return _plain(str(node.tag).removeprefix(_YAML_TAG), text)
        except ValueError:
            self.refuse(node, path, "a number that cannot be read.")
            return None

    def refuse(self, node: Node, path: KeyPath, message: str, suggestion: str | None = None) -> None:
        self.document.problems.append(Problem(self.document.file, *_mark(node), dotted(path), message, suggestion))


def _plain(kind: str, text: str) -> object:
    """Read a scalar of YAML 1.2. What is neither null, true, false nor a number is text, dates among it."""
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text.replace("_", ""), 0 if re.match(r"[-+]?0[xob]", text) else 10)
    if kind == "float":
        return float(re.sub(r"\.(inf|nan)", r"\1", text.replace("_", ""), flags=re.IGNORECASE))
    return text


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and str(node.tag) == f"{_YAML_TAG}null"


def _mark(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1

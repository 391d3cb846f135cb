"""Strict reading of a story's YAML into dataclasses: every problem is told with its file, line and column."""

import difflib
import re
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

T = TypeVar("T")

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


class StoryError(ValueError):
    """A story file cannot be used; the message lists every problem as ``file:line:col what, what would be right``."""


def load_yaml(path: Path, text: str) -> CommentedMap:
    """The file's top mapping, with positions. Raises StoryError."""
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path.name}:{mark.line + 1}:{mark.column + 1}" if mark else path.name
        raise StoryError(f"{where} {error.problem}") from error
    if not isinstance(document, CommentedMap):
        raise StoryError(f"{path.name}:1:1 a story is a mapping with title, world, timeline and expect")
    return document


class Reader:
    """Reads nodes of one file; collects problems in place of stopping at the first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[str] = []

    def problem(self, node: Any, key: Any, what: str) -> None:
        """Note a problem at a key of a mapping or an index of a sequence."""
        line, column = 0, 0
        if isinstance(node, CommentedMap) and key in node.lc.data:
            line, column = node.lc.key(key)
        elif isinstance(node, CommentedSeq) and key in (node.lc.data or {}):
            line, column = node.lc.item(key)
        elif isinstance(node, CommentedMap | CommentedSeq):
            line, column = node.lc.line, node.lc.col
        self.problems.append(f"{self._path.name}:{line + 1}:{column + 1} {what}")

    def finish(self) -> None:
        """Raise StoryError if there were problems."""
        if self.problems:
            raise StoryError("\n".join(self.problems))

    def record(self, node: Any, kind: type[T], readers: dict[str, Callable[[Any, Any], Any]] | None = None) -> T | None:
        """Read a mapping into a dataclass. A field ``at_s`` is the key ``at`` with a duration; None after a problem."""
        if not isinstance(node, CommentedMap):
            self.problem(node, None, f"expected a mapping with {', '.join(map(_key, fields(kind)))}")  # type: ignore[arg-type]
            return None
        hints = get_type_hints(kind)
        known = {_key(item): item for item in fields(kind)}  # type: ignore[arg-type]
        before = len(self.problems)
        for key in node:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
                self.problem(node, key, f"{key}: no such key. {hint}")
        values: dict[str, Any] = {}
        for key, item in known.items():
            if key not in node:
                if item.default is MISSING and item.default_factory is MISSING:
                    self.problem(node, None, f"{key} is missing here")
            elif readers and key in readers:
                values[item.name] = readers[key](node, key)
            else:
                values[item.name] = self.value(node, key, hints[item.name], is_duration=item.name.endswith("_s"))
        return kind(**values) if len(self.problems) == before else None

    def records(self, node: Any, key: Any, kind: type[T]) -> tuple[T, ...]:
        """Read a sequence of mappings."""
        found = [self.record(item, kind) for item in self.sequence(node, key)]
        return tuple(item for item in found if item is not None)

    def sequence(self, node: Any, key: Any) -> list[Any]:
        """The items of a sequence; none, and a problem, when it is not one."""
        value = node[key]
        if isinstance(value, CommentedSeq):
            return list(value)
        self.problem(node, key, f"{key}: expected a list")
        return []

    def value(self, node: Any, key: Any, hint: Any, *, is_duration: bool) -> Any:
        """One plain value of the hinted type."""
        value = node[key]
        if get_origin(hint) in (Union, types.UnionType):
            hint = next(item for item in get_args(hint) if item is not type(None))
        if is_duration:
            return self._duration(node, key, value)
        if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if get_origin(hint) is tuple:
            return tuple(str(item) for item in self.sequence(node, key))
        if hint is str and isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
        if isinstance(hint, type) and type(value) is hint:
            return value
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        self.problem(node, key, f"{key}: {value!r} is not {names.get(hint, 'valid here')}")
        return None

    def _duration(self, node: Any, key: Any, value: Any) -> float:
        found = _DURATION.fullmatch(str(value))
        if not found or not any(found.groups()):
            self.problem(node, key, f'{key}: "{value}" is not a duration. Write 15s, 2m or 1m30s.')
            return 0.0
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds


def _key(item: "Field[Any]") -> str:
    return item.name.removesuffix("_s")

"""Turns the file's scalars into typed values, guided by the shape; the last step before validation."""

import math
from collections.abc import Mapping

from kronveil.config.document import Document, KeyPath, is_list, is_section, parse_value
from kronveil.config.durations import parse_duration, parse_rate
from kronveil.config.places import expand
from kronveil.config.references import BadReferenceError, has_reference, resolve
from kronveil.config.shape import Shape
from kronveil.sdk.secret import Secret

RIGHT: Mapping[str, tuple[str, str]] = {
    "duration": ("a duration", "Write 15s, 2m or 1h30m."),
    "rate": ("a rate", "Write 3/1h for at most three in any hour."),
    "path": ("a path", "Write a path, in quotes if it looks like something else."),
    "text": ("text", "Put it in quotes."),
    "secret": ("text", "Put it in quotes, or write ${env:NAME} or ${file:PATH}."),
    "integer": ("a whole number", "Write digits, without quotes."),
    "number": ("a number", "Write it like 2.5."),
    "flag": ("true or false", "Write true or false."),
    "choice": ("text", ""),
}


def say(value: object) -> str:
    """Name a value in a message: the value itself when it is short and plain, else its kind."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 and value.isprintable() else "this text"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value) if not abs(value) >= 1e15 or math.isinf(value) else "this number"
    if value is None:
        return "nothing"
    return "a section" if isinstance(value, dict) else "a list"


class Conversion:
    """Converts one document; ``failed`` holds the paths that already have their problem."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.environ = environ
        self.failed: set[KeyPath] = set()
        self.references: dict[KeyPath, str] = {}

    def value(self, value: object, shape: Shape, path: KeyPath = ()) -> object:
        """Give the typed value. What does not fit stays as it is: reported here, or for validation to report."""
        if value is None:
            return self._nothing(shape, path)
        if shape.kind == "section":
            return self._section(value, shape, path)
        if shape.kind == "list":
            return self._list(value, shape, path)
        return self._leaf(value, shape, path)

    def _nothing(self, shape: Shape, path: KeyPath) -> object:
        # A key with everything below it commented out means its defaults, not an error.
        if shape.is_optional or shape.kind in ("section", "list"):
            return None if shape.is_optional else {} if shape.kind == "section" else ()
        self._refuse(path, "nothing is written here.", f"Write {_right(shape)[0]}, or leave the line out.")
        return None

    def _section(self, value: object, shape: Shape, path: KeyPath) -> object:
        if not is_section(value):
            return value
        return {
            key: self.value(inner, shape.fields[key].shape, (*path, key)) if key in shape.fields else inner
            for key, inner in value.items()
        }

    def _list(self, value: object, shape: Shape, path: KeyPath) -> object:
        if not is_list(value) or shape.item is None:
            return value
        return tuple(self.value(inner, shape.item, (*path, index)) for index, inner in enumerate(value))

    def _leaf(self, value: object, shape: Shape, path: KeyPath) -> object:
        written = value
        if isinstance(value, str) and has_reference(value):
            try:
                value = self._resolved(value, shape, path)
            except BadReferenceError as error:
                self._refuse(path, error.message, error.suggestion)
                return None
        if isinstance(value, bool) and str(value) in shape.choices:
            # Kubernetes' own statuses are texts, which YAML reads as something else.
            value = str(value)
        try:
            return self._typed(value, shape.kind)
        except (ValueError, TypeError):
            what, right = _right(shape)
            if shape.kind == "secret":
                self._refuse(path, "is empty or not text.", right)
            else:
                self._refuse(path, f"{say(written)} is not {what}.", right)
            return None

    def _resolved(self, text: str, shape: Shape, path: KeyPath) -> object:
        self.references[path] = text
        resolved = resolve(text, self.environ, self.document.folder)
        if shape.kind in ("integer", "number", "flag"):
            try:
                return parse_value(resolved)
            except ValueError:
                return resolved
        return resolved

    def _typed(self, value: object, kind: str) -> object:
        """Raise ValueError or TypeError for a value that is not of this kind."""
        if kind in ("integer", "number", "flag"):
            return _number_or_flag(value, kind)
        if not isinstance(value, str):
            raise TypeError(kind)
        if kind == "duration":
            return parse_duration(value)
        if kind == "rate":
            return parse_rate(value)
        if kind in ("path", "secret") and (not value or "\0" in value):
            raise ValueError(kind)
        if kind == "path":
            return expand(value, self.document.folder, self.environ)
        return Secret(value) if kind == "secret" else value

    def _refuse(self, path: KeyPath, message: str, suggestion: str | None) -> None:
        self.failed.add(path)
        self.document.report(path, message, suggestion or None)


def _number_or_flag(value: object, kind: str) -> object:
    if kind == "flag" and isinstance(value, bool):
        return value
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "number" and isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise TypeError(kind)


def _right(shape: Shape) -> tuple[str, str]:
    if shape.kind == "choice":
        return "one of " + ", ".join(shape.choices), f"Write {' or '.join(shape.choices)}."
    return RIGHT[shape.kind]

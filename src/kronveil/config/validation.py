"""Asks pydantic whether the typed tree is a configuration, and says its answers in the operator's words."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from kronveil.config.convert import Conversion, say
from kronveil.config.document import Document, KeyPath, dotted
from kronveil.config.sections import Sections
from kronveil.config.shape import Shape, shape_of


@cache
def adapter() -> TypeAdapter[Sections]:
    """The validator, built on first use."""
    return TypeAdapter(Sections)


def validate(conversion: Conversion, tree: object) -> Sections | None:
    """Give the typed sections, or None with every reason in the document's problems."""
    try:
        return adapter().validate_python(tree)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _report(conversion, detail)
    return None


def _report(conversion: Conversion, detail: ErrorDetails) -> None:
    path: KeyPath = tuple(detail["loc"])
    if path in conversion.failed:
        return
    document, kind, context = conversion.document, detail["type"], detail.get("ctx", {})
    written = _written(document, path)
    match kind:
        case "unexpected_keyword_argument":
            document.report(path, "no such key.", _suggest_key(path), at_key=True)
        case "missing":
            document.report(path, "is missing.", f"Write {path[-1]}: ... here.")
        case "dataclass_type":
            document.report(path, f"is {_kind_of(written)}, not a section.", "Write its keys below it, indented.")
        case "tuple_type":
            document.report(path, f"is {_kind_of(written)}, not a list.", "Write [a, b], or one line with - for each.")
        case "literal_error":
            choices = _shape_at(path).choices
            text = f"{say(written)} is not one of {', '.join(choices)}."
            document.report(path, text, _suggest(str(written), choices))
        case "greater_than_equal" | "less_than_equal":
            limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            document.report(path, f"{say(written)} is out of bounds.", f"It must be {limit}.")
        case _:
            document.report(path, "does not fit here.")


def _suggest_key(path: KeyPath) -> str:
    """Say what was meant: a key like it here, else the place where a key of this name belongs, else what there is."""
    wrong, known = str(path[-1]), list(_shape_at(path[:-1]).fields)
    if guess := _suggest(wrong, known):
        return guess
    homes = [dotted(home) for home in _homes_of(wrong, shape_of(Sections), ()) if home != path[:-1]]
    if len(homes) == 1:
        return f"It belongs to {homes[0]}."
    return f"Known here: {', '.join(known)}."


def _suggest(wrong: str, known: Iterable[str]) -> str | None:
    close = get_close_matches(wrong.lower().replace("-", "_"), known, n=1)
    return f"Did you mean {close[0]}?" if close else None


def _homes_of(key: str, shape: Shape, path: KeyPath) -> Iterator[KeyPath]:
    if shape.item:
        yield from _homes_of(key, shape.item, (*path, 0))
    for name, member in shape.fields.items():
        if name == key:
            yield path
        yield from _homes_of(key, member.shape, (*path, name))


def _shape_at(path: KeyPath) -> Shape:
    shape = shape_of(Sections)
    for part in path:
        shape = shape.at(part) or shape
    return shape


def _written(document: Document, path: KeyPath) -> Any:
    """What the file says there, with references as written, never what they stand for."""
    value: Any = document.tree
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _kind_of(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, (int, float)) else say(value)

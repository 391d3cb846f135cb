"""The configuration's types as a small tree that loading, checking and documenting walk alike."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from kronveil.config.durations import Rate
from kronveil.sdk.secret import Secret

_LEAVES: Mapping[object, str] = {
    timedelta: "duration",
    Path: "path",
    Secret: "secret",
    Rate: "rate",
    str: "text",
    bool: "flag",
    int: "integer",
    float: "number",
}


class Shape:
    """What may stand at one place. ``is_optional``: nothing (null) may stand there too."""

    __slots__ = ("choices", "fields", "is_optional", "item", "kind")

    def __init__(
        self,
        kind: str,
        *,
        fields: Mapping[str, "Member"] | None = None,
        item: "Shape | None" = None,
        choices: tuple[str, ...] = (),
        is_optional: bool = False,
    ) -> None:
        self.kind = kind
        self.fields = fields or {}
        self.item = item
        self.choices = choices
        self.is_optional = is_optional

    def at(self, part: str | int) -> "Shape | None":
        """Give the shape one step down, or None where no such key can be."""
        if isinstance(part, int) or self.kind == "list":
            return self.item if isinstance(part, int) else None
        member = self.fields.get(part)
        return member.shape if member else None


class Member:
    """One key of a section."""

    __slots__ = ("default", "is_required", "shape")

    def __init__(self, shape: Shape, field: Field[Any]) -> None:
        self.shape = shape
        self.is_required = field.default is MISSING and field.default_factory is MISSING
        self.default = field.default if field.default_factory is MISSING else field.default_factory()


@cache
def shape_of(annotation: Any) -> Shape:
    """Read a type annotation. Raises TypeError for one that a configuration cannot hold."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0])
    if origin in (Union, types.UnionType):
        inner = shape_of(next(one for one in arguments if one is not type(None)))
        return Shape(inner.kind, fields=inner.fields, item=inner.item, choices=inner.choices, is_optional=True)
    if origin is Literal:
        return Shape("choice", choices=arguments)
    if origin is tuple:
        return Shape("list", item=shape_of(arguments[0]))
    if annotation in _LEAVES:
        return Shape(_LEAVES[annotation])
    if is_dataclass(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        return Shape("section", fields={f.name: Member(shape_of(hints[f.name]), f) for f in fields(annotation)})
    raise TypeError(f"a configuration cannot hold {annotation!r}")

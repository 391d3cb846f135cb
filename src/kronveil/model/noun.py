"""How a noun is made that is made for every event: frozen for who checks types, without the cost of it at runtime."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def noun(cls: type[T]) -> type[T]:
    """A value that never changes: mypy and pyright refuse whoever would change one.

    ``@dataclass(frozen=True)`` refuses it once more while the agent runs, by a call for each field of each value: an
    incident then costs four times as much to make (docs/adr/0003-nouns-frozen-by-type.md).
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)

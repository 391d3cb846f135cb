"""What makes a class a shape of the wire: msgspec writes it, pydantic describes it."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

from pydantic import ConfigDict

T = TypeVar("T")


@dataclass_transform()
def shape(kind: type[T]) -> type[T]:
    """A plain dataclass with slots, described once somebody asks for the schema.

    Each route names its answer and its refusals: describing them all is an eighth of what a start costs.
    """
    made = dataclass(slots=True)(kind)
    made.__pydantic_config__ = ConfigDict(defer_build=True)  # type: ignore[attr-defined]  # pydantic looks for it there
    return made

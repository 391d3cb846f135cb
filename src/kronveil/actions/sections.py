"""Parts of JSON objects that may be absent: an empty one then, of the type that was to be there."""

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeGuard

Json: TypeAlias = dict[str, Any]


def is_object(value: object) -> TypeGuard[Json]:
    """Whether a JSON value is an object; its keys are text, because JSON has no others."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is a list."""
    return isinstance(value, list)


def section(obj: Mapping[str, Any], name: str) -> Json:
    """The object under a name, empty where there is none."""
    found = obj.get(name)
    return found if is_object(found) else {}


def items(obj: Mapping[str, Any], name: str) -> list[Json]:
    """The objects of the list under a name, none where there is no list."""
    found = obj.get(name)
    return [each for each in found if is_object(each)] if is_list(found) else []


def texts(obj: Mapping[str, Any], name: str) -> list[str]:
    """The list of texts under a name, none where there is no list."""
    found = obj.get(name)
    return [str(each) for each in found] if is_list(found) else []

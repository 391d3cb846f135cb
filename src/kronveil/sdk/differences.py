"""The fields in which two objects differ, by the paths that people write: ``spec.containers[api].image``."""

import json
from collections.abc import Mapping
from typing import TypeGuard, cast

from kronveil.model.execution import FieldDiff

_ABSENT = object()
_NAMES = ("name", "containerPort", "mountPath", "key", "ip", "type")
"""What identifies an item of a list of objects, the first that all of them have and that differs for each."""


def differences(before: object, after: object, path: str = "") -> list[FieldDiff]:
    """Every leaf that was added, removed or changed, in the order of the paths."""
    if _is_object(before) and _is_object(after):
        names = sorted({*before, *after}, key=str)
        found = [
            differences(before.get(name, _ABSENT), after.get(name, _ABSENT), f"{path}.{name}" if path else str(name))
            for name in names
        ]
        return [diff for part in found for diff in part]
    name = _name_of(before, after)
    if name is not None:
        return differences_of_named(_named(before, name), _named(after, name), path)
    if before == after and type(before) is type(after):
        return []
    return [FieldDiff(path, _text(before), _text(after))]


def value_at(obj: object, path: str) -> str | None:
    """The value at a path that ``differences`` gave, as JSON text; None where there is none."""
    found = _at(obj, path)
    return None if found is _ABSENT else _text(found)


def _at(obj: object, path: str) -> object:
    if not path:
        return obj
    if _is_object(obj):
        # A key may hold dots, as those of annotations do: the path alone does not say where it ends.
        for key in sorted(obj, key=len, reverse=True):
            rest = path[len(key) :]
            if path.startswith(key) and rest[:1] in ("", ".", "["):
                found = _at(obj[key], rest.removeprefix("."))
                if found is not _ABSENT:
                    return found
        return _ABSENT
    items, (wanted, closing, rest) = _objects(obj), path.removeprefix("[").partition("]")
    if not items or not closing:
        return _ABSENT
    for name in _NAMES:
        for item in items:
            if str(item.get(name, "")) == wanted:
                return _at(item, rest.removeprefix("."))
    return _ABSENT


def put(obj: object, path: str, text: str | None) -> bool:
    """Set the value at a path that ``differences`` gave, or take it away for None, in place. Whether that went."""
    value = _ABSENT if text is None else json.loads(text)
    if isinstance(obj, dict):
        return _put_in_object(cast("dict[str, object]", obj), path, text, value)
    if not _is_list(obj):
        return False
    wanted, closing, rest = path.removeprefix("[").partition("]")
    for index, item in enumerate(obj):
        if closing and _is_object(item) and any(str(item.get(name, "")) == wanted for name in _NAMES):
            if rest:
                return put(item, rest.removeprefix("."), text)
            obj[index : index + 1] = [] if value is _ABSENT else [value]
            return True
    if closing and not rest and value is not _ABSENT:
        obj.append(value)
    return bool(closing) and not rest


def _put_in_object(obj: dict[str, object], path: str, text: str | None, value: object) -> bool:
    for key in sorted(obj, key=len, reverse=True):
        rest = path[len(key) :]
        if not path.startswith(key) or rest[:1] not in ("", ".", "["):
            continue
        if rest and put(obj[key], rest.removeprefix("."), text):
            return True
        if not rest:
            if value is _ABSENT:
                del obj[key]
            else:
                obj[key] = value
            return True
    if "[" in path:
        return False
    if value is not _ABSENT:
        obj[path] = value
    return True


def differences_of_named(before: Mapping[str, object], after: Mapping[str, object], path: str) -> list[FieldDiff]:
    """The same for two lists of objects with names."""
    found = [
        differences(before.get(name, _ABSENT), after.get(name, _ABSENT), f"{path}[{name}]")
        for name in dict.fromkeys((*before, *after))
    ]
    return [diff for part in found for diff in part]


def _name_of(before: object, after: object) -> str | None:
    lists = [_objects(before), _objects(after)]
    for name in _NAMES:
        keys = [None if each is None else [str(item[name]) for item in each if name in item] for each in lists]
        if all(
            found is not None and each is not None and len(set(found)) == len(found) == len(each)
            for found, each in zip(keys, lists, strict=True)
        ):
            return name
    return None


def _objects(value: object) -> list[Mapping[str, object]] | None:
    """A list of objects, None for anything else."""
    if not _is_list(value):
        return None
    found = [each for each in value if _is_object(each)]
    return found if len(found) == len(value) else None


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _named(items: object, name: str) -> Mapping[str, object]:
    return {str(item[name]): item for item in _objects(items) or ()}


def _text(value: object) -> str | None:
    return None if value is _ABSENT else json.dumps(value, sort_keys=True, ensure_ascii=False)

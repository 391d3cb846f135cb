"""The ways to patch an object: merge, strategic merge (lists merged by their key), and JSON patch."""

from typing import Any

from kronveil.lab.kinds import JsonObject, is_list, is_object
from kronveil.lab.world import copy_json

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "tolerations": "key",
    "conditions": "type",
    "containerStatuses": "name",
    "ownerReferences": "uid",
    "taints": "key",
    "addresses": "type",
}
"""How lists of the served kinds are keyed; every other list is replaced whole."""


class PatchError(ValueError):
    """The patch does not fit the object."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: null deletes, objects merge, everything else replaces."""
    if not is_object(patch):
        return patch
    merged = dict(target) if is_object(target) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def strategic_merge(target: Any, patch: Any, name: str = "") -> Any:
    """Kubernetes' merge: like ``merge``, but keyed lists are merged item by item, and directives are followed."""
    if is_list(patch):
        key = _MERGE_KEYS.get(name)
        return _merge_list(target or [], patch, key) if key else patch
    if not is_object(patch):
        return patch
    if patch.get("$patch") == "replace":
        return {field: value for field, value in patch.items() if field != "$patch"}
    merged = dict(target) if is_object(target) else {}
    for field, value in patch.items():
        if field.startswith(("$setElementOrder/", "$retainKeys", "$deleteFromPrimitiveList/")):
            continue
        if value is None:
            merged.pop(field, None)
        else:
            merged[field] = strategic_merge(merged.get(field), value, field)
    return merged


def _merge_list(target: list[Any], patch: list[Any], key: str) -> list[Any]:
    if any(item.get("$patch") == "replace" for item in patch if len(item) == 1):
        return [item for item in patch if "$patch" not in item]
    merged = list(target)
    for item in patch:
        place = next((index for index, old in enumerate(merged) if old.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del merged[place]
        elif place is None:
            merged.append(strategic_merge({}, item))
        else:
            merged[place] = strategic_merge(merged[place], item)
    return merged


def json_patch(target: JsonObject, operations: list[JsonObject]) -> JsonObject:
    """RFC 6902, on a copy. Raises PatchError when an operation does not fit or a test fails."""
    document: Any = {"": copy_json(target)}
    for operation in operations:
        try:
            _apply(document, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise PatchError(
                f"the patch operation {operation.get('op')} {operation.get('path')} failed: {error}"
            ) from error
    result: JsonObject = document[""]
    return result


def _apply(document: Any, operation: JsonObject) -> None:
    name = operation["op"]
    if name in ("move", "copy"):
        value = _read(document, operation["from"])
        if name == "move":
            _remove(document, operation["from"])
        _add(document, operation["path"], value)
    elif name == "add":
        _add(document, operation["path"], operation["value"])
    elif name == "remove":
        _remove(document, operation["path"])
    elif name == "replace":
        _read(document, operation["path"])
        _remove(document, operation["path"])
        _add(document, operation["path"], operation["value"])
    elif name == "test":
        if _read(document, operation["path"]) != operation["value"]:
            raise ValueError("test failed")
    else:
        raise ValueError(f"unknown operation {name}")


def _parent(document: Any, path: str) -> tuple[Any, str]:
    *parents, last = [""] + [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    place = document
    for part in parents:
        place = place[int(part)] if is_list(place) else place[part]
    return place, last


def _read(document: Any, path: str) -> Any:
    place, last = _parent(document, path)
    return place[int(last)] if is_list(place) else place[last]


def _add(document: Any, path: str, value: Any) -> None:
    place, last = _parent(document, path)
    if is_list(place):
        place.insert(len(place) if last == "-" else int(last), value)
    else:
        place[last] = value


def _remove(document: Any, path: str) -> None:
    place, last = _parent(document, path)
    del place[int(last) if is_list(place) else last]

"""Who wrote what: the ``metadata.managedFields`` that an API server keeps with each write."""

from datetime import datetime

from kronveil.lab.kinds import JsonObject, is_list, is_object
from kronveil.lab.times import stamp

_UNOWNED = ("kind", "apiVersion", "status")
_UNOWNED_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def note_writer(  # noqa: PLR0913 - the entry's own fields
    obj: JsonObject,
    before: JsonObject | None,
    *,
    manager: str,
    now: datetime,
    operation: str = "Update",
    subresource: str = "",
) -> None:
    """Write into ``obj`` that ``manager`` changed it from ``before`` to what it is; a write of nothing leaves no trace.

    Fields are owned as deep as objects go; of lists only those of named items (containers, variables) go deeper.
    """
    fields = _changed(_owned(before, subresource), _owned(obj, subresource))
    if not fields:
        return
    entry: JsonObject = {
        "manager": manager,
        "operation": operation,
        "apiVersion": obj.get("apiVersion", "v1"),
        "time": stamp(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    if subresource:
        entry["subresource"] = subresource
    same = (manager, operation, subresource)
    kept: list[JsonObject] = []
    for item in obj["metadata"].get("managedFields") or ():
        if (item["manager"], item["operation"], item.get("subresource", "")) == same:
            entry["fieldsV1"] = _united(item["fieldsV1"], fields)
        else:
            kept.append(item)
    obj["metadata"]["managedFields"] = [*kept, entry]


def _owned(obj: JsonObject | None, subresource: str) -> JsonObject:
    if obj is None:
        return {}
    if subresource == "status":
        return {"status": obj.get("status")}
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _UNOWNED_METADATA}
    return {name: value for name, value in obj.items() if name not in _UNOWNED} | {"metadata": metadata}


def _changed(before: object, after: object) -> JsonObject:
    """The paths of ``after`` that are not so in ``before``, in the form of FieldsV1."""
    old, new = _parts(before), _parts(after)
    fields: JsonObject = {}
    for name, value in new.items():
        if name not in old or old[name] != value:
            deeper = _changed(old.get(name), value)
            # What only lost parts below was changed too; a value of no parts is its own leaf.
            fields[name] = deeper
    for name in old:
        if name not in new:
            fields.setdefault(name, {})
    return fields


def _parts(value: object) -> dict[str, object]:
    if is_object(value):
        return {f"f:{name}": item for name, item in value.items()}
    if is_list(value) and value and all(is_object(item) and "name" in item for item in value):
        return {f'k:{{"name":"{item["name"]}"}}': item for item in value}
    return {}


def _united(one: JsonObject, other: JsonObject) -> JsonObject:
    return one | {name: _united(one.get(name) or {}, deeper) for name, deeper in other.items()}

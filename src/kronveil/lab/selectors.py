"""Label and field selectors, as the Kubernetes API reads them."""

import re
from collections.abc import Callable

from kronveil.lab.kinds import JsonObject, Kind, is_object

Test = Callable[[JsonObject], bool]

_SET_TERM = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
_SPLIT = re.compile(r",(?![^(]*\))")

_FIELDS = {
    "": ("metadata.name", "metadata.namespace"),
    "pods": ("spec.nodeName", "status.phase", "spec.restartPolicy", "spec.schedulerName", "status.podIP"),
    "nodes": ("spec.unschedulable",),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("status.phase",),
}


class SelectorError(ValueError):
    """The selector cannot be read, or names a field this kind does not offer."""


def label_test(selector: str) -> Test | None:
    """What a label selector asks of an object; None when it asks nothing."""
    tests = [_label_term(term) for term in _SPLIT.split(selector) if term.strip()]
    if not tests:
        return None
    return lambda obj: all(test(obj["metadata"].get("labels") or {}) for test in tests)


def _label_term(term: str) -> Callable[[dict[str, str]], bool]:
    found = _SET_TERM.match(term)
    if found:
        name, verb, words = found.groups()
        values = {word.strip() for word in words.split(",")}
        if verb == "in":
            return lambda labels: labels.get(name) in values
        return lambda labels: labels.get(name) not in values
    name, sign, value = _split_term(term)
    if not sign:
        if name.startswith("!"):
            return lambda labels: name[1:].strip() not in labels
        return lambda labels: name in labels
    if sign == "!=":
        return lambda labels: labels.get(name) != value
    return lambda labels: labels.get(name) == value


def field_test(selector: str, kind: Kind) -> Test | None:
    """What a field selector asks of an object; None when it asks nothing. Raises SelectorError on unknown fields."""
    tests = [_field_term(term, kind) for term in selector.split(",") if term.strip()]
    return (lambda obj: all(test(obj) for test in tests)) if tests else None


def _field_term(term: str, kind: Kind) -> Test:
    name, sign, value = _split_term(term)
    if not sign:
        raise SelectorError(f"invalid selector: {term!r}; write field=value or field!=value")
    if name not in _FIELDS[""] + _FIELDS.get(kind.plural, ()):
        raise SelectorError(f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"')
    path = name.split(".")
    if name == "source":
        path = ["source", "component"]
    return lambda obj: (_at(obj, path) == value) == (sign == "=")


def _at(obj: JsonObject, path: list[str]) -> str:
    value: object = obj
    for part in path:
        value = value.get(part) if is_object(value) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _split_term(term: str) -> tuple[str, str, str]:
    for sign in ("!=", "==", "="):
        name, found, value = term.partition(sign)
        if found:
            return name.strip(), "!=" if sign == "!=" else "=", value.strip()
    return term.strip(), "", ""

"""Who else writes an object: the tool that owns it from a repository, and who manages the fields that would change."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kronveil.actions.sections import items, section
from kronveil.model.execution import Check, FieldDiff

MANAGER = "kronveil"
_MARKS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
}
_MANAGERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "helm": "Helm",
}
_SETS_BACK = {
    "Argo CD": "and sets back what differs from its repository, at once where it heals itself",
    "Flux": "and sets back what differs from its repository at its next round",
    "Helm": "and its next upgrade sets this back",
}
_PART = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def owners_of(metadata: Mapping[str, Any]) -> list[str]:
    """The tools that keep an object like their source, the nearest to the repository first."""
    marks = {**section(metadata, "labels"), **section(metadata, "annotations")}
    by_mark = [owner for mark, owner in _MARKS.items() if mark in marks]
    by_manager = [_MANAGERS[name] for name in _names(metadata) if name in _MANAGERS]
    return list(dict.fromkeys([*by_mark, *by_manager]))


def owner_checks(metadata: Mapping[str, Any]) -> list[Check]:
    """A warning for each owner, with the way that lasts."""
    named = _source(metadata)
    return [
        Check(
            "owner",
            "warned",
            f"{owner} owns it{named if owner != 'Helm' else ''} {_SETS_BACK[owner]}: "
            "change it at its source, by a pull request (open_pull_request)",
        )
        for owner in owners_of(metadata)
    ]


def conflict_checks(metadata: Mapping[str, Any], diffs: Iterable[FieldDiff]) -> list[Check]:
    """A warning for each other writer whose fields would be taken over; controllers' own status is not looked at."""
    found: dict[str, list[str]] = {}
    for entry in items(metadata, "managedFields"):
        name = str(entry.get("manager", ""))
        if name == MANAGER or entry.get("subresource"):
            continue
        for diff in diffs:
            if _manages(section(entry, "fieldsV1"), diff.path):
                found.setdefault(name, []).append(diff.path)
    return [
        Check("field manager", "warned", f"{name} wrote {', '.join(dict.fromkeys(paths))}: it may write it again")
        for name, paths in found.items()
    ]


def _source(metadata: Mapping[str, Any]) -> str:
    marks = {**section(metadata, "labels"), **section(metadata, "annotations")}
    tracked = marks.get("argocd.argoproj.io/tracking-id", "")
    name = str(tracked).partition(":")[0] or marks.get("argocd.argoproj.io/instance")
    name = name or marks.get("kustomize.toolkit.fluxcd.io/name") or marks.get("helm.toolkit.fluxcd.io/name")
    return f" ({str(name)[:100]})" if name else ""


def _names(metadata: Mapping[str, Any]) -> list[str]:
    return [str(entry.get("manager", "")) for entry in items(metadata, "managedFields")]


def _manages(fields: Mapping[str, Any], path: str) -> bool:
    """Whether a tree of managed fields holds this path, or a leaf on the way to it."""
    place: Any = fields
    for keyed, plain in _PART.findall(path):
        step = _step(place, keyed, plain)
        if step is None:
            return False
        place = place[step]
        if not place:
            return True
    return True


def _step(place: Mapping[str, Any], keyed: str, plain: str) -> str | None:
    if plain:
        return f"f:{plain}" if f"f:{plain}" in place else None
    if f"f:{keyed}" in place:
        return f"f:{keyed}"
    for name in place:
        if name.startswith("k:") and keyed in map(str, json.loads(name[2:]).values()):
            return str(name)
    return None

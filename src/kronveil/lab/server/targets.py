"""What a request is about: the kind, namespace, name and subresource that its path names."""

from dataclasses import dataclass

from kronveil.lab.kinds import KIND_BY_PATH, Kind


@dataclass(frozen=True, slots=True)
class Target:
    """An object, or (without a name) all objects of a kind, of one namespace or of all."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse_target(path: str) -> Target | None:
    """Read a resource path; None when it is not one of a served kind."""
    parts = path.strip("/").split("/")
    if parts[:2] == ["api", "v1"]:
        group, rest = "", parts[2:]
    elif parts[:1] == ["apis"] and parts[2:3] == ["v1"]:
        group, rest = parts[1], parts[3:]
    else:
        return None
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and (group, rest[2]) in KIND_BY_PATH:
        namespace, rest = rest[1], rest[2:]
    kind = KIND_BY_PATH.get((group, rest[0])) if rest else None
    if kind is None or len(rest) > 3 or "" in rest or bool(namespace) > kind.namespaced:
        return None
    if kind.namespaced and not namespace and len(rest) > 1:
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    return Target(kind, namespace, name, subresource)

"""What a request is about: the kind, namespace, name and subresource that its path names."""

from dataclasses import dataclass

from kronveil.lab.kinds import EVENT, NEW_EVENT, Kind, KindBook


@dataclass(frozen=True, slots=True)
class Target:
    """An object, or (without a name) all objects of a kind, of one namespace or of all."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    is_new_event: bool = False
    """Whether events are asked for in the form of events.k8s.io."""

    @property
    def group(self) -> str:
        """The group that was asked; the core group has no name."""
        return NEW_EVENT.group if self.is_new_event else self.kind.group


def parse_target(path: str, kinds: KindBook) -> Target | None:
    """Read a resource path; None when it is not one of a served kind."""
    parts = path.strip("/").split("/")
    if parts[:1] == ["api"] and len(parts) > 2:
        (group, version), rest = ("", parts[1]), parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        (group, version), rest = (parts[1], parts[2]), parts[3:]
    else:
        return None
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and kinds.at(group, version, rest[2]):
        namespace, rest = rest[1], rest[2:]
    kind = kinds.at(group, version, rest[0])
    if kind is None or len(rest) > 3 or "" in rest or bool(namespace) > kind.namespaced:
        return None
    if kind.namespaced and not namespace and len(rest) > 1:
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if kind is NEW_EVENT:
        return Target(EVENT, namespace, name, subresource, is_new_event=True)
    return Target(kind, namespace, name, subresource)

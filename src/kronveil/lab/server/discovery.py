"""Discovery: what tells kubectl which groups, versions and kinds there are."""

from kronveil.lab.kinds import JsonObject, Kind, KindBook

_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_IN_ALL = (
    "pods",
    "services",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "horizontalpodautoscalers",
)
_SUBRESOURCES: dict[str, tuple[str, list[str], JsonObject]] = {
    "status": ("", ["get", "patch", "update"], {}),
    "scale": ("Scale", ["get", "patch", "update"], {"group": "autoscaling", "version": "v1"}),
    "eviction": ("Eviction", ["create"], {"group": "policy", "version": "v1"}),
    "log": ("", ["get"], {}),
}


def discover(path: str, kinds: KindBook, *, version: str, address: str) -> JsonObject | None:
    """The discovery document at a path, if there is one."""
    if path == "/api":
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    groups = kinds.versions()
    if path == "/apis":
        named = [_group(name, groups) for name in dict.fromkeys(name for name, _ in groups if name)]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": named}
    if path == "/version":
        return _version(version)
    for group, served in groups:
        if group and path == f"/apis/{group}":
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, groups)}
        if path == (f"/apis/{group}/{served}" if group else "/api/v1"):
            return _resources(group, served, kinds)
    return None


def _version(version: str) -> JsonObject:
    major, minor, _ = version.removeprefix("v").split(".", 2)
    return {
        "major": major,
        "minor": minor,
        "gitVersion": version,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-10-14T00:00:00Z",
        "goVersion": "go1.26.2",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _group(name: str, groups: list[tuple[str, str]]) -> JsonObject:
    versions = [{"groupVersion": f"{name}/{served}", "version": served} for group, served in groups if group == name]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _resources(group: str, served: str, kinds: KindBook) -> JsonObject:
    mine = [kind for kind in kinds if (kind.group, kind.version) == (group, served)]
    resources = [entry for kind in mine for entry in _entries(kind)]
    version = f"{group}/{served}" if group else served
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _entries(kind: Kind) -> list[JsonObject]:
    own: JsonObject = {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _VERBS,
        "shortNames": list(kind.short_names),
    }
    if kind.plural in _IN_ALL:
        own["categories"] = ["all"]
    entries = [own]
    for name in kind.subresources:
        other, verbs, served = _SUBRESOURCES[name]
        entry = {
            "name": f"{kind.plural}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": other or kind.name,
            "verbs": verbs,
        }
        entries.append(entry | served)
    return entries

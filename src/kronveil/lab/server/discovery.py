"""Discovery: what tells kubectl which groups, versions and kinds there are."""

from kronveil.lab.kinds import GROUPS, KINDS, JsonObject, Kind

_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_SUBRESOURCES: dict[str, tuple[str, list[str], JsonObject]] = {
    "status": ("", ["get", "patch", "update"], {}),
    "scale": ("Scale", ["get", "patch", "update"], {"group": "autoscaling", "version": "v1"}),
    "eviction": ("Eviction", ["create"], {"group": "policy", "version": "v1"}),
    "log": ("", ["get"], {}),
}


def discover(path: str, *, version: str, address: str) -> JsonObject | None:
    """The discovery document at a path, if there is one."""
    if path == "/api":
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in GROUPS if name]}
    if path == "/version":
        return _version(version)
    for group in GROUPS:
        if group and path == f"/apis/{group}":
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group)}
        if path == (f"/apis/{group}/v1" if group else "/api/v1"):
            return _resources(group)
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


def _group(name: str) -> JsonObject:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _resources(group: str) -> JsonObject:
    resources = [entry for kind in KINDS if kind.group == group for entry in _entries(kind)]
    version = f"{group}/v1" if group else "v1"
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
    if kind.plural in ("pods", "deployments", "replicasets", "services"):
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

"""The kubeconfig of a lab."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from kronveil.lab.kinds import JsonObject
from kronveil.lab.server.tls import Authority

if TYPE_CHECKING:
    from kronveil.lab.lab import LabCluster


def kubeconfig(
    path: Path,
    clusters: "dict[str, LabCluster]",
    authority: Authority | None,
    *,
    credentials: str,
    contexts: dict[str, str],
) -> None:
    """Write a kubeconfig; see ``Lab.write_kubeconfig``."""
    config: JsonObject = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts.get(next(iter(clusters)), next(iter(clusters))),
        "clusters": [{"name": name, "cluster": _cluster(item, authority)} for name, item in clusters.items()],
        "contexts": [
            {"name": contexts.get(name, name), "context": {"cluster": name, "user": name}} for name in clusters
        ],
        "users": [{"name": name, "user": _user(path, item, authority, credentials)} for name, item in clusters.items()],
    }
    _write_private(path, b"")
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(config, file)


def _cluster(cluster: "LabCluster", authority: Authority | None) -> JsonObject:
    if authority is None:
        return {"server": cluster.url}
    return {"server": cluster.url, "certificate-authority-data": _base64(authority.certificate)}


def _user(path: Path, cluster: "LabCluster", authority: Authority | None, credentials: str) -> JsonObject:
    if credentials == "token":
        return {"token": cluster.token}
    if credentials == "token-file":
        file = path.with_name(f"{path.name}.{cluster.name}.token")
        _write_private(file, cluster.token.encode())
        return {"tokenFile": str(file)}
    if credentials == "certificate" and authority is not None:
        pair = authority.client(cluster.api.access.user)
        return {"client-certificate-data": _base64(pair.certificate), "client-key-data": _base64(pair.key)}
    raise ValueError(f"credentials {credentials!r}: write token, token-file, or (with tls=True) certificate")


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()

"""Kubeconfig files for tests, with each way in that the collector must understand: token, token file, certificate."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Access:
    """One context: a server and the credentials for it."""

    context: str
    server: str
    ca: Path
    credentials: dict[str, Any] = field(default_factory=dict, repr=False)

    def with_token(self, token: str) -> Self:
        return replace(self, credentials={"token": token})

    def with_token_file(self, path: Path) -> Self:
        return replace(self, credentials={"tokenFile": str(path)})

    def with_certificate(self, certificate: Path, key: Path) -> Self:
        return replace(self, credentials={"client-certificate": str(certificate), "client-key": str(key)})


def write_kubeconfig(path: Path, accesses: Sequence[Access]) -> Path:
    """Write one file with a context for each access; the first is the current one."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": accesses[0].context,
        "clusters": [
            {"name": a.context, "cluster": {"server": a.server, "certificate-authority": str(a.ca)}} for a in accesses
        ],
        "users": [{"name": f"{a.context}-user", "user": a.credentials} for a in accesses],
        "contexts": [
            {"name": a.context, "context": {"cluster": a.context, "user": f"{a.context}-user"}} for a in accesses
        ],
    }
    path.touch(mode=0o600)
    with path.open("w") as file:
        YAML().dump(content, file)
    return path

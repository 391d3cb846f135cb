"""What actions may reach beside the clusters, as the operator allowed it. Empty: nothing."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kronveil.sdk.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedScript:
    """A program that runbooks may run under ``name``: its path and the SHA-256 of what is in it."""

    name: str
    path: Path
    sha256: str
    user: str | None = None
    timeout: timedelta = timedelta(seconds=30)
    memory_mib: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedHost:
    """A host that runbooks may send requests to. ``methods`` bounds what: reading only, unless more is written."""

    host: str
    methods: tuple[str, ...] = ("GET", "HEAD")
    token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedRepositories:
    """Repositories (``owner/name``) in which pull requests may be opened."""

    token: Secret
    repositories: tuple[str, ...] = ()
    api_url: str = "https://api.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything beside the clusters that actions may reach."""

    hosts: tuple[AllowedHost, ...] = ()
    scripts: tuple[AllowedScript, ...] = ()
    github: AllowedRepositories | None = None

"""Which names a browser may use for us, and which pages may call: what keeps a foreign page out of a local agent."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@lru_cache(1024)
def name_and_port(authority: str) -> tuple[str, int | None]:
    """The parts of a Host header; an unreadable one gives an empty name, which is never allowed."""
    try:
        parts = urlsplit(f"//{authority}")
        port = parts.port
    except ValueError:
        return "", None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return "", None
    return (parts.hostname or "").rstrip("."), port


class Doorplate:
    """The names this agent answers to. A name rebound to 127.0.0.1 by a foreign page is not among them."""

    def __init__(self, *, is_loopback: bool, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._is_loopback = is_loopback
        self._hosts = frozenset(name_and_port(host) for host in hosts)
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    def why_not_host(self, host: str | None) -> str | None:
        """Why this Host header is refused; None when it is not. Off loopback tokens guard, and any name will do."""
        name, port = name_and_port(host or "")
        if not self._is_loopback or name in LOOPBACK_NAMES:
            return None
        if (name, port) in self._hosts or (name, None) in self._hosts:
            return None
        return (
            f"The agent listens on loopback and does not answer to the name {host!r}. "
            "Use localhost or 127.0.0.1, or add the name to api.allowed_hosts."
        )

    def why_not_origin(self, origin: str | None, host: str | None) -> str | None:
        """Why a page of this origin is refused; None when it may call or no page is calling."""
        if origin is None or origin.rstrip("/").lower() in self._origins:
            return None
        scheme, _, authority = origin.lower().partition("://")
        if scheme in {"http", "https"}:
            name, _ = name_and_port(authority)
            if authority == (host or "").lower() or (self._is_loopback and name in LOOPBACK_NAMES):
                return None
        return f"Pages of {origin!r} may not call this agent. Add that origin to api.allowed_origins if they should."

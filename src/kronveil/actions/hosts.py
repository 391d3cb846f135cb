"""Which hosts may be asked: those that the operator wrote down, and only in the ways that were written beside them."""

from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from kronveil.sdk.errors import Permanent
from kronveil.sdk.outside import AllowedHost, Outside

PORTS = {"http": 80, "https": 443}


def allowed(outside: Outside, host: str, port: int) -> AllowedHost:
    """The entry for a host. Raises Permanent for one that is not written down."""
    for entry in outside.hosts:
        name, _, written = entry.host.rpartition(":") if entry.host.rpartition(":")[2].isdecimal() else ("", "", "")
        pattern, ports = (name, (int(written),)) if name else (entry.host, tuple(PORTS.values()))
        if fnmatchcase(host.lower(), pattern.lower()) and port in ports:
            return entry
    raise Permanent(f"{host}:{port} is not among the hosts that may be asked (runbooks.hosts)")


def parsed(url: object, what: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address. Raises Permanent for what is none, or holds credentials."""
    if not isinstance(url, str):
        raise Permanent(f"{what} must be an address that begins with https:// or http://")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Permanent(f"{what} is no address") from None
    if parts.scheme not in PORTS or not host or any(ord(each) <= 32 for each in url):
        raise Permanent(f"{what} must be an address that begins with https:// or http://")
    if parts.username is not None:
        raise Permanent(f"{what} holds credentials: write them as runbooks.hosts[].token")
    return parts.scheme, host, port or PORTS[parts.scheme]

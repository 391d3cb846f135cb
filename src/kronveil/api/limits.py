"""How much one client may ask: a bucket for each real address, also behind proxies that are trusted."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from kronveil.sdk.errors import ConfigError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

A_SECOND, AT_ONCE = 50.0, 200.0
# A wrong token costs as much as many requests: nobody tries thousands of them.
WRONG_TOKEN = 20.0
_MOST_CLIENTS = 10_000


class Proxies:
    """Whom we believe when they say for whom they ask. Raises ConfigError for what is no address."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._trusted = tuple(_network(each) for each in trusted)

    def client_of(self, peer: str, forwarded: str | None) -> str:
        """The real client: the last address in ``X-Forwarded-For`` that is not a trusted proxy's own.

        Whoever is not trusted speaks for himself, whatever he sends.
        """
        if not forwarded or not self._trusted:
            return peer
        client = peer
        for named in reversed(forwarded.split(",")):
            if not self._is_trusted(client):
                break
            address = _address(named.strip())
            if address is None:
                break
            client = str(address)
        return client

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Limits:
    """One bucket for each client; those that ask least lately are forgotten first. Loopback is left alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, client: str, cost: float = 1.0) -> float | None:
        """None when the client may go on, else after how many seconds it may."""
        if is_local(client):
            return None
        now = self._clock()
        bucket = self._bucket(client, now)
        bucket.left = min(AT_ONCE, bucket.left + (now - bucket.at) * A_SECOND)
        bucket.at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / A_SECOND
        # What costs more than is left is let pass once, and paid for by waiting.
        bucket.left -= cost
        return None

    def charge(self, client: str, cost: float) -> None:
        """Take more, for what turned out to be worse than a request."""
        bucket = self._buckets.get(client)
        if bucket is not None:
            bucket.left -= cost

    def _bucket(self, client: str, now: float) -> _Bucket:
        bucket = self._buckets.get(client)
        if bucket is None:
            while len(self._buckets) >= _MOST_CLIENTS:
                self._buckets.popitem(last=False)
            bucket = self._buckets[client] = _Bucket(AT_ONCE, now)
        self._buckets.move_to_end(client)
        return bucket


@lru_cache(1024)
def is_local(client: str) -> bool:
    """Whether it is this very machine; a client without an address came over a socket of ours."""
    address = _address(client)
    return address.is_loopback if address is not None else not client


@lru_cache(1024)
def _address(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, in brackets, or an IPv4 one in IPv6's clothes."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(
            f"api.trusted_proxies: {text!r} is no address. Write one like 10.0.0.7, or a network like 10.0.0.0/24."
        ) from None

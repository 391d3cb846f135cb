"""Writes that are done once for each ``Idempotency-Key``: the same request again gets the first one's answer.

Acts on incidents remember theirs in the store, with what they did. These are remembered while the agent runs, for
ten minutes: long enough for a client that saw no answer.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from fastapi import Response

from kronveil.agent.desk import KeyReused

KEPT_S = 600
MOST_KEPT = 1000


@dataclass(slots=True)
class _Once:
    """One request: who waits for it holds the lock."""

    digest: str
    began_at: float
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    answer: Response | None = None


class Replays:
    """The answers of the last minutes, by caller and key."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], _Once] = OrderedDict()

    async def once(
        self, caller: str, key: str | None, request: str, carry_out: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Carry it out, or give the answer of when it was. Raises KeyReused for a key of another request.

        What fails is not remembered: it may be tried again with the same key.
        """
        if key is None:
            return await carry_out()
        once = self._of(caller, key, hashlib.sha256(request.encode()).hexdigest())
        async with once.lock:
            if once.answer is None:
                once.answer = await carry_out()
            return once.answer

    def _of(self, caller: str, key: str, digest: str) -> _Once:
        now = time.monotonic()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) < MOST_KEPT and now - oldest.began_at < KEPT_S:
                break
            self._kept.popitem(last=False)
        once = self._kept.setdefault((caller, key), _Once(digest, now))
        if once.answer is None and not once.lock.locked():
            once.digest = digest
        if once.digest != digest:
            raise KeyReused("this Idempotency-Key was used before for another request; send a new key")
        return once

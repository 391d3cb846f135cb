"""Whole answers of the pages that consoles ask for over and over: until something is published or done, and for a
moment only, the same question gets the very same bytes, past the framework."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Message, Scope, Send

from kronveil.agent.live import Live
from kronveil.api.callers import Caller

KEPT_S = 0.25
"""Ages in an answer may be older than they say by this much, and what no frame tells of may be missing so long."""
MOST_KEPT = 16
HOT = frozenset([f"/api/v1/{name}" for name in ("incidents", "events", "fleet", "overview", "pods", "workloads")])


@dataclass(frozen=True, slots=True)
class _Kept:
    seq: int
    made_at: float
    start: Message
    body: Message


class Answers:
    """One for each agent. Callers with other roles never share an answer."""

    def __init__(self, live: Live, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._clock = clock
        self._kept: dict[object, _Kept] = {}

    async def again(self, scope: Scope, caller: Caller, send: Send) -> bool:
        """Give the answer that was given a moment ago; whether there was one that still holds."""
        kept = self._kept.get(_question(scope, caller))
        if kept is None or kept.seq != self._live.seq or self._clock() - kept.made_at > KEPT_S:
            return False
        await send(kept.start)
        await send(kept.body)
        return True

    def keeping(self, scope: Scope, caller: Caller, send: Send) -> Send:
        """A way to send that keeps what is sent, when it is good and whole."""
        # Taken before anything is read: what is published while the answer is made, is not in it for certain.
        seq, began = self._live.seq, self._clock()
        start: Message = {}

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif start.get("status") == 200 and not message.get("more_body", False):
                self._keep(_question(scope, caller), _Kept(seq, began, start, message))
            else:
                start = {}
            await send(message)

        return sending

    def forget(self) -> None:
        """Somebody did something: who asks next sees what came of it."""
        self._kept.clear()

    def _keep(self, question: object, kept: _Kept) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[question] = kept


def is_hot(scope: Scope) -> bool:
    """Whether answers to this are kept."""
    return scope["path"] in HOT and scope["method"] == "GET"


def _question(scope: Scope, caller: Caller) -> object:
    return scope["path"], scope["query_string"], caller.roles

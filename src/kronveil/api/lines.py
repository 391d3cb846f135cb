"""One WebSocket client in the live stream: what is written to it, and when it is shown out."""

import math
import time
from dataclasses import dataclass

import anyio

from kronveil.api.callers import Caller, Doorman
from kronveil.api.feed import Feed, TooSlow
from kronveil.api.pace import Pace
from kronveil.api.wire import Wire

NOT_UNDERSTOOD = 1008
A_BUG = 1011
TRY_LATER = 1013
NOT_AUTHENTICATED = 4401
NOT_ALLOWED = 4403
TOO_SLOW = 4408
MOST_CHUNKS = 8


@dataclass(frozen=True, slots=True)
class Close:
    """How a stream ends. The text must fit a close frame: 123 bytes."""

    code: int
    reason: str


def too_slow(why: object) -> Close:
    """The client may come back, and how."""
    return Close(TOO_SLOW, f"too slow: {why}; resume with since and epoch")


class Watch:
    """Looks from time to time whether the one who opened a stream is still let in."""

    def __init__(self, doorman: Doorman, caller: Caller, pace: Pace) -> None:
        self.pace = pace
        self._doorman = doorman
        self._caller = caller
        self.next_at = time.monotonic() + pace.recheck_s if caller.token_id else math.inf

    def is_welcome(self, now: float) -> bool:
        """False once the token is gone."""
        if now < self.next_at:
            return True
        self.next_at = now + self.pace.recheck_s
        return self._doorman.still_lets_in(self._caller)


class Line:
    """What is due goes out as long as there is room; when there is none it waits where all can replay it from."""

    def __init__(self, wire: Wire, feed: Feed, watch: Watch) -> None:
        self.wire = wire
        self.close: Close | None = None
        self.heard_at: float | None = None
        self._feed = feed
        self._watch = watch
        self._pace = watch.pace
        self._over = anyio.Event()
        self._unsent = 0
        self._moved_at = time.monotonic()
        self._heavy_since: float | None = None

    def end(self, close: Close) -> None:
        """Write no more; the first reason is the one that is told."""
        if self.close is None:
            self.close = close
            self._over.set()

    async def ended(self) -> Close:
        """Return how it ended, when it has."""
        await self._over.wait()
        assert self.close is not None  # noqa: S101 - set before the event is
        return self.close

    def advance(self) -> bool:
        """Write what is due; whether more is and there is room for it."""
        try:
            for _ in range(MOST_CHUNKS):
                if self.wire.is_full or self.close is not None or not self._feed.is_behind:
                    return False
                self.wire.write(self._feed.due().wire)
                self._unsent = -1
        except TooSlow as slow:
            self.end(too_slow(slow))
            return False
        return True

    def beat(self, now: float, *messages: bytes) -> None:
        """Look whether it may stay; if so, and there is room, write these too."""
        close = self._why_not(now)
        if close is not None:
            self.end(close)
        elif not self.wire.is_full:
            for message in messages:
                self.wire.write(message)

    def _why_not(self, now: float) -> Close | None:
        pace = self._pace
        if not self._watch.is_welcome(now):
            return Close(NOT_AUTHENTICATED, "the token was revoked or has expired")
        if self.heard_at is not None and now - self.heard_at > pace.answer_s:
            return Close(TOO_SLOW, f"no answer to a ping for {pace.answer_s:g} s; resume with since and epoch")
        return self._stalled(now)

    def _stalled(self, now: float) -> Close | None:
        """A burst is no reason: only a client that takes nothing, or never catches up, is let go."""
        pace, unsent = self._pace, self.wire.unsent_bytes if self.wire.is_full else 0
        if not self.wire.is_full or self._unsent < 0 or unsent < self._unsent:
            self._moved_at = now
        self._unsent = unsent
        is_heavy = self._feed.waiting_bytes > pace.most_waiting
        self._heavy_since = (self._heavy_since or now) if is_heavy else None
        still_s = now - self._moved_at
        if still_s > pace.send_s:
            return too_slow(f"nothing could be sent for {pace.send_s:g} s")
        if is_heavy and still_s > pace.stall_s:
            return too_slow(f"more than {_mib(pace)} MiB was waiting, and it took nothing")
        if self._heavy_since is not None and now - self._heavy_since > pace.send_s:
            return too_slow(f"more than {_mib(pace)} MiB was waiting for {pace.send_s:g} s")
        return None


def _mib(pace: Pace) -> str:
    return f"{pace.most_waiting / (1 << 20):g}"

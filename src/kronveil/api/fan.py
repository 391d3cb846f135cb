"""Writes the live stream to all WebSocket clients from one task: one wake for all of them, not one for each."""

import logging
import time

import anyio
import anyio.lowlevel

from kronveil.api.feed import Composer
from kronveil.api.lines import A_BUG, Close, Line
from kronveil.api.pace import Pace
from kronveil.api.wire import text_frame

BEAT_S = 0.25
LINES_AT_ONCE = 200
_PING = text_frame(b'{"type":"ping"}')
_log = logging.getLogger("kronveil.api")


class Fan:
    """Who is added is written to until removed. ``run`` is that one task."""

    def __init__(self, composer: Composer, pace: Pace) -> None:
        self._composer = composer
        self._live = composer.desk.live
        self._pace = pace
        self._lines: set[Line] = set()
        self._somebody = anyio.Event()
        self._beat_s = min(BEAT_S, pace.status_s, pace.ping_s, pace.stall_s / 4, pace.send_s / 4, pace.recheck_s)

    def add(self, line: Line) -> None:
        """Write to it from now on: a status first, then what it missed."""
        self._lines.add(line)
        self._somebody.set()
        line.wire.on_room = lambda: self._advance(line)
        line.beat(time.monotonic(), text_frame(self._composer.status().data))
        self._advance(line)

    def remove(self, line: Line) -> None:
        """Write no more to it."""
        line.wire.on_room = None
        self._lines.discard(line)

    async def run(self) -> None:
        """Until cancelled."""
        beat_at = status_at = ping_at = 0.0
        seen = self._live.seq
        while True:
            if not self._lines:
                self._somebody = anyio.Event()
                await self._somebody.wait()
                now = time.monotonic()
                beat_at, status_at, ping_at = now + self._beat_s, now + self._pace.status_s, now + self._pace.ping_s
            with anyio.move_on_after(beat_at - time.monotonic()):
                await self._live.news(seen)
            is_news, seen = self._live.seq > seen, self._live.seq
            now = time.monotonic()
            if now >= beat_at:
                beat_at = now + self._beat_s
                messages: list[bytes] = []
                if now >= status_at:
                    status_at = now + self._pace.status_s
                    messages.append(text_frame(self._composer.status().data))
                if now >= ping_at:
                    ping_at = now + self._pace.ping_s
                    messages.append(_PING)
                await self._beat(now, messages)
            await self._write()
            if is_news:
                await anyio.sleep(self._pace.gather_s)

    async def _beat(self, now: float, messages: list[bytes]) -> None:
        for number, line in enumerate(tuple(self._lines), 1):
            try:
                line.beat(now, *messages)
            except Exception:  # noqa: BLE001 - see _drop
                self._drop(line)
            if not number % LINES_AT_ONCE:
                await anyio.lowlevel.checkpoint()

    async def _write(self) -> None:
        """To everybody; who has more to catch up with comes again after all others had their turn."""
        lines = [line for line in self._lines if not line.wire.is_full]
        while lines:
            more: list[Line] = []
            for number, line in enumerate(lines, 1):
                if self._advance(line):
                    more.append(line)
                if not number % LINES_AT_ONCE:
                    await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            lines = [line for line in more if line in self._lines]

    def _advance(self, line: Line) -> bool:
        try:
            return line.advance()
        except Exception:  # noqa: BLE001 - see _drop
            self._drop(line)
            return False

    def _drop(self, line: Line) -> None:
        """What goes wrong with one is no reason to leave the others unserved."""
        _log.exception("a stream failed")
        line.end(Close(A_BUG, "This is a bug of the agent; its log tells more."))

"""dedup: fingerprint and exact window for one event, at a thousand to a million live keys, against one SHA-256."""

import gc
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from kronveil.bench.measure import QUICK_ROUNDS, ROUNDS, Variant, interleaved
from kronveil.bench.record import Counts, Measure, Record
from kronveil.logic.dedup import Window
from kronveil.logic.identity import fingerprint

PEER = "1.1 to 3.4 us, 100 to 240 us past 10,000 keys (published)"
START_S = 1_795_000_000
WIDTH = timedelta(seconds=30)
LIVE_S = 2 * int(WIDTH.total_seconds())


class Stream:
    """Events at the rate that keeps ``live`` keys in the window; every other one repeats the one before it."""

    def __init__(self, live: int) -> None:
        self.window = Window(WIDTH)
        self.live = live
        self.firsts = self.repeats = 0
        self._per_second = live / LIVE_S
        self._next = 0
        for _ in range(live):
            self._note(self._next)
            self._next += 1

    async def take(self, events: int) -> int:
        """Take events, half of them new, forgetting as time goes by."""
        self.firsts = self.repeats = 0
        for _ in range(events // 2):
            number = self._next
            self._next += 1
            self.firsts += self._note(number)
            self.repeats += not self._note(number)
        return events // 2 * 2

    def _note(self, number: int) -> bool:
        now_s = START_S + int(number / self._per_second)
        key = fingerprint("4f2c1e0a-uid-of-a-cluster", "pod.crash_looping", f"5b0e2f6a-{number:012d}", "Error", "app")
        return self.window.note(key, number, now_s * 1000, now_s) is None


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """One record for each number of live keys."""
    events = 10_000 if quick else 40_000
    return [await _at(live, events, quick=quick) for live in (1_000, 20_000, 200_000 if quick else 1_000_000)]


async def _at(live: int, events: int, *, quick: bool) -> Record:
    gc.collect()
    before = _resident_bytes()
    stream = Stream(live)
    bytes_per_key = (_resident_bytes() - before) / live
    taken = await interleaved(
        [Variant("ours", lambda: stream.take(events)), Variant("bare", _hashing(events))],
        QUICK_ROUNDS if quick else ROUNDS,
    )
    return Record(
        "dedup",
        f"{live:,} live keys",
        "event",
        taken["ours"],
        # The floor is given for the smallest number of keys only.
        Measure("cost", floor=2.5 if live == 1_000 else None, goal=4.0),
        taken["bare"],
        "SHA-256",
        counts=Counts(
            events,
            stored=stream.firsts,
            deduplicated=stream.repeats,
            lost=max(0, events // 2 - stream.firsts),
            duplicated=max(0, stream.firsts - events // 2),
        ),
        peer=PEER,
        more={"live": len(stream.window), "bytes_per_key": round(bytes_per_key)} if live >= 100_000 else {},
    )


def _hashing(events: int) -> Callable[[], Awaitable[int]]:
    async def work() -> int:
        for number in range(events):
            fields = ("4f2c1e0a-uid-of-a-cluster", "pod.crash_looping", f"5b0e2f6a-{number:012d}", "Error", "app")
            sha256("\x1f".join(fields).encode()).digest()
        return events

    return work


def _resident_bytes() -> int:
    """What the process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * 4096

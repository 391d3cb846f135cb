"""Writes readings: the hour that is being filled, cluster by cluster, and what is too old. Runs in one thread."""

import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from kronveil.model.signal import Sample, Scrape, SubjectKind
from kronveil.sdk.signals import Kept
from kronveil.stores.sqlite.signals.packing import Row, line_of, pack_lines, unpack_lines
from kronveil.stores.sqlite.transactions import transaction

SEGMENT_S = 3600
MOST_SLOTS = 200_000
"""Pods that come and go all the time fill an hour sooner."""


Sizes: TypeAlias = Mapping[SubjectKind, int]


@dataclass(slots=True)
class _Open:
    """The segment that a cluster's readings go to: its lines, packed to be small while nobody needs them, and when
    each was measured last."""

    id: int
    began: int
    interval_s: float
    last: int
    packed: list[bytes] = field(default_factory=list[bytes])
    newest: "array[int]" = field(default_factory=lambda: array("q"))

    def slots(self) -> dict[str, int]:
        lines = (line for body in self.packed for line in unpack_lines(body).split("\n"))
        return {line: slot for slot, line in enumerate(lines)}


class Keeper:
    """Knows of each cluster which segment is being filled. A start begins new ones."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self.sizes: dict[str, Sizes] = {}
        """How much the last reading of each cluster told of."""

    def keep(self, connection: sqlite3.Connection, cluster: str, scrape: Scrape) -> Kept:
        """Add a reading, all of it or nothing."""
        before = self._open.get(cluster)
        try:
            with transaction(connection):
                segment, kept = self._keep(connection, cluster, scrape)
        except BaseException:
            if before is not None:
                # It may have been changed for what is not in the file: the next reading begins another.
                del self._open[cluster]
            raise
        self._open[cluster] = segment
        self.sizes[cluster] = _sizes(scrape.samples)
        return kept

    def _keep(self, connection: sqlite3.Connection, cluster: str, scrape: Scrape) -> tuple[_Open, Kept]:
        segment, slots = self._segment(connection, cluster, scrape)
        lines = [line_of(sample.subject) for sample in scrape.samples]
        fresh = list(dict.fromkeys(line for line in lines if line not in slots))
        if fresh:
            body = pack_lines(fresh)
            connection.execute("INSERT INTO lines VALUES (?, ?, ?)", (segment.id, len(slots), body))
            segment.packed.append(body)
            segment.newest.extend([0] * len(fresh))
            slots.update(zip(fresh, range(len(slots), len(slots) + len(fresh)), strict=True))
        row, new = Row(len(slots)), 0
        for line, sample in zip(lines, scrape.samples, strict=True):
            new += _put(row, segment, slots[line], sample, scrape.at)
        if new:
            connection.execute(
                "INSERT INTO scrapes (segment, at, body) VALUES (?, ?, ?)", (segment.id, scrape.at, row.packed())
            )
        segment.last = scrape.at
        return segment, Kept(new, len(lines) - new)

    def _segment(self, connection: sqlite3.Connection, cluster: str, scrape: Scrape) -> tuple[_Open, dict[str, int]]:
        """The one to write to, and what slots it has."""
        now = self._open.get(cluster)
        slots: dict[str, int] = {} if now is None else now.slots()
        if (
            now is not None
            and now.last <= scrape.at < now.began + SEGMENT_S
            and now.interval_s == scrape.interval_s
            and len(slots) < MOST_SLOTS
        ):
            return now, slots
        row = connection.execute(
            "INSERT INTO segments (cluster, began, interval_s) VALUES (?, ?, ?) RETURNING id",
            (cluster, scrape.at, scrape.interval_s),
        )
        opened = _Open(row.fetchone()[0], scrape.at, scrape.interval_s, scrape.at)
        # A clock that was set back tells times again that are new all the same.
        if now is None or scrape.at < now.last:
            return opened, {}
        # What was measured last is still known, so that it is not kept twice.
        lines = [line_of(sample.subject) for sample in scrape.samples]
        carried = [line for line in dict.fromkeys(lines) if line in slots]
        opened.newest.extend([now.newest[slots[line]] for line in carried])
        if carried:
            body = pack_lines(carried)
            connection.execute("INSERT INTO lines VALUES (?, ?, ?)", (opened.id, 0, body))
            opened.packed.append(body)
        return opened, {line: slot for slot, line in enumerate(carried)}

    def forget_before(self, connection: sqlite3.Connection, before: int) -> int:
        """Forget segments that ended before then, some at a time; how many readings there were."""
        rows = connection.execute("SELECT id FROM segments WHERE began < ? ORDER BY began", (before - SEGMENT_S,))
        return self._drop(connection, islice((row[0] for row in rows.fetchall()), 20))

    def forget_oldest(self, connection: sqlite3.Connection) -> int:
        """Forget the oldest one."""
        row = connection.execute("SELECT id FROM segments ORDER BY began, id LIMIT 1").fetchone()
        return 0 if row is None else self._drop(connection, [row[0]])

    def _drop(self, connection: sqlite3.Connection, segments: Iterable[int]) -> int:
        gone = 0
        for segment in segments:
            self._open = {cluster: each for cluster, each in self._open.items() if each.id != segment}
            with transaction(connection):
                gone += connection.execute("DELETE FROM scrapes WHERE segment = ?", (segment,)).rowcount
                connection.execute("DELETE FROM lines WHERE segment = ?", (segment,))
                connection.execute("DELETE FROM segments WHERE id = ?", (segment,))
        return gone


def _sizes(samples: Sequence[Sample]) -> Sizes:
    containers = [each.subject for each in samples if each.subject.part]
    return {
        SubjectKind.POD: len({(each.namespace, each.name) for each in containers}),
        SubjectKind.CONTAINER: len(containers),
        SubjectKind.NODE: len(samples) - len(containers),
    }


def _put(row: Row, segment: _Open, slot: int, sample: Sample, row_at: int) -> bool:
    """Whether it is news. A clock may be ahead of ours: what comes from the future is from now."""
    at = min(sample.at, row_at)
    if at <= segment.newest[slot]:
        return False
    segment.newest[slot] = at
    row.put(slot, sample.cpu, sample.memory, row_at - at)
    return True

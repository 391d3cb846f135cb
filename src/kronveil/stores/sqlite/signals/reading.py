"""Reads series: which there are, from the lines of the hours that a range touches; then their values, newest first."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kronveil.model.signal import SIGNALS, Bounds, Signal, Subject, SubjectKind, Unit
from kronveil.sdk.signals import Series, SeriesKey, SeriesPage, SeriesQuery
from kronveil.stores.sqlite.signals.keeping import SEGMENT_S
from kronveil.stores.sqlite.signals.packing import CPU, MEMORY, OLDEST_S, PackedRow, subject_in, unpack_lines

MOST_ROWS = 3_000
"""Of some 50 KB each: two days of one cluster at one a minute."""
LAST_ROWS = 30
_COLUMNS = {Unit.CORES: CPU, Unit.BYTES: MEMORY}


@dataclass(slots=True)
class _Found:
    """A series and where it lies: by segment, the slots that add up to it."""

    key: SeriesKey
    column: int
    subject: Subject
    interval_s: float
    slots: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    parts: dict[str, Bounds] = field(default_factory=dict[str, Bounds])
    points: dict[int, float] = field(default_factory=dict[int, float])
    last: tuple[int, float] | None = None


@dataclass(slots=True)
class _Budget:
    """How many rows may still be read."""

    left: int = MOST_ROWS
    is_spent: bool = False

    def take(self) -> bool:
        self.left -= 1
        self.is_spent = self.left < 0
        return not self.is_spent


def read_series(connection: sqlite3.Connection, query: SeriesQuery) -> SeriesPage:
    """A page of series, with their points."""
    wanted = [signal for signal in SIGNALS if _wants(query, signal)]
    found = _find(connection, query, wanted)
    after = query.after
    keys = sorted((key for key in found if after is None or _place(key) > _place(after)), key=_place)
    chosen = [found[key] for key in keys[: query.limit]]
    budget = _Budget()
    if query.with_points:
        _read_points(connection, query, chosen, budget)
    _read_last(connection, query, chosen)
    return SeriesPage(tuple(_series(one) for one in chosen), len(keys) > query.limit, budget.is_spent)


def _wants(query: SeriesQuery, signal: Signal) -> bool:
    if query.signals and signal.name not in query.signals:
        return False
    if query.part is not None and signal.kind is not SubjectKind.CONTAINER:
        return False
    return query.kind in (None, signal.kind)


def _place(key: SeriesKey) -> tuple[str, ...]:
    return key.cluster, key.kind, key.namespace, key.name, key.part, key.signal


def _find(connection: sqlite3.Connection, query: SeriesQuery, wanted: Sequence[Signal]) -> dict[SeriesKey, _Found]:
    """Every series that matches, in the segments that may hold a value of the range."""
    found: dict[SeriesKey, _Found] = {}
    for segment, cluster, interval_s in _segments(connection, query):
        for slot, line in enumerate(_lines(connection, segment)):
            if not _may_match(query, line):
                continue
            subject = subject_in(line)
            if not _matches(query, subject):
                continue
            for signal in wanted:
                key = _key(cluster, subject, signal)
                if key is None:
                    continue
                # Newest segment first: what a series is called and bounded by is the newest of it.
                one = found.setdefault(key, _Found(key, _COLUMNS[signal.unit], subject, interval_s))
                one.slots.setdefault(segment, []).append(slot)
                one.parts.setdefault(subject.part, subject.bounds)
    return found


def _segments(connection: sqlite3.Connection, query: SeriesQuery) -> list[tuple[int, str, float]]:
    since, until = int(query.since.timestamp()), int(query.until.timestamp())
    statement = "SELECT id, cluster, interval_s FROM segments WHERE began BETWEEN ? AND ?"
    values: list[object] = [since - SEGMENT_S, until + OLDEST_S]
    if query.cluster is not None:
        statement += " AND cluster = ?"
        values.append(query.cluster)
    return connection.execute(f"{statement} ORDER BY began DESC, id DESC", values).fetchall()


def _lines(connection: sqlite3.Connection, segment: int) -> Iterator[str]:
    for (body,) in connection.execute("SELECT body FROM lines WHERE segment = ? ORDER BY first_slot", (segment,)):
        yield from unpack_lines(body)


def _may_match(query: SeriesQuery, line: str) -> bool:
    """A quick look at the text: of thousands of lines few are asked for."""
    for word in (query.name, query.owner):
        if word is not None and word.rstrip("*") not in line:
            return False
    return query.namespace is None or line.startswith(f"{query.namespace}\t")


def _matches(query: SeriesQuery, subject: Subject) -> bool:
    return (
        query.namespace in (None, subject.namespace)
        and query.part in (None, subject.part)
        and query.node in (None, subject.node)
        and query.owner_kind in (None, subject.owner_kind)
        and _is_named(query.name, subject.name)
        and _is_named(query.owner, subject.owner)
    )


def _is_named(wanted: str | None, name: str) -> bool:
    if wanted is None:
        return True
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def _key(cluster: str, subject: Subject, signal: Signal) -> SeriesKey | None:
    """The series of a signal that a subject is part of, if there is one."""
    is_node = not subject.part
    if is_node is not (signal.kind is SubjectKind.NODE):
        return None
    part = subject.part if signal.kind is SubjectKind.CONTAINER else ""
    return SeriesKey(cluster, signal.kind, subject.namespace, subject.name, part, signal.name)


def _by_segment(chosen: Sequence[_Found]) -> dict[int, list[_Found]]:
    wanted: dict[int, list[_Found]] = {}
    for one in chosen:
        for segment in one.slots:
            wanted.setdefault(segment, []).append(one)
    return wanted


def _read_points(connection: sqlite3.Connection, query: SeriesQuery, chosen: Sequence[_Found], budget: _Budget) -> None:
    since, until = int(query.since.timestamp()), int(query.until.timestamp())
    by_segment = _by_segment(chosen)
    for segment in sorted(by_segment, reverse=True):
        rows = connection.execute(
            "SELECT at, body FROM scrapes WHERE segment = ? AND at BETWEEN ? AND ? ORDER BY at DESC",
            (segment, since, until + OLDEST_S),
        )
        for at, body in rows:
            if not budget.take():
                rows.close()
                return
            row = PackedRow(at, body)
            for one in by_segment[segment]:
                sample = _sample(row, one, segment)
                if sample is not None and since <= sample[0] <= until:
                    one.points.setdefault(*sample)


def _read_last(connection: sqlite3.Connection, query: SeriesQuery, chosen: Sequence[_Found]) -> None:
    """The newest of each, a bounded look back: of a pod that is gone it lies where the pod was last seen."""
    until = int(query.until.timestamp())
    wanted: dict[int, list[_Found]] = {}
    for one in chosen:
        if one.points:
            one.last = max(one.points.items())
        else:
            wanted.setdefault(max(one.slots), []).append(one)
    for segment, several in wanted.items():
        rows = connection.execute(
            "SELECT at, body FROM scrapes WHERE segment = ? AND at <= ? ORDER BY at DESC LIMIT ?",
            (segment, until, LAST_ROWS),
        )
        for at, body in rows:
            row = PackedRow(at, body)
            for one in several:
                one.last = one.last or _sample(row, one, segment)


def _sample(row: PackedRow, one: _Found, segment: int) -> tuple[int, float] | None:
    """What a row says of a series: of a pod, the sum of those of its containers that were measured."""
    times: list[int] = []
    total = 0.0
    for slot in one.slots[segment]:
        at = row.time_of(slot)
        value = None if at is None else row.value_of(slot, one.column)
        if at is not None and value is not None:
            times.append(at)
            total += value
    return (max(times), total) if times else None


def _series(one: _Found) -> Series:
    subject = one.subject
    return Series(
        key=one.key,
        points=tuple(sorted(one.points.items())),
        last=one.last,
        interval_s=one.interval_s,
        node=subject.node,
        owner_kind=subject.owner_kind,
        owner=subject.owner,
        bounds=_summed(tuple(one.parts.values())),
    )


def _summed(bounds: Sequence[Bounds]) -> Bounds:
    """Of a pod: what all of its containers may use, if each of them is bounded."""
    columns = zip(*[(b.cpu_request, b.cpu_limit, b.memory_request, b.memory_limit) for b in bounds], strict=True)
    return Bounds(*[None if None in column else sum(each for each in column if each is not None) for column in columns])


def count_series(connection: sqlite3.Connection, cluster: str | None) -> Mapping[str, int]:
    """How many series of each signal there are in each cluster's newest segment."""
    statement = "SELECT max(id) FROM segments"
    rows = connection.execute(
        f"{statement} GROUP BY cluster" if cluster is None else f"{statement} WHERE cluster = ?",
        () if cluster is None else (cluster,),
    ).fetchall()
    pods: set[tuple[int, str]] = set()
    containers: set[tuple[int, str]] = set()
    nodes = 0
    for (segment,) in rows:
        for line in _lines(connection, segment) if segment is not None else ():
            namespace, name, part, _ = line.split("\t", 3)
            if not part:
                nodes += 1
                continue
            pods.add((segment, f"{namespace}\t{name}"))
            containers.add((segment, f"{namespace}\t{name}\t{part}"))
    sizes = {SubjectKind.POD: len(pods), SubjectKind.CONTAINER: len(containers), SubjectKind.NODE: nodes}
    return {signal.name: sizes[signal.kind] for signal in SIGNALS}

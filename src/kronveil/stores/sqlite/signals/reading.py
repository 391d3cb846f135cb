"""Reads series: which there are, from the lines of the hours that a range touches; then their values, newest first."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kronveil.model.signal import BY_NAME, SIGNALS, Bounds, Signal, Subject, SubjectKind, Unit
from kronveil.sdk.signals import Series, SeriesKey, SeriesPage, SeriesQuery
from kronveil.stores.sqlite.signals.keeping import SEGMENT_S, Sizes
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
    found = _first(connection, query)
    chosen = found[: query.limit]
    budget = _Budget()
    if query.with_points:
        _read_points(connection, query, chosen, budget)
    _read_last(connection, query, chosen)
    return SeriesPage(tuple(_series(one) for one in chosen), len(found) > query.limit, budget.is_spent)


def _first(connection: sqlite3.Connection, query: SeriesQuery) -> list[_Found]:
    """Those of the page and one more, if there is one. One cluster after the other: of a fleet there are too many."""
    wanted = [signal for signal in SIGNALS if _wants(query, signal)]
    by_cluster: dict[str, list[tuple[int, float]]] = {}
    for segment, cluster, interval_s in _segments(connection, query):
        by_cluster.setdefault(cluster, []).append((segment, interval_s))
    after = query.after
    page: list[_Found] = []
    for cluster in sorted(each for each in by_cluster if after is None or each >= after.cluster):
        places = _places(connection, query, by_cluster[cluster])
        found = _find(query, wanted, cluster, places)
        keys = sorted((key for key in found if after is None or _place(key) > _place(after)), key=_place)
        page += [_found(key, found[key], by_cluster[cluster], places) for key in keys[: query.limit + 1 - len(page)]]
        if len(page) > query.limit:
            break
    return page


def _wants(query: SeriesQuery, signal: Signal) -> bool:
    if query.signals and signal.name not in query.signals:
        return False
    if query.part is not None and signal.kind is not SubjectKind.CONTAINER:
        return False
    return query.kind in (None, signal.kind)


def _place(key: SeriesKey) -> tuple[str, ...]:
    return key.cluster, key.kind, key.namespace, key.name, key.part, key.signal


def _places(
    connection: sqlite3.Connection, query: SeriesQuery, segments: Sequence[tuple[int, float]]
) -> dict[str, list[tuple[int, int]]]:
    """By line, the segments and slots where it lies, newest first. Most lines are the same hour after hour."""
    places: dict[str, list[tuple[int, int]]] = {}
    words = [word.rstrip("*") for word in (query.namespace, query.name, query.owner) if word is not None]
    for segment, _ in segments:
        for first, lines in _chunks(connection, segment, words):
            for slot, line in enumerate(lines, first):
                if _may_match(query, line):
                    places.setdefault(line, []).append((segment, slot))
    return places


def _find(
    query: SeriesQuery, wanted: Sequence[Signal], cluster: str, places: Iterable[str]
) -> dict[SeriesKey, list[str]]:
    """The series of a cluster that match, and the lines of each."""
    found: dict[SeriesKey, list[str]] = {}
    for line in places:
        subject = subject_in(line)
        if not _matches(query, subject):
            continue
        for signal in wanted:
            key = _key(cluster, subject, signal)
            if key is not None:
                found.setdefault(key, []).append(line)
    return found


def _found(
    key: SeriesKey,
    lines: Sequence[str],
    segments: Sequence[tuple[int, float]],
    places: Mapping[str, Sequence[tuple[int, int]]],
) -> _Found:
    # What a series is called and bounded by is the newest of it.
    newest = sorted(lines, key=lambda line: places[line][0], reverse=True)
    (segment, _), subject = places[newest[0]][0], subject_in(newest[0])
    one = _Found(key, _COLUMNS[BY_NAME[key.signal].unit], subject, dict(segments)[segment])
    for line in newest:
        of = subject_in(line)
        one.parts.setdefault(of.part, of.bounds)
        for segment, slot in places[line]:
            one.slots.setdefault(segment, []).append(slot)
    return one


def _segments(connection: sqlite3.Connection, query: SeriesQuery) -> list[tuple[int, str, float]]:
    since, until = int(query.since.timestamp()), int(query.until.timestamp())
    statement = "SELECT id, cluster, interval_s FROM segments WHERE began BETWEEN ? AND ?"
    values: list[object] = [since - SEGMENT_S, until + OLDEST_S]
    if query.cluster is not None:
        statement += " AND cluster = ?"
        values.append(query.cluster)
    return connection.execute(f"{statement} ORDER BY began DESC, id DESC", values).fetchall()


def _lines(connection: sqlite3.Connection, segment: int) -> Iterator[str]:
    for _, lines in _chunks(connection, segment, ()):
        yield from lines


def _chunks(connection: sqlite3.Connection, segment: int, words: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines as they were kept together, and the slot of the first; those that hold all of the words, at least."""
    rows = connection.execute("SELECT first_slot, body FROM lines WHERE segment = ? ORDER BY first_slot", (segment,))
    for first, body in rows:
        text = unpack_lines(body)
        if all(word in text for word in words):
            yield first, text.split("\n")


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


def count_subjects(connection: sqlite3.Connection, cluster: str) -> Sizes:
    """How many pods, containers and nodes there are in a cluster's newest segment."""
    pods: set[str] = set()
    containers: set[str] = set()
    nodes: set[str] = set()
    (segment,) = connection.execute("SELECT max(id) FROM segments WHERE cluster = ?", (cluster,)).fetchone()
    for line in _lines(connection, segment) if segment is not None else ():
        namespace, name, part, _ = line.split("\t", 3)
        if part:
            pods.add(f"{namespace}\t{name}")
            containers.add(f"{namespace}\t{name}\t{part}")
        else:
            nodes.add(name)
    return {SubjectKind.POD: len(pods), SubjectKind.CONTAINER: len(containers), SubjectKind.NODE: len(nodes)}


def clusters_in(connection: sqlite3.Connection) -> list[str]:
    """Those of which anything is kept."""
    return [name for (name,) in connection.execute("SELECT DISTINCT cluster FROM segments")]

"""Measured values: which there are, and the series of them, from what the agent keeps; no cluster is asked for it."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Response

from kronveil.agent.desk import Desk
from kronveil.api.asking import DeskHere, json_answer
from kronveil.api.asks import SeriesFilter, SignalFilter
from kronveil.api.encode import books_shape, seconds_between
from kronveil.api.problems import not_valid
from kronveil.api.routes.declared import refusals
from kronveil.api.routes.fleet import coverage
from kronveil.api.shapes import signals as shapes
from kronveil.api.shapes.terms import Resource
from kronveil.api.wording import stamp
from kronveil.logic.series import line
from kronveil.logic.usual import WINDOW_S, Usual, usual
from kronveil.model.fleet import Books
from kronveil.model.signal import BY_NAME, SIGNALS, Point, SubjectKind, Unit
from kronveil.sdk.signals import Series, SeriesKey, SeriesQuery

router = APIRouter(tags=["signals"])
A_WHILE = timedelta(hours=1)
_KINDS = {kind.value: kind for kind in SubjectKind}
_Place: TypeAlias = tuple[str, str, str, str, str, str]
_places: msgspec.json.Decoder[_Place] = msgspec.json.Decoder(_Place)


@router.get("/signals", response_model=shapes.SignalList, responses=refusals(503))
async def list_signals(desk: DeskHere, asked: Annotated[SignalFilter, Query()]) -> Response:
    """Which quantities are measured, how many series of each there are, and where the values come from."""
    counts = await desk.signal_counts(asked.cluster)
    items = [
        shapes.Signal(each.name, each.unit.value, each.kind.value, each.meaning, counts.get(each.name, 0))
        for each in SIGNALS
    ]
    return json_answer(shapes.SignalList(items, None, *coverage(desk, asked.cluster), sources(desk, asked.cluster)))


@router.get("/series", response_model=shapes.SeriesList, responses=refusals(503))
async def list_series(desk: DeskHere, asked: Annotated[SeriesFilter, Query()]) -> Response:
    """Series of measured values in a range of time; what was not measured is absent."""
    query = _query(desk, asked)
    page = await desk.series(_with_the_past(query))
    now, since = desk.now(), int(query.since.timestamp())
    # Of the hour before the range values are read, to know what is usual; a series that has no others is not in it.
    found = [each for each in page.items if not query.with_points or (each.points and each.points[-1][0] >= since)]
    items = [_series(each, query, asked.max_points, now) for each in found]
    is_short = any(each.points and each.points[0][0] > since for each in found)
    return json_answer(
        shapes.SeriesList(
            items=items,
            since=stamp(query.since),
            until=stamp(query.until),
            next_cursor=_cursor_at(page.items[-1].key) if page.has_more else None,
            truncated=page.is_truncated and is_short,
            complete=coverage(desk, asked.cluster)[0],
            missing=coverage(desk, asked.cluster)[1],
            sources=sources(desk, asked.cluster),
        )
    )


def sources(desk: Desk, cluster: str | None) -> list[shapes.SignalSource]:
    """How it stands with the values of each cluster, or of the one asked for."""
    books = desk.sample_books()
    now = desk.now()
    found: list[shapes.SignalSource] = []
    for member in desk.members():
        if cluster not in (None, member.name) or (cluster is None and member.same_as is not None):
            continue
        standing = member.standing.signals
        found.append(
            shapes.SignalSource(
                cluster=member.name,
                state=standing.state.value,
                source=standing.source or None,
                reason=standing.reason,
                age_s=seconds_between(standing.read_at, now),
                interval_s=standing.interval_s or None,
                books=books_shape(books.get(member.name, Books())),
            )
        )
    return found


def _query(desk: Desk, asked: SeriesFilter) -> SeriesQuery:
    unknown = [name for name in asked.signal if name not in BY_NAME]
    if unknown:
        known = ", ".join(BY_NAME)
        raise not_valid(["query", "signal"], f"There is no signal {unknown[0]!r}. There are: {known}")
    until = asked.until or desk.now()
    try:
        since = asked.since or until - A_WHILE
        since, until = since.astimezone(UTC), until.astimezone(UTC)
    except OverflowError:
        raise not_valid(["query", "until"], "is no time that a calendar has") from None
    if since > until:
        raise not_valid(["query", "since"], "must not be after until")
    try:
        after = None if asked.cursor is None else _key_in(asked.cursor)
    except ValueError:
        raise not_valid(["query", "cursor"], "This is not a cursor of this list") from None
    return SeriesQuery(
        since=since,
        until=until,
        signals=tuple(asked.signal),
        cluster=_known_as(desk, asked.cluster),
        kind=None if asked.kind is None else _KINDS[asked.kind],
        namespace=asked.namespace,
        name=asked.name,
        part=asked.container,
        owner_kind=asked.owner_kind,
        owner=asked.owner,
        node=asked.node,
        after=after,
        limit=asked.limit,
        with_points=asked.points,
    )


def _with_the_past(query: SeriesQuery) -> SeriesQuery:
    if not query.with_points:
        return query
    try:
        return replace(query, since=query.since - timedelta(seconds=WINDOW_S))
    except OverflowError:
        return query


def _known_as(desk: Desk, cluster: str | None) -> str | None:
    """Of a cluster under two names, the first: under that one its values are kept."""
    for member in desk.members():
        if member.name == cluster:
            return member.same_as or cluster
    return cluster


def _series(found: Series, query: SeriesQuery, most: int, now: datetime) -> shapes.Series:
    key, unit = found.key, BY_NAME[found.key.signal].unit
    since = int(query.since.timestamp())
    asked = [point for point in found.points if point[0] >= since]
    drawn = line(asked, interval_s=found.interval_s, until=query.until.timestamp(), most=most)
    known = usual(found.points)
    request, limit = found.bounds.of(unit)
    digits = 6 if unit is Unit.CORES else 0
    last = found.last
    return shapes.Series(
        id=_id_of(key),
        signal=key.signal,
        unit=unit.value,
        cluster_name=key.cluster,
        resource=_resource(key),
        labels=_labels(found),
        resolution_s=drawn.resolution_s,
        points=[
            shapes.SeriesPoint(
                _time(each.at), round(each.value, digits), round(each.low, digits), round(each.high, digits)
            )
            for each in drawn.points
        ],
        gaps=[shapes.SeriesGap(_time(begin), _time(end)) for begin, end in drawn.gaps],
        last=None if last is None else shapes.LastValue(_time(last[0]), round(last[1], digits)),
        age_s=None if last is None else seconds_between(datetime.fromtimestamp(last[0], UTC), now),
        request=request,
        limit=limit,
        expected=_expected(known, drawn.points, digits),
        anomalies=[
            shapes.SeriesAnomaly(
                since=_time(each.since),
                until=None if each.until is None else _time(each.until),
                observed=round(each.observed, digits),
                low=round(each.usual.low, digits),
                high=round(each.usual.high, digits),
                score=round(each.score, 3),
            )
            for each in known.anomalies
            if each.until is None or each.until >= since
        ],
    )


def _expected(known: Usual, points: Sequence[Point], digits: int) -> list[shapes.ExpectedPoint] | None:
    bands = known.at([point.at for point in points])
    found = [
        shapes.ExpectedPoint(_time(point.at), round(band.low, digits), round(band.high, digits))
        for point, band in zip(points, bands, strict=True)
        if band is not None
    ]
    return found or None


def _resource(key: SeriesKey) -> Resource:
    """Of a container, its pod: the label says which of its containers it is."""
    kind = "Pod" if key.kind is SubjectKind.CONTAINER else key.kind.value
    return Resource(kind, key.namespace or None, key.name, None)


def _labels(found: Series) -> dict[str, str]:
    key = found.key
    is_node = key.kind is SubjectKind.NODE
    labels = {
        "cluster": key.cluster,
        "namespace": key.namespace,
        "pod": "" if is_node else key.name,
        "container": key.part,
        "node": key.name if is_node else found.node,
        "owner_kind": found.owner_kind,
        "owner": found.owner,
    }
    return {name: value for name, value in labels.items() if value}


def _time(at: float) -> str:
    return stamp(datetime.fromtimestamp(at, UTC))


def _place(key: SeriesKey) -> Sequence[str]:
    return key.cluster, key.kind.value, key.namespace, key.name, key.part, key.signal


def _id_of(key: SeriesKey) -> str:
    return f"{blake2b(msgspec.json.encode(_place(key)), digest_size=8).hexdigest()}:{key.signal}"


def _cursor_at(key: SeriesKey) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_place(key))).decode()


def _key_in(cursor: str) -> SeriesKey:
    try:
        cluster, kind, *rest = _places.decode(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        raise ValueError("not a cursor of this list") from error
    if kind not in _KINDS:
        raise ValueError("not a cursor of this list")
    return SeriesKey(cluster, _KINDS[kind], *rest)

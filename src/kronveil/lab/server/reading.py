"""Reading: one object, or a list in pages that all show the same moment."""

import base64
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from itertools import islice

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response, StreamingResponse

from kronveil.lab.kinds import JsonObject, Kind
from kronveil.lab.selectors import SelectorError, Test, field_test, label_test
from kronveil.lab.server.answers import ApiError, bad_request, expired, not_found
from kronveil.lab.server.faults import Faults
from kronveil.lab.server.targets import Target
from kronveil.lab.server.views import CHUNK, View, list_chunks
from kronveil.lab.world import Key, Record, World

PAGE_LIFE = timedelta(minutes=5)
MOST_SNAPSHOTS = 64


class Continue(msgspec.Struct):
    """What a ``continue`` token says: the version all pages show, and the last key sent."""

    rv: int
    namespace: str
    name: str


_decode_token = msgspec.json.Decoder(Continue).decode


class Pages:
    """The moments that unfinished lists show. Records are the world's own, so a moment costs a list of references."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: OrderedDict[tuple[Kind, int], list[Record]] = OrderedDict()
        self._born: dict[tuple[Kind, int], datetime] = {}
        world.on_compaction(self._forget)

    def keep(self, kind: Kind, version: int, records: list[Record]) -> None:
        """Remember the moment of a version for the pages to come."""
        self._kept[kind, version] = records
        self._kept.move_to_end((kind, version))
        self._born[kind, version] = self._world.now
        # Many lists are never read to their end (a probe reads one item); what they show must not pile up.
        while len(self._kept) > MOST_SNAPSHOTS or self._is_too_old(next(iter(self._kept))):
            self._born.pop(self._kept.popitem(last=False)[0])

    def _is_too_old(self, moment: tuple[Kind, int]) -> bool:
        return self._world.now - self._born[moment] > PAGE_LIFE

    def _forget(self) -> None:
        self._kept.clear()
        self._born.clear()

    def at(self, kind: Kind, version: int) -> list[Record]:
        """The records of a kind as they were. Raises ApiError 410 when that is forgotten."""
        records = self._kept.get((kind, version))
        if records is None or self._is_too_old((kind, version)):
            raise expired(
                "The provided continue parameter is too old to display a consistent list result. "
                "You can start a new list without the continue parameter."
            )
        return records


def read_one(world: World, target: Target, view: View) -> Response:
    """GET of one object."""
    record = world.find(target.kind, (target.namespace, target.name))
    if record is None:
        raise not_found(target.kind, target.name)
    return Response(view.one(record, world.now), media_type="application/json")


def read_list(  # noqa: PLR0913 - all that a list is about
    world: World, pages: Pages, faults: Faults, target: Target, query: QueryParams, *, view: View
) -> Response:
    """GET of a list, whole or one page of it."""
    limit = int_of(query, "limit")
    token = query.get("continue", "")
    if token:
        position = _read_token(token)
        version, after = position.rv, (position.namespace, position.name)
        everything = pages.at(target.kind, version)
    else:
        version, after = world.version, None
        everything = _at_asked_version(world, pages, target, query)
        if _is_exact(query):
            version = int_of(query, "resourceVersion")
    records, rest, last = _select(everything, target, query, after=after, limit=limit)
    metadata: JsonObject = {"resourceVersion": str(version)}
    if rest and last is not None:
        pages.keep(target.kind, version, everything)
        metadata["continue"] = _write_token(version, last)
        if rest > 0:
            metadata["remainingItemCount"] = rest
    chunks = list_chunks(view, target.kind, records, metadata, world.now)
    if len(records) <= CHUNK and faults.bytes_per_s is None:
        return Response(b"".join(chunks), media_type="application/json")
    return StreamingResponse(_one_at_a_time(chunks, faults), media_type="application/json")


async def _one_at_a_time(chunks: Iterator[bytes], faults: Faults) -> AsyncIterator[bytes]:
    for chunk in chunks:
        async for piece in faults.pieces(chunk):
            yield piece


def _at_asked_version(world: World, pages: Pages, target: Target, query: QueryParams) -> list[Record]:
    asked = int_of(query, "resourceVersion")
    if asked > world.version:
        raise too_large(asked, world.version)
    if _is_exact(query) and asked != world.version:
        return pages.at(target.kind, asked)
    return world.list(target.kind)


def _is_exact(query: QueryParams) -> bool:
    return query.get("resourceVersionMatch") == "Exact"


def too_large(asked: int, current: int) -> ApiError:
    """504: a version from the future was asked for."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, causes=[cause], retryAfterSeconds=1)


def tests_of(target: Target, query: QueryParams) -> list[Test]:
    """What the selectors of a request ask of an object."""
    try:
        asked = (
            label_test(query.get("labelSelector", "")),
            field_test(query.get("fieldSelector", ""), target.kind),
        )
    except SelectorError as error:
        raise bad_request(str(error)) from error
    tests = [test for test in asked if test is not None]
    if target.name:
        tests.append(lambda obj: obj["metadata"]["name"] == target.name)
    return tests


def _select(
    everything: list[Record], target: Target, query: QueryParams, *, after: Key | None, limit: int
) -> tuple[list[Record], int, Key | None]:
    """The matching records of one page; how many remain (-1: some, uncounted); the last key."""
    tests = tests_of(target, query)
    start = 0 if after is None else bisect_right(everything, after, key=lambda record: record.key)
    if not tests and not target.namespace:
        page = everything[start : start + limit] if limit else everything[start:]
        return page, len(everything) - start - len(page), page[-1].key if page else None
    matching = (
        record
        for record in islice(everything, start, None)
        if (not target.namespace or record.key[0] == target.namespace) and all(test(record.obj) for test in tests)
    )
    if not limit:
        return list(matching), 0, None
    page = list(islice(matching, limit))
    if next(matching, None) is None:
        return page, 0, None
    remaining = -1 if tests else 1 + sum(1 for _ in matching)
    return page, remaining, page[-1].key


def int_of(query: QueryParams, name: str) -> int:
    """A whole number of the query, 0 if absent."""
    text = query.get(name, "") or "0"
    if not text.isdigit():
        raise bad_request(f"{name}: Invalid value: {text!r}: must be a whole number")
    return int(text)


def _write_token(version: int, key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(Continue(version, *key))).decode().rstrip("=")


def _read_token(token: str) -> Continue:
    try:
        return _decode_token(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, msgspec.MsgspecError) as error:
        raise bad_request("continue key is not valid") from error

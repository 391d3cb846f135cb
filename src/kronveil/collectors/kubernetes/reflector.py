"""One kind in one namespace (or all): a list (in pages, or as the first part of the watch), then a watch, for ever.

What it reads goes through the kind's translation into the outbox. A lost watch goes on from the last version; a
version that is gone, or a frame that cannot be read, is healed by a new list, compared with what is kept.
"""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import anyio

from kronveil.collectors.kubernetes.catalog import NOT_SERVED, Catalog, NotServedError
from kronveil.collectors.kubernetes.connect import Connection, now_utc
from kronveil.collectors.kubernetes.initial import PARAMETERS, Initial, StreamingLists, is_end
from kronveil.collectors.kubernetes.keeping import Keeping
from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.link import Link
from kronveil.collectors.kubernetes.outbox import Outbox
from kronveil.collectors.kubernetes.permits import ListPermits
from kronveil.collectors.kubernetes.reading import Line, Lines, OddObjectError, read_frame, read_page
from kronveil.collectors.kubernetes.translate.kept import Moment, Shelves
from kronveil.collectors.kubernetes.trouble import (
    ExpiredError,
    ForbiddenError,
    GarbledError,
    MissingError,
    RefusedError,
    SourceError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
)
from kronveil.collectors.kubernetes.vigil import Vigil
from kronveil.collectors.kubernetes.wire import Frame, Page
from kronveil.sdk.backoff import Backoff, jittered

PAGE_SIZE = 500
ITEMS_PER_BREATH = 100
FRAMES_PER_BREATH = 50  # half a millisecond; letting others run costs as much as a frame
FORBIDDEN_AGAIN_S = 30.0
NOT_SERVED_AGAIN_S = 300.0
TRIES_BEFORE_LIST = 3
QUICK_END_S = 5.0
SOUND_AFTER_S = 60.0


class Reflector:
    """Keeps one kind's shelf true, and says how well it can (``error``, ``is_synced``, ``heard_at``)."""

    def __init__(  # noqa: PLR0913 - its place in the cluster, told once in cluster.py
        self,
        kind: Kind,
        namespace: str | None,
        *,
        connection: Connection,
        link: Link,
        catalog: Catalog,
        streaming: StreamingLists,
        shelves: Shelves,
        outbox: Outbox,
        permits: ListPermits,
        started_at: datetime,
        silent_after_s: float,
        on_listed: Callable[["Reflector"], None],
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.is_synced = False
        self.was_listed = False
        self.is_served = True
        self.is_forbidden = False
        self.is_settled = anyio.Event()
        """Set by the first complete list, or by the first reason why there is none."""
        self.error: str | None = None
        self.heard_at: datetime | None = None
        self.relists = 0
        self._connection = connection
        self._link = link
        self._catalog = catalog
        self._streaming = streaming
        self._path = ""
        self._keeping = Keeping(kind, namespace, shelves, outbox)
        self._outbox = outbox
        self._permits = permits
        self._started_at = started_at
        self._on_listed = on_listed
        self._version = ""
        self._page_size = PAGE_SIZE
        self._vigil = Vigil(silent_after_s)
        self._watching: anyio.CancelScope | None = None
        self._initial: Initial | None = None
        self._backoff = Backoff()
        self._damage = Backoff()
        """For frames that cannot be read: not reset by good ones in between."""

    async def run(self) -> None:
        """List and watch until cancelled. Every failure is told in ``error`` or by the link, and tried again."""
        while True:
            await self._link.wait_up()
            try:
                pause_s = await self._once()
            except SourceError as error:
                pause_s = await self._failed(error)
            await anyio.sleep(pause_s)

    async def _once(self) -> float:
        """List if one is due, and watch until that ends; how long to wait before the next."""
        if self._version:
            return await self._watch()
        self._path = await self._catalog.path_of(self.kind, self.namespace)
        if self._streaming.are_offered(self._link.version):
            try:
                return await self._watch()
            except RefusedError:
                # It has no streaming lists, whatever its version says: in pages, then.
                self._streaming.is_refused = True
        await self._list()
        return await self._watch()

    async def _failed(self, error: SourceError) -> float:  # noqa: PLR0911 - a table, first match wins
        """Note why it failed; how long to wait before trying again."""
        if isinstance(error, UnreachableError | UnauthorizedError):
            # One probe decides for all watches of the cluster whether it is down.
            await self._link.ask()
            return self._backoff.next_s() if self._link.is_up else 0.0
        if isinstance(error, ExpiredError):
            self._must_list()
            return self._backoff.next_s() if self._backoff.tries else self._backoff.next_s() / 5
        if isinstance(error, GarbledError):
            self._must_list()
            self._say(str(error))
            return self._damage.next_s()
        is_refused = isinstance(error, ForbiddenError | MissingError | RefusedError)
        if is_refused and self._catalog.falls_back(self.kind, self.namespace, self._path):
            self._must_list()
            return 0.0
        if isinstance(error, TooLargeError):
            self._page_size = max(1, self._page_size // 10)
        if isinstance(error, ForbiddenError):
            self.is_forbidden = True
            self._say(self._forbidden(error))
            return jittered(FORBIDDEN_AGAIN_S)
        if isinstance(error, NotServedError) or (isinstance(error, MissingError) and not self.kind.is_base):
            self.is_served = False
            self._must_list()
            self._say(NOT_SERVED)
            return jittered(NOT_SERVED_AGAIN_S)
        self._say(str(error))
        if self._backoff.tries >= TRIES_BEFORE_LIST:
            # Whatever it is, it may be about the version that is asked for.
            self._must_list()
        return self._backoff.next_s(_retry_after_s(error))

    def compare(self, version: int) -> None:
        """A probe saw this version of the source. A watch that stays silent through several while it moves is lost."""
        # Held up by the agent is not silent.
        may_be_silent = self._watching is None or self._outbox.is_full
        if self._vigil.is_lost(self._version, version, may_be_silent=may_be_silent):
            self.start_over()

    def start_over(self) -> None:
        """List again, and look at each object: the source is not where it was."""
        self._keeping.trusts_versions = False
        self._must_list()
        self.drop_watch()

    def vouch(self) -> None:
        """A probe was answered: an open watch that nothing speaks against counts as heard."""
        if self._watching is not None and not self._vigil.is_doubtful:
            self.heard_at = self._vigil.heard_at(now_utc())

    def drop_watch(self) -> None:
        """End the watch that is open now; it goes on from the last version, or with a list if one is due."""
        if self._watching is not None:
            self._watching.cancel()

    # --- list ---

    async def _list(self) -> None:
        async with self._permits.one():
            seen: set[str] = set()
            moment = Moment(now_utc(), self._started_at, is_first_list=not self.was_listed)
            token, news, unread = "", 0, 0
            while True:
                page, unread_here = await self._page(token)
                news_here, odd = await self._take_items(page.items or (), seen, moment)
                news += news_here
                unread += unread_here + odd
                token = page.metadata.continue_ or ""
                if not token:
                    break
        # With an item that could not be read nobody knows which one is missing.
        self._listed(seen if not unread else None, page.metadata.resource_version, news)

    def _listed(self, seen: set[str] | None, version: str, news: int) -> None:
        """The shelf is what the source has: forget what was not ``seen`` (None: not known)."""
        if seen is not None:
            news += self._keeping.take_away(seen, version, now_utc())
        if news:
            self._vigil.had_lost()
        self._version = version
        self._keeping.trusts_versions = True
        self.relists += self.was_listed
        self.was_listed = self.is_synced = self.is_served = True
        self.is_forbidden = False
        self.error = None
        self.is_settled.set()
        self._on_listed(self)

    async def _page(self, token: str) -> tuple[Page[Any], int]:
        """One page, and how many of its items could not be read."""
        parameters: dict[str, str | int] = {"limit": self._page_size, **self.kind.parameters}
        if token:
            parameters["continue"] = token
        body = await self._connection.get(self._path, parameters, accept=self.kind.accept(list_=True))
        self._heard()
        try:
            page, unread = read_page(self.kind, body, is_again=self.was_listed)
        except GarbledError:
            self._outbox.dropped("undecodable")
            raise
        for _ in range(unread):
            self._outbox.dropped("undecodable")
        return page, unread

    async def _take_items(self, items: Sequence[Any], seen: set[str], moment: Moment) -> tuple[int, int]:
        """Take a page, letting others run in between; how many observations it gave, and how many cannot be read."""
        news = unread = 0
        for start in range(0, len(items), ITEMS_PER_BREATH):
            told, odd = self._keeping.take_listed(items[start : start + ITEMS_PER_BREATH], seen, moment)
            news, unread = news + told, unread + odd
            await self._outbox.room()
        return news, unread

    # --- watch ---

    async def _watch(self) -> float:
        """Follow from the last version until the watch ends; how long to wait before the next.

        Without a version it begins with a list, which holds its turn until it is complete.
        """
        began, lived_s = anyio.current_time(), 0.0
        with anyio.CancelScope() as scope:
            self._watching = scope
            try:
                async with AsyncExitStack() as turn:
                    self._initial = None if self._version else Initial(turn)
                    if self._initial is not None:
                        await turn.enter_async_context(self._permits.one())
                    await self._stream()
            finally:
                self._watching = self._initial = None
                lived_s = anyio.current_time() - began
                if lived_s > SOUND_AFTER_S:
                    self._damage.reset()
                if lived_s > QUICK_END_S:
                    self._backoff.reset()
        if scope.cancelled_caught or lived_s > QUICK_END_S:
            return jittered(0.1)
        return self._backoff.next_s()

    async def _stream(self) -> None:
        timeout_s = random.randint(240, 300)  # noqa: S311 - so that not all watches end at once
        parameters: dict[str, str | int] = {
            "watch": "true",
            **({"resourceVersion": self._version} if self._initial is None else PARAMETERS),
            "allowWatchBookmarks": "true",
            "timeoutSeconds": timeout_s,
            **self.kind.parameters,
        }
        has_silence = self._vigil.sends_bookmarks and self._initial is None
        silence_s = self._vigil.bookmark_silence_s if has_silence else timeout_s + 15.0
        accept = self.kind.accept(list_=False)
        async with self._connection.stream(self._path, parameters, silence_s, accept=accept) as chunks:
            if self._initial is None:
                self._say(None)
                self.is_forbidden = False
            await self._follow(chunks)

    async def _follow(self, chunks: AsyncIterator[bytes]) -> None:
        """Take every frame; those that came with one damaged are told again by the list that it makes necessary."""
        lines, frames = Lines(), 0
        async for chunk in chunks:
            self._heard()
            is_first_list = self._initial is not None and not self.was_listed
            moment = Moment(now_utc(), self._started_at, is_first_list=is_first_list)
            try:
                for line in lines.of(chunk):
                    frames += 1
                    self._take_line(line, moment)
                while lines.left_out:
                    lines.left_out -= 1
                    self._not_taken("too_large")
            except GarbledError:
                self._outbox.dropped("undecodable")
                raise
            if self._initial is not None and self._initial.is_complete:
                await self._initial.turn.aclose()
                self._initial = None
            if frames >= FRAMES_PER_BREATH or self._outbox.is_full:
                frames = 0
                await self._outbox.room()

    def _take_line(self, line: Line, moment: Moment) -> None:
        try:
            frame = read_frame(self.kind, line)
        except OddObjectError as error:
            self._not_taken("undecodable")
            version = error.version
        else:
            version = frame.object.metadata.resource_version
            if self._initial is not None and not self._initial.is_complete:
                self._take_initial(frame, line, moment)
                return
            self._take_frame(frame, moment)
        self._backoff.reset()
        # Where an unfinished list would go on nobody knows.
        if self._version:
            self._version = _later(self._version, version)

    def _not_taken(self, reason: str) -> None:
        self._outbox.dropped(reason)
        if self._initial is not None:
            self._initial.unread += 1

    def _take_initial(self, frame: Frame[Any], line: Line, moment: Moment) -> None:
        """A frame of the list that a watch begins with."""
        initial = self._initial
        assert initial is not None  # noqa: S101 - asked just before
        if frame.type == "BOOKMARK":
            if is_end(line):
                # Says nothing of bookmarks later on: kinds without a watch cache send none.
                initial.is_complete = True
                seen = None if initial.unread else initial.seen
                self._listed(seen, frame.object.metadata.resource_version, initial.news)
        elif frame.type == "DELETED":
            initial.lost(frame.object.metadata)
            self._keeping.take_deleted(frame.object.metadata, moment)
        else:
            initial.saw(frame.object.metadata)
            initial.news += self._keeping.take(frame.object, moment)

    def _take_frame(self, frame: Frame[Any], moment: Moment) -> None:
        if frame.type == "BOOKMARK":
            self._vigil.sends_bookmarks = True
        elif frame.type == "DELETED":
            self._keeping.take_deleted(frame.object.metadata, moment)
        else:
            self._keeping.take_changed(frame.object, moment)

    # --- what it says of itself ---

    def _heard(self) -> None:
        self.heard_at = self._vigil.told_at = now_utc()
        self._link.heard(self.heard_at)

    def _must_list(self) -> None:
        self._version = ""
        self.is_synced = False

    def _say(self, error: str | None) -> None:
        if error is not None:
            self.is_settled.set()
        if error != self.error:
            self.error = error
            self._outbox.tell_standing()

    def _forbidden(self, error: ForbiddenError) -> str:
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        needs = f"get, list, watch on {self.kind.name}" + (f" {where}" if self.kind.is_namespaced else "")
        return f"forbidden: {error}; it needs {needs}"


def _later(one: str, other: str) -> str:
    """The newer of two versions: a frame that is sent again must not turn back where the next watch begins."""
    if one.isdecimal() and other.isdecimal():
        # As numbers, without making two of each frame.
        return one if len(one) > len(other) or (len(one) == len(other) and one > other) else other
    return other or one


def _retry_after_s(error: SourceError) -> float:
    return error.retry_after.total_seconds() if error.retry_after is not None else 0.0

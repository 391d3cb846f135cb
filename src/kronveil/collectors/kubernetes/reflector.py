"""One kind in one namespace (or all): a paged list, then a watch from its version, for ever.

What it reads goes through the kind's translation into the outbox. A lost watch goes on from the last version; a
version that is gone, or a frame that cannot be read, is healed by a new list, compared with what is kept.
"""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, NoReturn

import anyio
import anyio.lowlevel
import msgspec

from kronveil.collectors.kubernetes.backoff import Backoff, jittered
from kronveil.collectors.kubernetes.connect import Connection
from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.link import Link, now_utc
from kronveil.collectors.kubernetes.outbox import Outbox
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, gone, version_of
from kronveil.collectors.kubernetes.trouble import (
    AnswerError,
    BusyError,
    ExpiredError,
    ForbiddenError,
    GarbledError,
    SourceError,
    UnauthorizedError,
    UnreachableError,
)
from kronveil.collectors.kubernetes.wire import (
    Metadata,
    Page,
    decode_any_page,
    decode_error_frame,
    decode_named_frame,
)

PAGE_SIZE = 500
ITEMS_PER_BREATH = 100
LISTS_AT_ONCE = 4
LISTS_OF_A_CLUSTER = 2
LONGEST_LINE = 32 * 1024 * 1024
FORBIDDEN_AGAIN_S = 30.0
SILENT_PROBES = 5  # at the usual 15 s: longer than the minute in which a bookmark is due
MOST_SILENT_PROBES = 20
QUICK_END_S = 5.0
SOUND_AFTER_S = 60.0
BOOKMARK_SILENCE_S = 150.0

_list_permits: anyio.lowlevel.RunVar[anyio.Semaphore] = anyio.lowlevel.RunVar("kronveil_list_permits")


class Reflector:
    """Keeps one kind's shelf true, and says how well it can (``error``, ``is_synced``, ``heard_at``)."""

    def __init__(  # noqa: PLR0913 - its place in the cluster, told once in cluster.py
        self,
        kind: Kind,
        namespace: str | None,
        *,
        connection: Connection,
        link: Link,
        shelves: Shelves,
        outbox: Outbox,
        cluster_permits: anyio.Semaphore,
        started_at: datetime,
        on_listed: Callable[["Reflector"], None],
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.is_synced = False
        self.was_listed = False
        self.is_settled = anyio.Event()
        """Set by the first complete list, or by the first reason why there is none."""
        self.error: str | None = None
        self.heard_at: datetime | None = None
        self.relists = 0
        self._connection = connection
        self._link = link
        self._shelves = shelves
        self._shelf = shelves.of(kind.name)
        self._outbox = outbox
        self._cluster_permits = cluster_permits
        self._started_at = started_at
        self._on_listed = on_listed
        self._version = ""
        self._silence_allowed = SILENT_PROBES
        self._silent_probes = 0
        self._sends_bookmarks = False
        self._watching: anyio.CancelScope | None = None
        self._backoff = Backoff()
        self._damage = Backoff()
        """For frames that cannot be read: not reset by good ones in between."""

    @property
    def count(self) -> int:
        """How many objects are kept."""
        if self.namespace is None:
            return len(self._shelf)
        return sum(kept.resource.namespace == self.namespace for kept in self._shelf.values())

    async def run(self) -> None:
        """List and watch until cancelled. Every failure is told in ``error`` or by the link, and tried again."""
        while True:
            await self._link.wait_up()
            try:
                if not self._version:
                    await self._list()
                pause_s = await self._watch()
            except SourceError as error:
                pause_s = await self._failed(error)
            await anyio.sleep(pause_s)

    async def _failed(self, error: SourceError) -> float:
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
        if isinstance(error, ForbiddenError):
            self._say(self._forbidden(error))
            return jittered(FORBIDDEN_AGAIN_S)
        self._say(str(error))
        return self._backoff.next_s(_retry_after_s(error))

    def saw_version(self, version: int) -> None:
        """A probe saw this version of the source. A watch that stays silent through several while it moves is lost."""
        seen = int(self._version) if self._version.isdecimal() else version
        # Held up by the agent is not silent.
        if self._watching is None or self._outbox.is_full or version <= seen:
            self._silent_probes = 0
            return
        self._silent_probes += 1
        if self._silent_probes > self._silence_allowed:
            # Versions also move by what other kinds do: unless the list shows a loss, be more patient from now on.
            self._silence_allowed = min(self._silence_allowed * 2, MOST_SILENT_PROBES)
            self._must_list()
            self.drop_watch()

    def drop_watch(self) -> None:
        """End the watch that is open now; it goes on from the last version, or with a list if one is due."""
        if self._watching is not None:
            self._watching.cancel()

    # --- list ---

    async def _list(self) -> None:
        async with self._cluster_permits, _permits():
            seen: set[str] = set()
            is_certain, token, news = True, "", 0
            while True:
                page, is_certain_page = await self._page(token)
                is_certain = is_certain and is_certain_page
                news += await self._take_items(page.items or (), seen)
                token = page.metadata.continue_ or ""
                if not token:
                    break
        version = page.metadata.resource_version
        if is_certain:
            news += self._take_away(seen, version)
        if news:
            self._silence_allowed = SILENT_PROBES
        self._version = version
        self._listed()

    def _listed(self) -> None:
        """The shelf is what the source has."""
        self.relists += self.was_listed
        self.was_listed = self.is_synced = True
        self.error = None
        self.is_settled.set()
        self._on_listed(self)

    async def _page(self, token: str) -> tuple[Page[Any], bool]:
        """One page, and whether every item in it could be told by its uid."""
        parameters: dict[str, str | int] = {"limit": PAGE_SIZE, **self.kind.parameters}
        if token:
            parameters["continue"] = token
        body = await self._connection.get(self.kind.path_in(self.namespace), parameters)
        self._heard()
        try:
            return self.kind.decode_page(body), True
        except msgspec.DecodeError:
            return self._salvage(body)

    def _salvage(self, body: bytes) -> tuple[Page[Any], bool]:
        """The items that can be read, one by one: an odd one costs only itself, and is not taken for deleted."""
        try:
            raw = decode_any_page(body)
        except msgspec.DecodeError:
            self._outbox.dropped("undecodable")
            raise GarbledError(f"{self.kind.name}: the list cannot be read") from None
        items: list[Any] = []
        is_certain = True
        for item in raw.items or ():
            try:
                items.append(self.kind.decode_object(item))
            except msgspec.DecodeError:
                self._outbox.dropped("undecodable")
                is_certain = False
        return Page(raw.metadata, items), is_certain

    async def _take_items(self, items: Sequence[Any], seen: set[str]) -> int:
        """Translate a page; how many observations it gave."""
        moment = self._moment(is_first_list=not self.was_listed)
        news = 0
        for number, item in enumerate(items, 1):
            seen.add(item.metadata.uid)
            news += self._take(item, self._shelf.get(item.metadata.uid), moment)
            if number % ITEMS_PER_BREATH == 0:
                await self._outbox.room()
        await self._outbox.room()
        return news

    def _take(self, item: Any, before: Kept | None, moment: Moment) -> bool:
        """Keep an object; whether there was something to report."""
        kept, observation = self.kind.translate(item, before, self._shelves, moment)
        if kept is not before:
            self._shelf[kept.resource.uid] = kept
        if observation is None:
            self._outbox.unchanged()
            return False
        self._outbox.observed(observation)
        return True

    def _take_away(self, seen: set[str], version: str) -> int:
        """What is kept and was not in a complete list was deleted meanwhile; how many."""
        missing = [uid for uid, kept in self._shelf.items() if uid not in seen and self._is_mine(kept)]
        now = now_utc()
        for uid in missing:
            kept = self._shelves.remove(self.kind.name, uid)
            if kept is not None and self.kind.is_told_gone:
                self._outbox.unsourced(gone(kept, version, now, "deleted while it was not watched"))
        return len(missing)

    def _is_mine(self, kept: Kept) -> bool:
        return self.namespace is None or kept.resource.namespace == self.namespace

    # --- watch ---

    async def _watch(self) -> float:
        """Follow from the last version until the watch ends; how long to wait before the next."""
        began = anyio.current_time()
        timeout_s = random.randint(240, 300)  # noqa: S311 - so that not all watches end at once
        parameters: dict[str, str | int] = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": timeout_s,
            **self.kind.parameters,
        }
        silence_s = BOOKMARK_SILENCE_S if self._sends_bookmarks else timeout_s + 15.0
        path = self.kind.path_in(self.namespace)
        with anyio.CancelScope() as scope:
            self._watching = scope
            try:
                async with self._connection.stream(path, parameters, silence_s) as chunks:
                    self._say(None)
                    await self._follow(chunks)
            finally:
                self._watching = None
                lived_s = anyio.current_time() - began
                if lived_s > SOUND_AFTER_S:
                    self._damage.reset()
                if lived_s > QUICK_END_S:
                    self._backoff.reset()
        if scope.cancelled_caught or lived_s > QUICK_END_S:
            return jittered(0.1)
        return self._backoff.next_s()

    async def _follow(self, chunks: AsyncIterator[bytes]) -> None:
        """Take every whole line. Half a line at the end is not a frame: it comes again with the next watch."""
        rest = b""
        async for chunk in chunks:
            self._heard()
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            if len(rest) > LONGEST_LINE:
                self._damaged()
            moment = self._moment()
            for line in lines:
                if line.strip():
                    self._take_frame(line, moment)
            await self._outbox.room()

    def _take_frame(self, line: bytes, moment: Moment) -> None:
        try:
            frame = self.kind.decode_frame(line)
        except msgspec.DecodeError:
            self._take_odd_frame(line)
            return
        metadata = frame.object.metadata
        if frame.type == "BOOKMARK":
            self._sends_bookmarks = True
        elif frame.type == "DELETED":
            self._take_deleted(metadata, moment)
        elif frame.type in ("ADDED", "MODIFIED"):
            before = self._shelf.get(metadata.uid)
            if before is not None and version_of(metadata) < before.version:
                # Sent again, or out of order: what is kept is newer.
                self._outbox.unchanged()
                return
            self._take(frame.object, before, moment)
        else:
            self._take_odd_frame(line)
            return
        self._backoff.reset()
        self._version = metadata.resource_version or self._version

    def _take_deleted(self, metadata: Metadata, moment: Moment) -> None:
        kept = self._shelves.remove(self.kind.name, metadata.uid)
        if kept is None or not self.kind.is_told_gone:
            self._outbox.unchanged()
            return
        self._outbox.observed(gone(kept, metadata.resource_version, moment.now))

    def _take_odd_frame(self, line: bytes) -> None:
        """The server's own error, an object with a field of a wrong type, or a damaged line."""
        try:
            frame = decode_error_frame(line)
        except msgspec.DecodeError:
            frame = None
        if frame is not None and frame.type == "ERROR":
            words = f"{frame.object.reason or 'error'}: {frame.object.message or 'no reason given'}"
            if frame.object.code == 410 or frame.object.reason in ("Expired", "Gone"):
                raise ExpiredError(words)
            raise AnswerError(f"{self.kind.name}: the API server ended the watch: {words}")
        try:
            version = decode_named_frame(line).object.metadata.resource_version
        except msgspec.DecodeError:
            self._damaged()
        # Whole, but not as such an object is: it costs only itself.
        self._outbox.dropped("undecodable")
        self._version = version or self._version

    def _damaged(self) -> NoReturn:
        """What the lost line said is not known: only a new list can tell."""
        self._outbox.dropped("undecodable")
        raise GarbledError(f"{self.kind.name}: a frame of the watch cannot be read; listing again")

    # --- what it says of itself ---

    def _moment(self, *, is_first_list: bool = False) -> Moment:
        return Moment(now_utc(), self._started_at, is_first_list)

    def _heard(self) -> None:
        self.heard_at = now_utc()
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


def _permits() -> anyio.Semaphore:
    """One for the whole process: lists are the peak of memory and processor time."""
    try:
        return _list_permits.get()
    except LookupError:
        permits = anyio.Semaphore(LISTS_AT_ONCE)
        _list_permits.set(permits)
        return permits


def _retry_after_s(error: SourceError) -> float:
    if isinstance(error, BusyError) and error.retry_after is not None:
        return error.retry_after.total_seconds()
    return 0.0

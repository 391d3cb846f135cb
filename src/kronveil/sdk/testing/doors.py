"""Doors for tests of actions: they count what was written through them, and lose an answer when told to."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import anyio

from kronveil.sdk.actions import ClusterDoor, Doors, Reply
from kronveil.sdk.errors import Transient

_ASKS_ONLY = ("/selfsubjectaccessreviews", "/selfsubjectreviews")


class WatchedDoors:
    """Doors before other doors. ``acts`` counts writes that the API server took, rehearsals left out."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self.acts = 0
        self.loses_next_answer = False
        self.hangs_after_next_act = False

    @asynccontextmanager
    async def open(self, cluster: str) -> AsyncGenerator[ClusterDoor]:
        """See ``Doors.open``."""
        async with self._doors.open(cluster) as door:
            yield _WatchedDoor(self, door)


class _WatchedDoor:
    def __init__(self, watch: WatchedDoors, door: ClusterDoor) -> None:
        self._watch = watch
        self._door = door

    async def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> Reply:
        """See ``ClusterDoor.ask``."""
        watch = self._watch
        reply = await self._door.ask(method, path, parameters=parameters, body=body, content_type=content_type)
        if method == "GET" or path.endswith(_ASKS_ONLY) or _is_rehearsal(parameters, body) or reply.status >= 300:
            return reply
        watch.acts += 1
        if watch.hangs_after_next_act:
            watch.hangs_after_next_act = False
            await anyio.sleep_forever()
        if watch.loses_next_answer:
            watch.loses_next_answer = False
            raise Transient("the connection broke before the answer came")
        return reply


def _is_rehearsal(parameters: Mapping[str, str] | None, body: bytes | None) -> bool:
    return "dryRun" in (parameters or {}) or b'"dryRun": ["All"]' in (body or b"")

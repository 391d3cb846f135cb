"""What a cluster serves: which versions of which API groups, asked once and again when something was missing."""

import anyio
import msgspec

from kronveil.collectors.kubernetes.connect import Connection
from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.trouble import SourceError, UnauthorizedError, UnreachableError
from kronveil.collectors.kubernetes.wire_platform import decode_groups

NEW_AFTER_S = 240.0
NOT_SERVED = "not served by this cluster"


class NotServedError(SourceError):
    """The cluster has no such resource."""

    def __init__(self) -> None:
        super().__init__(NOT_SERVED)


class Catalog:
    """One for each cluster. Who asks while it is being read waits for that."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = anyio.Lock()
        self._groups: dict[str, frozenset[str]] | None = None
        self._read_at: float | None = None

    async def version_of(self, kind: Kind) -> str:
        """The newest version of a kind that both sides know. Raises NotServedError when there is none.

        The base kinds have had one version for years: they need no question.
        """
        if kind.is_base or not kind.group:
            return kind.versions[0]
        await self._refresh()
        if self._groups is None:
            return kind.versions[0]
        served = self._groups.get(kind.group, frozenset())
        for version in kind.versions:
            if version in served:
                return version
        raise NotServedError

    async def _refresh(self) -> None:
        async with self._lock:
            now = anyio.current_time()
            if self._read_at is not None and now - self._read_at < NEW_AFTER_S:
                return
            try:
                found = decode_groups(await self._connection.get("/apis")).groups
            except (UnreachableError, UnauthorizedError):
                raise
            except (SourceError, msgspec.DecodeError):
                # Whoever may not ask finds out by trying.
                found = None
            self._groups = (
                {group.name: frozenset(one.version for one in group.versions) for group in found} if found else None
            )
            self._read_at = now

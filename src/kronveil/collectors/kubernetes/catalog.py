"""What a cluster serves: which versions of which API groups, asked once and again when something was missing."""

from collections.abc import Sequence

import anyio
import msgspec

from kronveil.collectors.kubernetes.connect import Connection
from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.trouble import (
    AnswerError,
    GarbledError,
    MissingError,
    SourceError,
    UnauthorizedError,
    UnreachableError,
)
from kronveil.collectors.kubernetes.wire_platform import decode_groups, decode_resources

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
        self._groups: dict[str, tuple[str, ...]] | None = None
        """By group, the versions as the server prefers them."""
        self._read_at: float | None = None
        self._kept_to_older: set[str] = set()

    async def path_of(self, kind: Kind, namespace: str | None) -> str:
        """Where a kind is read: in its newer form where that is served and was not refused. Never in both, so that
        nothing is told twice. Raises NotServedError when it is nowhere."""
        if kind.newer_form and kind.name not in self._kept_to_older:
            await self._refresh()
            group, _, version = kind.newer_form.partition("/")
            if version in (self._groups or {}).get(group, ()):
                return kind.newer_path_in(namespace)
        return kind.path_in(namespace, await self.version_of(kind))

    def falls_back(self, kind: Kind, namespace: str | None, path: str) -> bool:
        """Whether a kind that was refused at ``path`` is read in its older form from now on: rights may name only
        that."""
        if not kind.newer_form or path != kind.newer_path_in(namespace):
            return False
        self._kept_to_older.add(kind.name)
        return True

    async def version_of(self, kind: Kind) -> str:
        """The newest version of a kind that both sides know. Raises NotServedError when there is none.

        The base kinds have had one version for years: they need no question.
        """
        if kind.is_base or not kind.group:
            return kind.versions[0]
        await self._refresh()
        if self._groups is None and kind.versions:
            return kind.versions[0]
        served = (self._groups or {}).get(kind.group, ())
        wanted = [version for version in kind.versions or served if version in served]
        if kind.is_named:
            return await self._version_with(kind, wanted)
        if wanted:
            return wanted[0]
        raise NotServedError

    async def _version_with(self, kind: Kind, versions: Sequence[str]) -> str:
        """The first of the versions that has this very resource: a group may serve each in another one."""
        for version in versions:
            path = f"/apis/{kind.group}/{version}"
            try:
                found = decode_resources(await self._connection.get(path)).resources or ()
            except MissingError:
                continue
            except msgspec.DecodeError:
                raise GarbledError(f"{kind.name}: what {path} answers cannot be read") from None
            for resource in found:
                if resource.name == kind.resource:
                    self._check(kind, is_namespaced=resource.namespaced)
                    return version
        raise NotServedError

    @staticmethod
    def _check(kind: Kind, *, is_namespaced: bool) -> None:
        if is_namespaced != kind.is_namespaced:
            words = "are in namespaces" if is_namespaced else "are not in namespaces"
            right = str(is_namespaced).lower()
            raise AnswerError(f"{kind.name} {words} here. Write namespaced: {right} in custom_resources")

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
                {group.name: tuple([one.version for one in group.versions]) for group in found} if found else None
            )
            self._read_at = now

"""The way in for actions: each cluster's API server under the identity that may write there, never the reading one."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, open_connection
from kronveil.collectors.kubernetes.trouble import SourceError
from kronveil.sdk.actions import Reply
from kronveil.sdk.errors import Permanent, Transient


class Door:
    """``kronveil.sdk.actions.ClusterDoor`` over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        try:
            status, answer = await self._connection.exchange(
                method, path, parameters, body=body, content_type=content_type
            )
        except SourceError as error:
            raise Transient(str(error)) from None
        return Reply(status, answer)


class KubernetesDoors:
    """``kronveil.sdk.actions.Doors`` of the clusters that are configured; asked anew each time, for they may change."""

    def __init__(self, clusters: Callable[[], Mapping[str, ClusterConfig]]) -> None:
        self._clusters = clusters

    @asynccontextmanager
    async def open(self, cluster: str) -> AsyncIterator[Door]:
        """See ``Doors.open``."""
        config = self._clusters().get(cluster)
        if config is None:
            raise Permanent(f"{cluster} is not among the configured clusters")
        if config.write is None:
            raise Permanent(
                f"{cluster} has no identity that may write: give it one in the configuration "
                "(collectors.kubernetes.clusters[].write: {kubeconfig_path: ..., context: ...})"
            )
        own = replace(
            config,
            kubeconfig_path=config.write.kubeconfig_path or config.kubeconfig_path,
            context=config.write.context or config.context,
        )
        async with open_connection(own) as connection:
            yield Door(connection)

"""The way in for actions: each cluster's API server under the identity that may write there, never the reading one."""

import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, open_connection
from kronveil.collectors.kubernetes.trouble import SourceError
from kronveil.sdk.actions import Reply
from kronveil.sdk.errors import Permanent, Transient

LONGEST_WARNING = 300
MOST_WARNINGS = 10
_WARNING = re.compile(r'\s*299\s+\S+\s+"((?:[^"\\]|\\.)*)"')


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
            status, answer, warnings = await self._connection.exchange(
                method, path, parameters, body=body, content_type=content_type
            )
        except SourceError as error:
            raise Transient(str(error)) from None
        return Reply(status, answer, warnings_in(warnings))


def warnings_in(headers: Iterable[str]) -> tuple[str, ...]:
    """The words of Warning headers (``299 - "words"``), each once, shortened: a webhook wrote them."""
    found = [_WARNING.match(each) for each in headers]
    words = [" ".join(re.sub(r"\\(.)", r"\1", each.group(1)).split())[:LONGEST_WARNING] for each in found if each]
    return tuple(dict.fromkeys(words))[:MOST_WARNINGS]


class KubernetesDoors:
    """``kronveil.sdk.actions.Doors`` of the clusters that are configured; asked anew each time, for they may change."""

    def __init__(self, clusters: Callable[[], Mapping[str, ClusterConfig]]) -> None:
        self._clusters = clusters

    @asynccontextmanager
    async def open(self, cluster: str) -> AsyncGenerator[Door]:
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

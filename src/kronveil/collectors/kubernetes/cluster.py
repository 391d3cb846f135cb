"""The collector of one cluster: its link, its reflectors and its outbox, and what they know together."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import anyio

from kronveil.collectors.kubernetes.catalog import Catalog
from kronveil.collectors.kubernetes.config import DEFAULT_SILENT_AFTER, ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, now_utc, open_connection
from kronveil.collectors.kubernetes.custom import kinds_of
from kronveil.collectors.kubernetes.initial import StreamingLists
from kronveil.collectors.kubernetes.inventory import pod_lines, workload_lines
from kronveil.collectors.kubernetes.link import Link
from kronveil.collectors.kubernetes.metrics import MetricsReader
from kronveil.collectors.kubernetes.outbox import Outbox
from kronveil.collectors.kubernetes.permits import ListPermits
from kronveil.collectors.kubernetes.reflector import Reflector
from kronveil.collectors.kubernetes.translate.kept import Shelves
from kronveil.collectors.kubernetes.translate.nodes import region_of
from kronveil.collectors.kubernetes.trouble import SourceError
from kronveil.model.facts import ListedFacts
from kronveil.model.fleet import KindStanding, Standing
from kronveil.model.inventory import PodLine, WorkloadLine
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource
from kronveil.sdk.contracts import Component, Emit
from kronveil.sdk.errors import Transient

OWNERS_FIRST_S = 5.0
"""How long a kind waits for each of those that it builds on."""
REGION_AGAIN_S = 10.0


class ClusterCollector:
    """Watches one cluster until cancelled. Whatever fails at the source is told in the standing and tried again."""

    def __init__(self, config: ClusterConfig, connection: Connection) -> None:
        self._config = config
        self._connection = connection
        self._started_at = now_utc()
        self._shelves = Shelves()
        self._outbox = Outbox(self._standing)
        self._link = Link(
            connection,
            config,
            on_change=self._outbox.standing_changed,
            on_news=self._outbox.tell_standing,
            on_version=self._saw_version,
            on_down=self._went_down,
        )
        self._metrics = MetricsReader(config, connection, self._link, self._shelves, self._outbox.standing_changed)
        permits = ListPermits()
        catalog = Catalog(connection)
        streaming = StreamingLists(is_wanted=config.streaming_lists)
        self._kinds = kinds_of(config)
        self._reflectors = [
            Reflector(
                kind,
                namespace,
                connection=connection,
                link=self._link,
                catalog=catalog,
                streaming=streaming,
                shelves=self._shelves,
                outbox=self._outbox,
                permits=permits,
                started_at=self._started_at,
                silent_after_s=(config.silent_after or DEFAULT_SILENT_AFTER).total_seconds(),
                on_listed=self._listed,
            )
            for kind in self._kinds
            for namespace in (config.namespaces if kind.is_namespaced and config.namespaces else (None,))
        ]
        self._by_kind: dict[str, list[Reflector]] = {}
        for reflector in self._reflectors:
            self._by_kind.setdefault(reflector.kind.name, []).append(reflector)
        self._region_found: str | None = None
        self._region_of = 0, 0.0
        self._told_listed: set[str] = set()
        self._version_seen = 0

    def __repr__(self) -> str:
        return f"ClusterCollector({self._config.name!r}, {self._connection.address!r})"

    async def run(self, emit: Emit) -> None:
        """See ``Collector.run``."""
        replaced = ""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._outbox.deliver, emit)
            tasks.start_soon(self._link.run)
            tasks.start_soon(self._metrics.run, emit)
            for reflector in self._reflectors:
                tasks.start_soon(self._follow, reflector)
            replaced = await self._link.wait_replaced()
            tasks.cancel_scope.cancel()
        # Nothing that is kept is true any more: opened again, it begins with a first list.
        raise Transient(replaced)

    async def probe(self) -> None:
        """See ``Collector.probe``."""
        try:
            await self._link.probe()
        except SourceError as error:
            raise Transient(str(error)) from None

    def pods(self) -> Iterator[PodLine]:
        """See ``Inventory.pods``."""
        return pod_lines(self._shelves)

    def workloads(self) -> Iterator[WorkloadLine]:
        """See ``Inventory.workloads``."""
        return workload_lines(self._shelves)

    async def _follow(self, reflector: Reflector) -> None:
        """Run a reflector, once those that it builds on know something, or after a short wait for them."""
        await self._link.wait_up()
        before = [other for other in self._reflectors if other.kind.name in reflector.kind.after]
        with anyio.move_on_after(OWNERS_FIRST_S * len(reflector.kind.after)):
            for other in before:
                await other.is_settled.wait()
        await reflector.run()

    def _saw_version(self, version: int) -> None:
        if 0 < version < self._version_seen:
            # A store that was restored from a backup counts from there, and watches would wait for what was.
            for reflector in self._reflectors:
                reflector.start_over()
        self._version_seen = version or self._version_seen
        for reflector in self._reflectors:
            if reflector.kind.name == "pods":
                reflector.compare(version)
            reflector.vouch()

    def _went_down(self) -> None:
        # A watch through a connection that is lost would stay silent for minutes.
        for reflector in self._reflectors:
            reflector.drop_watch()

    def _listed(self, reflector: Reflector) -> None:
        """Tell the first complete list of a kind, once it is complete in every namespace."""
        self._outbox.tell_standing()
        kind = reflector.kind
        if not kind.is_told or kind.name in self._told_listed:
            return
        if all(other.was_listed for other in self._of(kind.name)):
            self._told_listed.add(kind.name)
            cluster = Resource("Cluster", self._config.name, None, self._link.uid)
            started = self._started_at.isoformat()
            self._outbox.unsourced(
                Observation(
                    kind="list.completed",
                    at=now_utc(),
                    resource=cluster,
                    key=f"{self._link.uid or self._config.name}/{kind.name}@{started}",
                    facts=ListedFacts(kind.object_kind or kind.name, self._started_at),
                    message=f"{kind.name}: first list complete",
                )
            )

    def _of(self, kind: str) -> list[Reflector]:
        # Asked for each kind with each batch: no search.
        return self._by_kind[kind]

    def _standing(self) -> Standing:
        link = self._link
        # Of what only some clusters have installed nothing is said where it is not.
        told = [kind.name for kind in self._kinds if not kind.is_custom or self._is_served(kind.name)]
        kinds = {name: self._kind_standing(name) for name in told}
        return Standing(
            uid=link.uid,
            region=self._config.region or self._region(),
            version=link.version,
            heard_at=link.heard_at,
            error=link.error,
            pods=kinds["pods"].count,
            nodes=kinds["nodes"].count,
            kinds=kinds,
            tries=link.tries,
            next_try_at=link.next_try_at,
            relists=sum(reflector.relists for reflector in self._reflectors),
            skew_s=self._connection.skew_s,
            signals=self._metrics.standing,
        )

    def _kind_standing(self, kind: str) -> KindStanding:
        """The worst of its reflectors: in how many namespaces it is watched is ours to know."""
        reflectors = self._of(kind)
        errors = [reflector.error for reflector in reflectors if reflector.error]
        if kind == "namespaces" and self._link.uid_error:
            errors.append(self._link.uid_error)
        # Of a namespace that we may not read nothing can be heard.
        readable = [reflector for reflector in reflectors if not reflector.is_forbidden]
        heard = [reflector.heard_at for reflector in readable if reflector.heard_at]
        is_counted = all(reflector.was_listed for reflector in reflectors)
        return KindStanding(
            synced=all(reflector.is_synced for reflector in reflectors),
            count=len(self._shelves.of(kind)) if is_counted else None,
            heard_at=min(heard) if heard and len(heard) == len(readable) else None,
            error="; ".join(dict.fromkeys(errors)) or None,
            is_served=self._is_served(kind),
            # Whatever else goes wrong with one that was there is a lack, also of one that is not needed.
            is_needed=reflectors[0].kind.is_base
            or (reflectors[0].kind.is_named and self._is_served(kind))
            or any(one.was_listed and not one.is_forbidden for one in reflectors),
            is_forbidden=not readable,
        )

    def _is_served(self, kind: str) -> bool:
        return any(reflector.is_served for reflector in self._of(kind))

    def _region(self) -> str | None:
        """That of most nodes. Told with each batch, but looked for only now and then: there may be thousands."""
        nodes = self._shelves.of("nodes")
        count, until = self._region_of
        if len(nodes) != count or anyio.current_time() >= until:
            regions = Counter(region for kept in nodes.values() if (region := region_of(kept)))
            self._region_found = max(sorted(regions), key=regions.__getitem__) if regions else None
            self._region_of = len(nodes), anyio.current_time() + REGION_AGAIN_S
        return self._region_found


@asynccontextmanager
async def open_cluster(config: ClusterConfig) -> AsyncGenerator[ClusterCollector]:
    """Open the collector of one cluster. Raises Permanent when its kubeconfig cannot work, naming what is there."""
    async with open_connection(config) as connection:
        yield ClusterCollector(config, connection)


component = Component(
    name="kubernetes",
    summary="What runs in one Kubernetes cluster, what it stands on, its Warning events, and what was changed.",
    config=ClusterConfig,
    open=open_cluster,
    emits=frozenset(
        {
            "pod.changed",
            "node.changed",
            "workload.changed",
            "job.changed",
            "cronjob.changed",
            "claim.changed",
            "hpa.changed",
            "quota.changed",
            "budget.changed",
            "endpoints.changed",
            "certificate.changed",
            "sync.changed",
            "resource.changed",
            "config.changed",
            "kubernetes.warning",
            "object.gone",
            "list.completed",
        }
    ),
)

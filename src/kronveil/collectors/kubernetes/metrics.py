"""Reads what pods and nodes use, beside the reflectors: one small task a cluster that asks for it now and then.

Whatever fails here is told in its standing and never makes a cluster partial: without it, values are absent.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from random import uniform

import anyio
import anyio.lowlevel
import msgspec

from kronveil.collectors.kubernetes.config import DEFAULT_METRICS_INTERVAL, ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, now_utc
from kronveil.collectors.kubernetes.link import Link
from kronveil.collectors.kubernetes.translate.kept import Shelves
from kronveil.collectors.kubernetes.translate.usage import PodPlaces, node_samples, pod_samples, summary_samples
from kronveil.collectors.kubernetes.trouble import ForbiddenError, MissingError, SourceError
from kronveil.collectors.kubernetes.usage_sources import METRICS_API, Answers, ask_kubelets, ask_metrics_api
from kronveil.collectors.kubernetes.wire_metrics import decode_summary, read_node_metrics, read_pod_metrics
from kronveil.model.signal import Sample, Scrape, SignalStanding, SourceState
from kronveil.sdk.contracts import Batch, Emit

FIRST_AFTER_S = 2.0
"""The first lists come before: they say whose the pods are."""
LONGEST_READING_S = 30.0
SHORTEST_DEADLINE_S = 3.0
SAMPLES_PER_STEP = 500
SHORTEST_PAUSE_S = 0.1

_one_at_a_time: anyio.lowlevel.RunVar[anyio.Lock] = anyio.lowlevel.RunVar("kronveil_metrics_read_at_once")


class MetricsReader:
    """One for each cluster."""

    def __init__(
        self,
        config: ClusterConfig,
        connection: Connection,
        link: Link,
        shelves: Shelves,
        on_news: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._link = link
        self._shelves = shelves
        self._on_news = on_news
        self._namespaces = config.namespaces or (None,)
        self._interval_s = (config.metrics_interval or DEFAULT_METRICS_INTERVAL).total_seconds()
        self._deadline_s = min(max(self._interval_s, SHORTEST_DEADLINE_S), LONGEST_READING_S)
        self._is_wanted = config.metrics
        self._asks_kubelets = config.kubelet_summary
        state = SourceState.UNKNOWN if config.metrics else SourceState.OFF
        self.standing = SignalStanding(state, METRICS_API, None, None, self._interval_s)

    async def run(self, emit: Emit) -> None:
        """Read until cancelled, at even distances: a reading that took long does not delay the next."""
        if not self._is_wanted:
            return
        await self._link.wait_up()
        # Not all at once.
        await anyio.sleep(min(FIRST_AFTER_S, self._interval_s) * uniform(1, 2))  # noqa: S311 - chance is enough
        while True:
            await self._link.wait_up()
            began = anyio.current_time()
            await self._read(emit)
            due = began + self._interval_s * uniform(0.95, 1.0)  # noqa: S311
            await anyio.sleep(max(due - anyio.current_time(), SHORTEST_PAUSE_S))

    async def _read(self, emit: Emit) -> None:
        try:
            with anyio.fail_after(self._deadline_s):
                answers = await self._ask()
        except TimeoutError:
            self._failed(SourceState.FAILING, f"no whole answer within {self._deadline_s:g} s")
            return
        except MissingError:
            self._failed(SourceState.NOT_SERVED, f"the API group {METRICS_API} is not served")
            return
        except ForbiddenError as error:
            self._failed(SourceState.FORBIDDEN, str(error))
            return
        except SourceError as error:
            self._failed(SourceState.FAILING, str(error))
            return
        async with _lock():
            # One cluster after the other: what is decoded is many times as large as what came.
            try:
                scrape = await self._scrape(answers, now_utc())
            except msgspec.DecodeError:
                self._failed(SourceState.FAILING, f"what {answers.source} answers cannot be read")
                return
            self._say(SourceState.SERVED, answers.reason, now_utc(), answers.source)
            await emit(Batch(scrape=scrape))

    async def _ask(self) -> Answers:
        try:
            return await ask_metrics_api(self._connection, self._namespaces)
        except SourceError:
            nodes = [kept.resource.name for kept in self._shelves.of("nodes").values()]
            if not self._asks_kubelets or not nodes:
                raise
        return await ask_kubelets(self._connection, nodes)

    async def _scrape(self, answers: Answers, now: datetime) -> Scrape:
        dropped: Counter[str] = Counter()
        samples: list[Sample] = []
        places = PodPlaces(self._shelves)
        while answers.pods:
            items, unread = read_pod_metrics(answers.pods.pop(0))
            dropped["unreadable"] += unread
            for begin in range(0, len(items), SAMPLES_PER_STEP):
                samples += pod_samples(items[begin : begin + SAMPLES_PER_STEP], places, now, dropped)
                await anyio.lowlevel.checkpoint()
        while answers.summaries:
            samples += self._of_kubelet(answers.summaries.pop(0), places, now, dropped)
            await anyio.lowlevel.checkpoint()
        if answers.nodes is not None:
            items_of_nodes, unread = read_node_metrics(answers.nodes)
            dropped["unreadable"] += unread
            samples += node_samples(items_of_nodes, now, dropped)
        told = {why: count for why, count in dropped.items() if count}
        return Scrape(answers.source, int(now.timestamp()), self._interval_s, samples, told)

    def _of_kubelet(self, body: bytes, places: PodPlaces, now: datetime, dropped: Counter[str]) -> list[Sample]:
        """Of one kubelet among many: what cannot be read costs only itself."""
        try:
            summary = decode_summary(body)
        except msgspec.DecodeError:
            dropped["unreadable"] += 1
            return []
        wanted = None if self._namespaces == (None,) else self._namespaces
        return list(summary_samples(summary, places, wanted, now, dropped))

    def _failed(self, state: SourceState, reason: str) -> None:
        self._say(state, reason, self.standing.read_at)

    def _say(self, state: SourceState, reason: str | None, read_at: datetime | None, source: str | None = None) -> None:
        source = source or self.standing.source
        self.standing = replace(self.standing, state=state, reason=reason, read_at=read_at, source=source)
        self._on_news()


def _lock() -> anyio.Lock:
    try:
        return _one_at_a_time.get()
    except LookupError:
        lock = anyio.Lock()
        _one_at_a_time.set(lock)
        return lock

"""Prometheus metrics: read from the desk at each scrape, so that counting costs the event path nothing.

Label sets are bounded: collectors, configured clusters, severities, and the reasons that the code names.
"""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kronveil import __version__
from kronveil.agent.desk import Desk
from kronveil.agent.latency import BOUNDS_S, Latencies
from kronveil.model.event import Severity
from kronveil.model.fleet import ClusterState, Member
from kronveil.model.incident import IncidentStatus

COLLECTOR = "kubernetes"
_BY_CLUSTER = ("collector", "cluster")
_OVER = frozenset({IncidentStatus.RESOLVED, IncidentStatus.CLOSED})


def create_metrics_app(desk: Desk) -> Starlette:
    """``GET /metrics``, in the format that the scraper asks for."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DeskMetrics(desk))

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return Starlette(routes=[Route("/metrics", metrics)])


class DeskMetrics(Collector):
    """Every metric of the agent, as of the scrape."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before the first scrape, and names cannot clash in a registry of one."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Read the desk once and say what it says."""
        members, figures = self._desk.members(), self._desk.figures()
        build = GaugeMetricFamily("kronveil_build_info", "The running version.", labels=("version",))
        build.add_metric((__version__,), 1)
        yield build
        yield from _books(members)
        yield from _reach(members)
        yield self._incidents_open()
        yield self._policy_decisions()
        yield CounterMetricFamily("kronveil_incidents", "Incidents opened since the start.", figures.incidents_opened)
        yield GaugeMetricFamily("kronveil_queue_depth", "Observations waiting to be judged.", figures.queue_depth)
        yield GaugeMetricFamily(
            "kronveil_stream_clients", "Clients of the live stream.", self._desk.live.subscriber_count
        )
        yield _latency(figures.latencies)

    def _policy_decisions(self) -> Metric:
        metric = CounterMetricFamily(
            "kronveil_policy_decisions", "What the policy decided since the start.", labels=("point", "result")
        )
        for (point, result), count in sorted(self._desk.policy.counts.items()):
            metric.add_metric((point, result), count)
        return metric

    def _incidents_open(self) -> Metric:
        metric = GaugeMetricFamily("kronveil_incidents_open", "Incidents that are not over.", labels=("severity",))
        # One under another is not counted: the wider one stands for it.
        not_over = [each for each in self._desk.open_incidents() if each.status not in _OVER and each.parent_id is None]
        for severity in Severity:
            metric.add_metric((severity.value,), sum(each.severity is severity for each in not_over))
        return metric


def _books(members: Sequence[Member]) -> Iterator[Metric]:
    received = CounterMetricFamily("kronveil_events_received", "Frames and list items received.", labels=_BY_CLUSTER)
    delivered = CounterMetricFamily("kronveil_events_delivered", "Frames that became an event.", labels=_BY_CLUSTER)
    merged = CounterMetricFamily("kronveil_events_merged", "Frames that said nothing new.", labels=_BY_CLUSTER)
    dropped = CounterMetricFamily(
        "kronveil_events_dropped", "Frames that were given up.", labels=(*_BY_CLUSTER, "reason")
    )
    in_flight = GaugeMetricFamily("kronveil_events_in_flight", "Frames not settled yet.", labels=_BY_CLUSTER)
    for member in members:
        books, labels = member.books, (COLLECTOR, member.name)
        received.add_metric(labels, books.received)
        delivered.add_metric(labels, books.delivered)
        merged.add_metric(labels, books.merged)
        in_flight.add_metric(labels, books.in_flight)
        for reason, count in books.dropped.items():
            dropped.add_metric((*labels, reason), count)
    yield from (received, delivered, merged, dropped, in_flight)


def _reach(members: Sequence[Member]) -> Iterator[Metric]:
    up = GaugeMetricFamily("kronveil_collector_up", "1 while the cluster is live.", labels=_BY_CLUSTER)
    # A cluster never heard from has no freshness: the series is absent, not zero.
    freshness = GaugeMetricFamily(
        "kronveil_collector_freshness_seconds", "Seconds since the last sign of life.", labels=_BY_CLUSTER
    )
    state = GaugeMetricFamily("kronveil_cluster_state", "1 for the state it is in.", labels=("cluster", "state"))
    for member in members:
        up.add_metric((COLLECTOR, member.name), member.state is ClusterState.LIVE)
        if member.standing.heard_at is not None:
            age = (member.as_of - member.standing.heard_at).total_seconds()
            freshness.add_metric((COLLECTOR, member.name), max(0.0, age))
        for each in ClusterState:
            state.add_metric((member.name, each.value), member.state is each)
    yield from (up, freshness, state)


def _latency(latencies: Latencies) -> Metric:
    """Cumulative buckets, each with its newest event as exemplar."""
    total = 0
    buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
    for bound, count, example in zip((*map(str, BOUNDS_S), "+Inf"), latencies.counts, latencies.examples, strict=True):
        total += count
        if example is None:
            buckets.append((bound, total))
        else:
            buckets.append((bound, total, Exemplar({"event_id": example.event_id}, example.seconds)))
    return HistogramMetricFamily(
        "kronveil_event_latency_seconds",
        "From arrival to durable and shown.",
        buckets=buckets,
        sum_value=latencies.sum_s,
    )

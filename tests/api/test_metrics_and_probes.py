"""Port 8889 for Prometheus and port 13133 for whoever keeps the process alive."""

from collections.abc import Iterable

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from kronveil.api.metrics import create_metrics_app
from kronveil.api.probes import create_probe_app
from kronveil.model.health import HealthStatus
from tests.api.plain_desk import PlainDesk

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


async def get(app: Starlette, path: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        return await client.get(path, headers=headers)


async def samples(desk: PlainDesk) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = await get(create_metrics_app(desk), "/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.anyio
async def test_the_metrics_of_the_contract_are_there() -> None:
    names = {name for name, _ in await samples(PlainDesk())}
    expected: Iterable[str] = (
        "kronveil_events_received_total",
        "kronveil_events_merged_total",
        "kronveil_incidents_open",
        "kronveil_incidents_total",
        "kronveil_collector_up",
        "kronveil_collector_freshness_seconds",
        "kronveil_queue_depth",
        "kronveil_event_latency_seconds_bucket",
    )
    assert set(expected) <= names


@pytest.mark.anyio
async def test_a_cluster_never_heard_from_is_down_and_has_no_freshness() -> None:
    found = await samples(PlainDesk())
    assert found["kronveil_collector_up", ("west", "kubernetes")] == 0
    assert ("kronveil_collector_freshness_seconds", ("west", "kubernetes")) not in found
    assert found["kronveil_cluster_state", ("west", "unknown")] == 1
    assert found["kronveil_collector_up", ("east", "kubernetes")] == 1


@pytest.mark.anyio
async def test_latency_is_a_histogram_whose_buckets_add_up_and_name_an_event() -> None:
    found = await samples(PlainDesk())
    assert found["kronveil_event_latency_seconds_bucket", ("0.01",)] == 0
    assert found["kronveil_event_latency_seconds_bucket", ("0.025",)] == 1
    assert found["kronveil_event_latency_seconds_count", ()] == 1
    text = (await get(create_metrics_app(PlainDesk()), "/metrics", accept=OPENMETRICS)).text
    assert '# {event_id="evt_1"} 0.02' in text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (HealthStatus.HEALTHY, {"/": 200, "/livez": 200, "/readyz": 200}),
        (HealthStatus.UNHEALTHY, {"/": 503, "/livez": 200, "/readyz": 503}),
    ],
)
async def test_alive_is_not_ready_and_ready_is_not_alive(status: HealthStatus, expected: dict[str, int]) -> None:
    desk = PlainDesk()
    desk.status = status
    app = create_probe_app(desk)
    assert {path: (await get(app, path)).status_code for path in expected} == expected


@pytest.mark.anyio
async def test_the_open_health_port_tells_names_and_statuses_only() -> None:
    body = (await get(create_probe_app(PlainDesk()), "/")).json()
    assert all(component["message"] is None for component in body["components"])

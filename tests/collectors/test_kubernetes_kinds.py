"""Which kinds of a cluster are watched, at which version, and what is said of those that are not there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from kronveil.collectors.kubernetes.config import OptionalKind
from kronveil.collectors.kubernetes.kinds import BASE_KINDS, MORE_KINDS, kinds_for
from kronveil.logic.fleet import judge
from kronveil.model.fleet import ClusterState, Standing
from kronveil.sdk.testing.recorder import Recorder
from tests.collectors.scripted_server import ScriptedServer, serve
from tests.collectors.test_kubernetes_watching import Watch, watch

__all__ = ["watch"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve() as server:
        yield server


def state(standing: Standing) -> ClusterState:
    now = datetime.now(UTC)
    minute = timedelta(minutes=1)
    return judge(standing, stale_after=minute, unreachable_after=2 * minute, since=now, now=now)[0]


def test_the_configuration_knows_every_kind_that_may_be_left_out() -> None:
    assert set(get_args(OptionalKind)) == {kind.name for kind in MORE_KINDS}


def test_all_are_watched_but_config_maps_and_secrets_unless_told_otherwise() -> None:
    names = {kind.name for kind in kinds_for((), config_changes=False)}
    assert names == {kind.name for kind in BASE_KINDS + MORE_KINDS} - {"configmaps", "secrets"}
    assert {"configmaps", "secrets"} <= {kind.name for kind in kinds_for((), config_changes=True)}
    some = {kind.name for kind in kinds_for(("jobs",), config_changes=False)}
    assert some == {kind.name for kind in BASE_KINDS} | {"jobs"}


async def test_a_kind_that_is_not_served_is_said_to_be_so_and_takes_nothing_from_the_cluster(
    server: ScriptedServer, watch: Watch
) -> None:
    server.served -= {"horizontalpodautoscalers", "statefulsets"}
    async with watch() as recorder:
        for name in ("horizontalpodautoscalers", "statefulsets"):
            kind = recorder.standing.kinds[name]
            assert (kind.error, kind.is_served, kind.count) == ("not served by this cluster", False, None)
        assert "certificates" not in recorder.standing.kinds
        assert state(recorder.standing) is ClusterState.LIVE
        assert not [each for each in server.requests if "/horizontalpodautoscalers" in each]


async def test_an_older_version_is_watched_where_the_newest_is_not_served(server: ScriptedServer, watch: Watch) -> None:
    server.paths["horizontalpodautoscalers"] = "/apis/autoscaling/v2beta2"
    server.paths["poddisruptionbudgets"] = "/apis/policy/v1beta1"
    server.put("poddisruptionbudgets", "b", namespace="shop", status={"expectedPods": 2})
    async with watch() as recorder:
        await recorder.until(lambda: bool(recorder.about("b")), "the budget is told")
        assert recorder.standing.kinds["horizontalpodautoscalers"].synced


async def test_custom_resources_are_watched_where_they_are_installed(server: ScriptedServer, watch: Watch) -> None:
    server.served.add("certificates")
    server.put("certificates", "tls", namespace="shop", status={"notAfter": "2026-12-01T00:00:00Z"})
    async with watch() as recorder:
        await recorder.until(lambda: bool(recorder.about("tls", "certificate.changed")), "the certificate is told")
        assert recorder.standing.kinds["certificates"].count == 1
        server.delete("certificates", "tls", namespace="shop")
        await recorder.until(lambda: recorder.is_gone("tls"), "so is its end")


async def test_a_refused_kind_makes_the_cluster_partial_only_when_it_is_a_base_one(
    server: ScriptedServer, watch: Watch
) -> None:
    server.forbidden.add("resourcequotas")
    async with watch() as recorder:
        kind = recorder.standing.kinds["resourcequotas"]
        assert (kind.error or "").startswith("forbidden: ")
        assert state(recorder.standing) is ClusterState.LIVE
    server.forbidden = {"events"}
    async with watch() as recorder:
        assert state(recorder.standing) is ClusterState.PARTIAL


async def test_of_config_maps_and_secrets_only_metadata_is_asked_for_and_only_when_told_to(
    server: ScriptedServer, watch: Watch
) -> None:
    async with watch():
        assert not [each for each in server.requests if "/secrets" in each or "/configmaps" in each]
    server.put("secrets", "key", namespace="shop")
    async with watch(config_changes=True) as recorder:
        assert server.accepted["secrets"].startswith("application/json;as=PartialObjectMetadata")
        await server.watching("secrets")
        server.put("secrets", "key", namespace="shop")
        await recorder.until(lambda: bool(recorder.about("key", "config.changed")), "that it was written is told")
        assert [one.kind for one in recorder.about("key")[0].changes] == ["secret"]


async def test_a_change_made_while_nobody_watched_is_told_by_the_next_list(
    server: ScriptedServer, watch: Watch
) -> None:
    def put(image: str) -> None:
        spec = {"replicas": 0, "template": {"spec": {"containers": [{"name": "app", "image": image}]}}}
        server.put("deployments", "d", namespace="shop", spec=spec)

    put("shop:1")
    async with watch() as recorder:
        assert not recorder.about("d")
        await server.go_down()
        put("shop:2")
        server.compact()
        await server.come_up()
        await recorder.until(lambda: bool(recorder.about("d")), "the change is told")
        assert [(one.before, one.after) for one in recorder.about("d")[0].changes] == [("shop:1", "shop:2")]
    recorder = Recorder(1)
    async with watch() as recorder:
        assert not recorder.about("d")

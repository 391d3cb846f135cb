"""Lists that come as the first part of a watch, where the server offers them, and in pages where it does not."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.initial import StreamingLists, is_end
from kronveil.model.facts import ListedFacts
from kronveil.sdk.contracts import Collector
from kronveil.sdk.testing.collector import CollectorContract
from tests.collectors.scripted_server import ScriptedServer, serve
from tests.collectors.scripted_source import SECRET, ScriptedSource, waiting
from tests.collectors.test_kubernetes_watching import Watch, sick, watch

__all__ = ["watch"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve() as server:
        server.streams_lists = True
        yield server


class TestStreamingLists(CollectorContract):
    component = component

    def open(self, source: Any) -> AbstractAsyncContextManager[Collector]:
        return component.open(
            ClusterConfig(
                name="scripted",
                kubeconfig_path=source.kubeconfig,
                poll_interval=timedelta(milliseconds=300),
                streaming_lists=True,
            )
        )

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @asynccontextmanager
    async def source(self) -> AsyncIterator[ScriptedSource]:
        async with serve(SECRET) as server:
            server.streams_lists = True
            yield ScriptedSource(server, server.write_kubeconfig(self.folder / "kubeconfig"))


@pytest.mark.parametrize(
    ("version", "are_offered"),
    [("v1.31.9", False), ("v1.32.0-eks-1", True), ("v1.37.2", True), ("v2.0", True), (None, False), ("odd", False)],
)
def test_they_are_asked_for_since_servers_know_them(
    version: str | None,
    are_offered: bool,  # noqa: FBT001
) -> None:
    streaming = StreamingLists()
    assert streaming.are_offered(version) is are_offered
    streaming.is_refused = True
    assert not streaming.are_offered(version)


def test_the_end_of_a_list_is_known_with_and_without_spaces() -> None:
    assert is_end(b'{"annotations":{"k8s.io/initial-events-end":"true"}}')
    assert is_end(b'{"annotations": {"k8s.io/initial-events-end": "true"}}')
    assert not is_end(b'{"annotations":{}}')


async def test_nothing_is_listed_in_pages_where_lists_are_streamed(server: ScriptedServer, watch: Watch) -> None:
    for number in range(20):
        sick(server, f"pod-{number}")
    async with watch(streaming_lists=True) as recorder:
        assert recorder.standing.pods == 20
        assert not sum(server.lists.values())
        assert server.streamed["pods"] == server.watches["pods"] == 1
        told = [
            one.kind
            for one in recorder.observations
            if one.kind == "pod.changed" or (isinstance(one.facts, ListedFacts) and one.facts.kind == "pods")
        ]
        assert told == ["pod.changed"] * 20 + ["list.completed"]
        sick(server, "later")
        await recorder.until(lambda: bool(recorder.about("later")), "the same watch goes on")
        assert server.watches["pods"] == 1


async def test_a_server_that_refuses_is_asked_in_pages_from_then_on(server: ScriptedServer, watch: Watch) -> None:
    server.streams_lists = False
    sick(server, "a")
    async with watch(streaming_lists=True) as recorder:
        assert recorder.standing.pods == 1
        assert all(kind.error is None for kind in recorder.standing.kinds.values())
        refusals = [each for each in server.requests if "sendInitialEvents" in each]
        assert len(refusals) < 10


async def test_a_list_that_is_cut_before_its_end_takes_nothing_away_and_begins_again(
    server: ScriptedServer, watch: Watch
) -> None:
    for name in ("a", "b", "c"):
        sick(server, name)
    async with watch(streaming_lists=True) as recorder:
        await server.go_down()
        server.delete("pods", "b", namespace="shop")
        server.compact()
        server.cut_lists["pods"] = 2
        await server.come_up()
        await recorder.until(lambda: recorder.is_gone("b"), "the deletion is told")
        assert not recorder.is_gone("a")
        assert not recorder.is_gone("c")
        assert recorder.standing.pods == 2
        assert server.cut_lists["pods"] == 0


async def test_what_changes_while_a_list_is_streamed_is_told_once(server: ScriptedServer, watch: Watch) -> None:
    for number in range(50):
        sick(server, f"pod-{number}")
    async with watch(streaming_lists=True) as recorder:
        server.compact()
        server.drop_streams()
        for number in range(0, 50, 2):
            server.put("pods", f"pod-{number}", namespace="shop", status=waiting("Other"))
            await anyio.lowlevel.checkpoint()
        await recorder.until(
            lambda: all(len(recorder.about(f"pod-{number}")) == 2 for number in range(0, 50, 2)), "every change is told"
        )
        assert all(len(recorder.about(f"pod-{number}")) == 1 for number in range(1, 50, 2))

"""How one cluster is watched when its API server does what API servers do."""

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import pytest

from kronveil.collectors.kubernetes import component
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.kinds import KINDS
from kronveil.model.facts import ListedFacts, PodFacts
from kronveil.model.resource import Resource
from kronveil.sdk.errors import Transient
from kronveil.sdk.testing.recorder import Recorder
from tests.collectors.sampled import sample
from tests.collectors.scripted_server import CLUSTER_UID, ScriptedServer, serve
from tests.collectors.scripted_source import waiting

pytestmark = pytest.mark.anyio
Watch: TypeAlias = Callable[..., AbstractAsyncContextManager[Recorder]]


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve() as server:
        yield server


@pytest.fixture
def watch(server: ScriptedServer, tmp_path: Path) -> Watch:
    @asynccontextmanager
    async def watching(**config: Any) -> AsyncIterator[Recorder]:
        config = {"poll_interval": timedelta(milliseconds=200)} | config
        recorder = Recorder(20)
        path = server.write_kubeconfig(tmp_path / "kubeconfig")
        async with (
            component.open(ClusterConfig(name="east", kubeconfig_path=path, **config)) as collector,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(collector.run, recorder)
            await recorder.until(
                lambda: (
                    bool(recorder.standing.kinds)
                    and all(kind.synced or kind.error for kind in recorder.standing.kinds.values())
                ),
                "every kind is listed or says why not",
            )
            yield recorder
            tasks.cancel_scope.cancel()

    return watching


def sick(server: ScriptedServer, name: str, **rest: Any) -> None:
    server.put("pods", name, namespace="shop", status=waiting(), **rest)


async def test_the_standing_tells_identity_version_region_and_counts(server: ScriptedServer, watch: Watch) -> None:
    server.put("nodes", "n-1", metadata={"labels": {"topology.kubernetes.io/region": "eu-central-1"}})
    sick(server, "a")
    async with watch() as recorder:
        standing = recorder.standing
        assert (standing.uid, standing.version, standing.region) == (CLUSTER_UID, "v1.37.2", "eu-central-1")
        assert (standing.pods, standing.nodes, standing.error, standing.tries) == (1, 1, None, 0)
        assert set(standing.kinds) == {kind.name for kind in KINDS if not kind.is_custom and not kind.is_opt_in}
        assert all(kind.synced and kind.heard_at for kind in standing.kinds.values())


async def test_a_good_probe_is_a_sign_of_life_for_every_open_watch(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        for kind in recorder.standing.kinds:
            await server.watching(kind)
        quiet_since = datetime.now(UTC)
        await recorder.until(
            lambda: all(kind.heard_at and kind.heard_at > quiet_since for kind in recorder.standing.kinds.values()),
            "every kind counts as heard though none told anything",
        )


async def test_a_configured_region_wins(server: ScriptedServer, watch: Watch) -> None:
    server.put("nodes", "n-1", metadata={"labels": {"topology.kubernetes.io/region": "eu-central-1"}})
    async with watch(region="moon") as recorder:
        assert recorder.standing.region == "moon"


async def test_the_first_complete_list_of_each_kind_is_told_once(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        server.compact()
        server.drop_streams()
        await recorder.until(lambda: recorder.standing.relists >= len(recorder.standing.kinds), "all are listed again")
        listed = [one.facts for one in recorder.observations if one.kind == "list.completed"]
        kinds = sorted(facts.kind for facts in listed if isinstance(facts, ListedFacts))
        assert kinds == sorted(kind.name for kind in KINDS if kind.is_told and not kind.is_custom)


async def test_a_list_is_read_page_by_page(server: ScriptedServer, watch: Watch) -> None:
    server.page_size = 3
    for number in range(10):
        sick(server, f"pod-{number}")
    async with watch() as recorder:
        assert recorder.standing.pods == 10
        assert server.lists["pods"] == 4
        told = [
            one.kind
            for one in recorder.observations
            if one.kind == "pod.changed" or (isinstance(one.facts, ListedFacts) and one.facts.kind == "pods")
        ]
        assert told == ["pod.changed"] * 10 + ["list.completed"]


async def test_healthy_pods_are_kept_without_a_word_and_told_once_they_change(
    server: ScriptedServer, watch: Watch
) -> None:
    healthy = sample("pods", "healthy")
    server.put("pods", "fine", namespace="shop", status=healthy["status"])
    async with watch() as recorder:
        assert not recorder.about("fine")
        assert recorder.standing.pods == 1
        server.put("pods", "fine", namespace="shop", status=waiting())
        await recorder.until(lambda: bool(recorder.about("fine")), "the change is told")
        server.put("pods", "fine", namespace="shop", status=healthy["status"])
        await recorder.until(lambda: len(recorder.about("fine")) == 2, "so is the recovery")


async def test_owners_are_known_at_the_first_list(server: ScriptedServer, watch: Watch) -> None:
    item = sample("pods", "image_pull_failed")
    owner = {"kind": "Deployment", "name": "checkout", "uid": "d-1", "controller": True}
    replicaset = item["metadata"]["ownerReferences"][0]
    server.put(
        "replicasets",
        replicaset["name"],
        namespace="shop",
        uid=replicaset["uid"],
        metadata={"ownerReferences": [owner]},
    )
    server.put("pods", "p", namespace="shop", uid="p-9", metadata={"ownerReferences": [replicaset]}, status=waiting())
    event = sample("events", "back_off")
    rest = {key: value for key, value in event.items() if key != "metadata"}
    server.put("events", "e", namespace="shop", **{**rest, "lastTimestamp": datetime.now(UTC).isoformat()})
    async with watch() as recorder:
        await recorder.until(lambda: len(recorder.observations) >= 5, "pod and event are told")
        owners = {one.kind: one.owner for one in recorder.observations if one.owner}
        deployment = Resource("Deployment", "checkout", "shop", "d-1")
        assert owners["pod.changed"] == owners["kubernetes.warning"] == deployment


async def test_a_version_that_is_gone_leads_to_a_new_list_that_notices_deletions(
    server: ScriptedServer, watch: Watch
) -> None:
    sick(server, "stays")
    sick(server, "goes")
    async with watch() as recorder:
        await server.go_down()
        server.delete("pods", "goes", namespace="shop")
        sick(server, "comes")
        server.compact()
        await server.come_up()
        await recorder.until(lambda: recorder.is_gone("goes"), "the deletion is told")
        await recorder.until(lambda: bool(recorder.about("comes")), "the new one is told")
        assert not recorder.is_gone("stays")
        assert len(recorder.about("stays")) == 1
        gone = recorder.about("goes", "object.gone")
        assert gone[0] in [one for batch in recorder.batches for one in batch.unsourced]
        assert recorder.standing.pods == 2


async def test_an_error_frame_that_says_gone_leads_to_a_new_list(server: ScriptedServer, watch: Watch) -> None:
    sick(server, "a")
    async with watch() as recorder:
        await server.watching("pods")
        status = {"kind": "Status", "metadata": {}, "status": "Failure", "code": 410, "reason": "Expired"}
        server.insert("pods", json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        await recorder.until(lambda: recorder.standing.relists == 1, "the pods are listed again")
        assert recorder.standing.kinds["pods"].error is None


async def test_a_bookmark_moves_the_version_that_a_new_watch_begins_at(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        await server.watching("pods")
        server.version += 500
        server.bookmark("pods")
        await anyio.sleep(0.1)  # nothing tells that a bookmark was read; the watch below does
        server.drop_streams()
        begins = f"resourceVersion={server.version}&"
        await recorder.until(
            lambda: any("/pods?" in each and begins in each for each in server.requests),
            "a watch begins at the bookmark",
        )
        assert server.lists["pods"] == 1


async def test_a_damaged_frame_is_counted_and_what_it_said_is_not_lost(server: ScriptedServer, watch: Watch) -> None:
    sick(server, "a")
    async with watch() as recorder:
        await server.watching("pods")
        server.silent_watches.add("pods")
        sick(server, "b")  # the frame that tells of it is the one that is damaged
        server.insert("pods", b'{"type":"ADDED","object":{"metadata":{"na\n')
        await recorder.until(lambda: bool(recorder.about("b")), "a new list tells what the frame did")
        dropped = [batch.dropped for batch in recorder.batches if batch.dropped]
        assert dropped == [{"undecodable": 1}]
        await recorder.until(lambda: recorder.standing.kinds["pods"].error is None, "all is well again")
        assert recorder.standing.error is None


async def test_an_odd_object_costs_only_itself(server: ScriptedServer, watch: Watch) -> None:
    sick(server, "a")
    async with watch() as recorder:
        server.put("pods", "odd", namespace="shop", status={"phase": 7})
        sick(server, "b")
        await recorder.until(lambda: bool(recorder.about("b")), "the next one is told")
        assert server.lists["pods"] == 1
        server.compact()
        server.drop_streams()
        await recorder.until(lambda: recorder.standing.relists >= len(recorder.standing.kinds), "all are listed again")
        sick(server, "c")
        await recorder.until(lambda: bool(recorder.about("c")), "and so on")
        assert sum(batch.dropped.get("undecodable", 0) for batch in recorder.batches) == 2
        assert not [one for one in recorder.observations if one.kind == "object.gone"]


async def test_a_list_that_is_no_json_is_named_and_asked_for_again(server: ScriptedServer, watch: Watch) -> None:
    sick(server, "a")
    server.mangle_list["pods"] = b'{"kind":"PodList","items":[{"meta'
    async with watch() as recorder:
        assert recorder.standing.kinds["pods"].error == "pods: the list cannot be read"
        assert recorder.standing.pods is None
        await recorder.until(lambda: recorder.standing.pods == 1, "it is asked for again")
        assert recorder.standing.kinds["pods"].error is None


async def test_a_kind_that_is_forbidden_is_named_and_the_others_go_on(server: ScriptedServer, watch: Watch) -> None:
    server.forbidden.add("events")
    sick(server, "a")
    async with watch() as recorder:
        kind = recorder.standing.kinds["events"]
        assert (kind.synced, kind.count) == (False, None)
        assert kind.error is not None
        assert kind.error.startswith('forbidden: events is forbidden: User "viewer" cannot list')
        assert kind.error.endswith("needs get, list, watch on events in all namespaces")
        assert recorder.standing.error is None
        assert recorder.standing.pods == 1


async def test_forbidden_replica_sets_do_not_hide_the_owner(server: ScriptedServer, watch: Watch) -> None:
    server.forbidden |= {"replicasets", "deployments"}
    item = sample("pods", "image_pull_failed")
    server.put("pods", "p", namespace="shop", metadata=item["metadata"] | {"name": "p"}, status=item["status"])
    async with watch() as recorder:
        await recorder.until(lambda: bool(recorder.about("p")), "the pod is told")
        assert recorder.about("p")[0].owner == Resource("Deployment", "checkout", "shop")


async def test_a_busy_server_is_given_the_time_it_asks_for(server: ScriptedServer, watch: Watch) -> None:
    server.busy["pods"] = 1
    async with watch() as recorder:
        assert "busy (429): slow down" in (recorder.standing.kinds["pods"].error or "")
        await recorder.until(lambda: recorder.standing.kinds["pods"].synced, "the pods are listed in the end")
        assert server.stayed_away_s["pods"] >= 1


async def test_without_right_to_the_namespace_kube_system_the_identity_is_unknown_and_said_to_be(
    server: ScriptedServer, watch: Watch
) -> None:
    server.forbidden.add("namespaces")
    async with watch() as recorder:
        assert recorder.standing.uid == ""
        assert "kube-system" in (recorder.standing.kinds["namespaces"].error or "")
        assert recorder.standing.kinds["pods"].synced


async def test_an_identity_that_was_refused_is_asked_for_again(server: ScriptedServer, watch: Watch) -> None:
    server.forbidden.add("namespaces")
    async with watch() as recorder:
        assert recorder.standing.uid == ""
        server.forbidden.clear()
        await recorder.until(lambda: bool(recorder.standing.uid), "the right is there by now")


async def test_only_the_configured_namespaces_are_asked_for(server: ScriptedServer, watch: Watch) -> None:
    for namespace in ("shop", "blog", "bank"):
        server.put("pods", f"in-{namespace}", namespace=namespace, status=waiting())
    async with watch(namespaces=("shop", "blog")) as recorder:
        await recorder.until(lambda: recorder.standing.pods == 2, "both namespaces are counted")
        assert recorder.about("in-shop")
        assert recorder.about("in-blog")
        listed = [
            one for one in recorder.observations if isinstance(one.facts, ListedFacts) and one.facts.kind == "pods"
        ]
        assert len(listed) == 1
        assert not [request for request in server.requests if request.startswith("/api/v1/pods")]
        namespaced = [kind for kind in KINDS if kind.is_namespaced and kind.name in recorder.standing.kinds]
        server.delete("pods", "in-blog", namespace="blog")
        await recorder.until(lambda: recorder.is_gone("in-blog"), "its deletion is told")
        server.compact()
        server.drop_streams()
        await recorder.until(
            lambda: recorder.standing.relists >= 2 * len(namespaced) + 2, "every namespace is listed again"
        )
        assert not recorder.is_gone("in-shop")


async def test_a_watch_that_stays_silent_while_versions_move_is_listed_again(
    server: ScriptedServer, watch: Watch
) -> None:
    sick(server, "a")
    async with watch() as recorder:
        await server.watching("pods")
        server.silent_watches.add("pods")
        server.delete("pods", "a", namespace="shop")
        await recorder.until(lambda: recorder.is_gone("a"), "the deletion is told")
        assert recorder.standing.relists == 1


async def test_a_watch_that_tells_something_now_and_then_is_not_silent(server: ScriptedServer, watch: Watch) -> None:
    async with watch(poll_interval=timedelta(milliseconds=50)) as recorder:
        await server.watching("pods")
        for number in range(20):
            sick(server, f"pod-{number}")
            server.version += 5  # other kinds move the version on, without a word on this watch
            probes = len(server.requests)
            await recorder.until(lambda seen=probes: len(server.requests) > seen, "a probe is made")  # type: ignore[misc]
        assert recorder.standing.relists == 0


async def test_another_cluster_at_the_same_address_is_watched_from_the_start(
    server: ScriptedServer, tmp_path: Path
) -> None:
    config = ClusterConfig(name="east", kubeconfig_path=server.write_kubeconfig(tmp_path / "kubeconfig"))
    recorder = Recorder(20)
    async with component.open(config) as collector, anyio.create_task_group() as tasks:
        tasks.start_soon(_replace_cluster, server, recorder)
        with pytest.raises(Transient, match="another cluster answers at"):
            await collector.run(recorder)


async def _replace_cluster(server: ScriptedServer, recorder: Recorder) -> None:
    await recorder.until(lambda: recorder.standing.uid == CLUSTER_UID, "it is known")
    await server.go_down()
    await recorder.until(lambda: bool(recorder.error), "it is lost")
    server.put("namespaces", "kube-system", uid="another-uid")
    await server.come_up()


async def test_a_frame_that_comes_late_does_not_turn_time_back(server: ScriptedServer, watch: Watch) -> None:
    sick(server, "a")
    old = json.dumps({"type": "MODIFIED", "object": server.objects["pods"]["shop", "a"]}).encode() + b"\n"
    async with watch() as recorder:
        server.put("pods", "a", namespace="shop", status=waiting("Other"))
        await recorder.until(lambda: len(recorder.about("a")) == 2, "the change is told")
        server.insert("pods", old)
        sick(server, "b")
        await recorder.until(lambda: bool(recorder.about("b")), "the next one is told")
        assert len(recorder.about("a")) == 2


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_what_was_told_ends_up_true(server: ScriptedServer, watch: Watch, seed: int) -> None:
    chance = random.Random(seed)
    server.page_size = 4
    for number in range(10):
        sick(server, f"old-{number}")
    async with watch(poll_interval=timedelta(milliseconds=100)) as recorder:
        for number in range(60):
            names = [name for _, name in server.objects["pods"]]
            move = chance.randrange(12)
            if move < 5 or not names:
                sick(server, f"pod-{number}")
            elif move < 7:
                server.put("pods", chance.choice(names), namespace="shop", status=waiting(f"Reason{number}"))
            elif move < 9:
                server.delete("pods", chance.choice(names), namespace="shop")
            elif move == 9:
                server.drop_streams()
            elif move == 10:
                server.compact()
                server.drop_streams()
            elif chance.random() < 0.5:
                server.insert("pods", b'{"type":"MODI\n')
            else:
                await server.go_down()
                sick(server, f"pod-{number}")
                await server.come_up()
            await anyio.sleep(chance.random() * 0.05)  # lets them meet in different ways
        await recorder.until(lambda: _told(recorder) == _world(server), "what was told is what there is")
        assert recorder.standing.pods == len(server.objects["pods"])


def _world(server: ScriptedServer) -> dict[str, str]:
    return {
        item["metadata"]["uid"]: item["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        for item in server.objects["pods"].values()
    }


def _told(recorder: Recorder) -> dict[str, str]:
    told: dict[str, str] = {}
    for one in recorder.observations:
        if isinstance(one.facts, PodFacts):
            told[one.resource.uid] = one.facts.containers[0].reason
        elif one.kind == "object.gone":
            told.pop(one.resource.uid, None)
    return told


async def test_at_most_four_lists_are_made_at_once_in_one_process(tmp_path: Path) -> None:
    async with serve() as server, anyio.create_task_group() as tasks:
        server.list_delay_s = 0.05
        path = server.write_kubeconfig(tmp_path / "kubeconfig")
        recorders = [Recorder(20) for _ in range(5)]
        for number, recorder in enumerate(recorders):
            tasks.start_soon(_run, ClusterConfig(name=f"c-{number}", kubeconfig_path=path), recorder)
        for recorder in recorders:
            await recorder.until(lambda it=recorder: it.standing.kinds and it.standing.kinds["events"].synced, "listed")  # type: ignore[misc]
        assert 2 <= server.most_lists_at_once <= 4
        tasks.cancel_scope.cancel()


async def _run(config: ClusterConfig, recorder: Recorder) -> None:
    async with component.open(config) as collector:
        await collector.run(recorder)

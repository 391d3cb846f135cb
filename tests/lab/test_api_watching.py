"""Watches of the lab's API: each change once, bookmarks, and 410 when the past is gone."""

import pytest

from kronveil.lab.moves import DeletePod, Scale, SetImage
from tests.lab.living import BAD, BETTER
from tests.lab.serving import PODS, served, watching

pytestmark = pytest.mark.anyio


def version_of(frame):
    return int(frame["object"]["metadata"]["resourceVersion"])


async def test_a_watch_from_a_version_gets_each_later_change_once_and_in_order():
    async with served() as api:
        world, version = api.cluster.world, await api.version()
        Scale("shop/api", 6).make(api.cluster.simulation)
        await api.lab.advance(3)
        async with watching(api.http, PODS, resourceVersion=version) as frames:
            SetImage("shop/api", BETTER).make(api.cluster.simulation)
            await api.lab.advance(30)
            log = [
                change
                for change in world.changes()
                if change.record.kind.plural == "pods" and change.record.version > int(version)
            ]
            seen = await frames.take(len(log))
        assert [(frame["type"], version_of(frame)) for frame in seen] == [
            (change.type, change.record.version) for change in log
        ]
        assert {"ADDED", "MODIFIED", "DELETED"} == {frame["type"] for frame in seen}


async def test_a_deletion_is_seen_with_the_version_it_happened_at():
    async with served() as api:
        version = await api.version()
        async with watching(api.http, PODS, resourceVersion=version) as frames:
            DeletePod("shop/api").make(api.cluster.simulation)
            await api.lab.advance(5)
            frame = await frames.next()
            while frame["type"] != "DELETED":
                frame = await frames.next()
        assert version_of(frame) > int(version)
        assert "deletionTimestamp" in frame["object"]["metadata"]
        assert frame["object"]["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


async def test_a_watch_without_a_version_begins_with_what_is_there():
    async with served() as api, watching(api.http, PODS) as frames:
        assert [frame["type"] for frame in await frames.take(4)] == ["ADDED"] * 4


async def test_a_watch_list_ends_its_beginning_with_a_marked_bookmark():
    async with served() as api:
        query = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
        async with watching(api.http, PODS, **query) as frames:
            seen = await frames.take(5)
        assert [frame["type"] for frame in seen] == ["ADDED"] * 4 + ["BOOKMARK"]
        assert seen[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_bookmarks_carry_the_version_reached_by_changes_of_other_kinds():
    async with served() as api:
        api.cluster.api.bookmark_every_s = 0.05
        version = await api.version()
        async with watching(api.http, PODS, resourceVersion=version, allowWatchBookmarks="true") as frames:
            frame = await frames.next()
            assert (frame["type"], frame["object"]["kind"]) == ("BOOKMARK", "Pod")
            await api.lab.advance(301)
            while version_of(frame) < api.cluster.world.version:
                frame = await frames.next()
                assert frame["type"] == "BOOKMARK"
        assert api.cluster.world.version > int(version)


async def test_no_bookmark_comes_unasked_and_the_watch_ends_after_its_timeout():
    async with served() as api:
        api.cluster.api.bookmark_every_s = 0.05
        async with watching(api.http, PODS, resourceVersion=await api.version(), timeoutSeconds=1) as frames:
            assert await frames.until_end() == []


async def test_a_version_that_is_forgotten_is_410_at_once():
    async with served() as api:
        version = await api.version()
        await api.lab.advance(400)
        api.cluster.compact()
        response = await api.http.get(PODS, params={"watch": 1, "resourceVersion": version})
        assert (response.status_code, response.json()["reason"]) == (410, "Expired")


async def test_a_watch_that_falls_behind_what_is_kept_gets_410_as_an_error_frame():
    async with served() as api:
        version = await api.version()
        async with watching(api.http, PODS, resourceVersion=version) as frames:
            Scale("shop/api", 6).make(api.cluster.simulation)
            api.lab.step(api.cluster.world.now)
            api.cluster.compact()
            frame = await frames.next()
            assert await frames.until_end() == []
        assert frame["type"] == "ERROR"
        assert (frame["object"]["kind"], frame["object"]["code"]) == ("Status", 410)


async def test_an_object_that_leaves_the_selector_is_deleted_for_that_watch():
    async with served() as api:
        version = await api.version()
        name = (await api.get(PODS))["items"][0]["metadata"]["name"]
        query = {"resourceVersion": version, "labelSelector": "colour=blue"}
        async with watching(api.http, PODS, **query) as frames:
            for colour in ("blue", "red"):
                merge = {"content-type": "application/merge-patch+json"}
                patch = {"metadata": {"labels": {"colour": colour}}}
                assert (await api.http.patch(f"{PODS}/{name}", json=patch, headers=merge)).status_code == 200
            assert [frame["type"] for frame in await frames.take(2)] == ["ADDED", "DELETED"]


async def test_events_of_a_failing_pull_arrive_as_warnings():
    async with served() as api:
        events = "/api/v1/namespaces/shop/events"
        version = await api.version(events)
        async with watching(api.http, events, resourceVersion=version, fieldSelector="type=Warning") as frames:
            SetImage("shop/api", BAD).make(api.cluster.simulation)
            await api.lab.advance(10)
            seen = await frames.take(4)
        assert {frame["object"]["reason"] for frame in seen} == {"Failed"}
        assert {frame["object"]["involvedObject"]["kind"] for frame in seen} == {"Pod"}

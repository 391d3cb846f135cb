"""Servers that lie, stall, throttle, trickle and go back in time, each on request and each to its end."""

import time
from datetime import timedelta
from email.utils import parsedate_to_datetime

import anyio
import httpx2
import pytest
from ruamel.yaml import YAML

from kronveil.lab.kinds import NAMESPACE
from kronveil.lab.moves import Scale, SetImage
from tests.lab.living import BAD
from tests.lab.serving import DEPLOYMENT, MERGE, PODS, served, watching

pytestmark = pytest.mark.anyio


async def name_of_a_pod(api):
    return (await api.get(PODS))["items"][0]["metadata"]["name"]


async def label(api, value):
    path = f"{PODS}/{await name_of_a_pod(api)}"
    response = await api.http.patch(path, json={"metadata": {"labels": {"n": value}}}, headers=MERGE)
    assert response.status_code == 200


def value_of(frame):
    return frame["object"]["metadata"]["labels"].get("n")


async def test_a_repeated_frame_comes_twice():
    async with served() as api, watching(api.http, PODS, resourceVersion=await api.version()) as frames:
        api.cluster.repeat_watch_frames()
        await label(api, "1")
        await label(api, "2")
        assert [value_of(frame) for frame in await frames.take(3)] == ["1", "1", "2"]


async def test_swapped_frames_come_in_the_wrong_order():
    async with served() as api, watching(api.http, PODS, resourceVersion=await api.version()) as frames:
        api.cluster.swap_watch_frames()
        for value in "123":
            await label(api, value)
        assert [value_of(frame) for frame in await frames.take(3)] == ["2", "1", "3"]


async def test_a_cut_frame_ends_with_a_reset_in_its_middle():
    async with served() as api, watching(api.http, PODS, resourceVersion=await api.version()) as frames:
        api.cluster.cut_next_watch_frame()
        await label(api, "1")
        with pytest.raises(httpx2.TransportError):
            await frames.next()


async def test_watches_closed_at_once_end_in_good_order_and_the_next_one_stays():
    async with served() as api:
        version = await api.version()
        api.cluster.close_watches_at_once(2)
        for _ in range(2):
            async with watching(api.http, PODS, resourceVersion=version) as frames:
                assert await frames.until_end() == []
        async with watching(api.http, PODS, resourceVersion=version) as frames:
            await label(api, "1")
            assert value_of(await frames.next()) == "1"


async def test_silent_watches_stay_open_say_nothing_and_lose_nothing():
    async with served() as api, watching(api.http, PODS, resourceVersion=await api.version()) as frames:
        api.cluster.silence_watches()
        await label(api, "1")
        assert len((await api.get(PODS))["items"]) == 4
        with pytest.raises(TimeoutError), anyio.fail_after(0.2):
            await frames.next()
        api.cluster.unsilence_watches()
    async with served() as api:
        api.cluster.silence_watches()
        async with watching(api.http, PODS, resourceVersion=await api.version()) as frames:
            await label(api, "1")
            api.cluster.unsilence_watches()
            assert value_of(await frames.next()) == "1"


async def test_a_silent_server_can_still_be_stopped():
    async with served() as api:
        api.cluster.silence_watches()
        async with watching(api.http, PODS, resourceVersion=await api.version()) as frames:
            await label(api, "1")
            with anyio.fail_after(30):
                await api.cluster.stop_server()
            with pytest.raises(httpx2.TransportError):
                await frames.next()


async def test_throttled_requests_are_told_when_to_come_again():
    async with served() as api:
        api.cluster.throttle(2, retry_after_s=3)
        for _ in range(2):
            refused = await api.http.get(PODS)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
            assert refused.json()["details"] == {"retryAfterSeconds": 3}
        assert await api.get(PODS)


async def test_a_burst_of_server_errors_ends():
    async with served() as api:
        api.cluster.fail(2, code=500)
        assert [(await api.http.get(PODS)).status_code for _ in range(3)] == [500, 500, 200]


async def test_a_trickling_server_sends_the_same_slowly():
    async with served() as api:
        whole = await api.get(PODS)
        api.cluster.trickle(100_000)
        began = time.monotonic()
        assert await api.get(PODS) == whole
        assert time.monotonic() - began > 0.05
        api.cluster.trickle(None)


async def test_a_large_frame_is_whole_json_and_never_held_whole_by_the_server():
    async with served() as api, watching(api.http, PODS, resourceVersion=await api.version()) as frames:
        api.cluster.enlarge_next_watch_frame(3_000_000)
        await label(api, "1")
        await label(api, "2")
        large, small = await frames.take(2)
        assert (len(large["object"]["padding"]), value_of(large)) == (3_000_000, "1")
        assert "padding" not in small["object"]


async def test_a_skewed_clock_shows_in_the_date_and_in_timestamps():
    async with served() as api:
        for seconds in (3600, -3600):
            api.cluster.skew_clock(seconds)
            expected = api.lab._clock() + timedelta(seconds=seconds)
            answer = await api.http.get(PODS)
            assert parsedate_to_datetime(answer.headers["date"]) == expected.replace(microsecond=0)
            await api.http.patch(DEPLOYMENT, json={"spec": {"replicas": 5}}, headers=MERGE)
            await api.http.patch(DEPLOYMENT, json={"spec": {"replicas": 4}}, headers=MERGE)
            entry = (await api.get(DEPLOYMENT))["metadata"]["managedFields"][-1]
            assert entry["time"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")
        await api.lab.advance(30)
        assert len((await api.get(PODS))["items"]) == 4


async def test_a_restored_backup_has_the_same_uid_older_objects_and_older_versions():
    async with served() as api:
        uid = api.cluster.world.get(NAMESPACE, ("", "kube-system")).uid
        api.cluster.take_backup()
        before = await api.get(PODS)
        SetImage("shop/api", BAD).make(api.cluster.simulation)
        Scale("shop/api", 6).make(api.cluster.simulation)
        await api.lab.advance(60)
        later = await api.version()
        async with watching(api.http, PODS, resourceVersion=later) as frames:
            api.cluster.restore_backup()
            with pytest.raises(httpx2.TransportError):
                await frames.next()
        now = await api.get(PODS)
        assert int(now["metadata"]["resourceVersion"]) < int(later)
        names = {item["metadata"]["uid"] for item in before["items"]}
        assert {item["metadata"]["uid"] for item in now["items"]} == names
        ahead = await api.http.get(PODS, params={"watch": 1, "resourceVersion": later})
        assert ahead.status_code == 504
        await api.lab.advance(60)
        assert api.cluster.world.get(NAMESPACE, ("", "kube-system")).uid == uid
        pods = (await api.get(PODS))["items"]
        assert len(pods) == 4
        assert all(pod["status"]["containerStatuses"][0]["ready"] for pod in pods)


async def test_a_context_can_be_renamed(tmp_path):
    async with served() as api:
        api.lab.write_kubeconfig(tmp_path / "config", contexts={"east": "production"})
        config = YAML(typ="safe").load((tmp_path / "config").read_text())
        assert [item["name"] for item in config["contexts"]] == ["production"]
        assert config["current-context"] == "production"
        assert config["contexts"][0]["context"]["cluster"] == "east"

"""The lab's servers misbehaving on request, and being well again."""

import anyio
import httpx2
import pytest

from kronveil.lab.moves import Scale
from tests.lab.serving import DEPLOYMENT, PODS, client_of, served, watching

pytestmark = pytest.mark.anyio


async def test_a_stopped_server_refuses_connections_and_returns_on_the_same_port():
    async with served() as api:
        url = api.cluster.url
        async with watching(api.http, PODS, resourceVersion=await api.version()) as frames:
            await api.cluster.stop_server()
            with pytest.raises(httpx2.TransportError):
                await frames.next()
        with pytest.raises(httpx2.ConnectError):
            await api.http.get(PODS)
        Scale("shop/api", 6).make(api.cluster.simulation)
        await api.lab.advance(20)
        await api.cluster.start_server()
        assert api.cluster.url == url
        assert len((await api.get(PODS))["items"]) == 6


async def test_a_forbidden_kind_is_403_in_the_words_of_rbac_and_others_are_not():
    async with served() as api:
        api.cluster.forbid("events")
        refused = await api.http.get("/api/v1/events")
        assert (refused.status_code, refused.json()["reason"]) == (403, "Forbidden")
        assert refused.json()["message"] == (
            'events is forbidden: User "system:serviceaccount:kronveil:kronveil-read" cannot list resource "events" '
            'in API group "" at the cluster scope'
        )
        assert await api.get(PODS)
        api.cluster.allow("events")
        assert await api.get("/api/v1/events")


async def test_an_expired_token_is_401_and_the_new_one_is_let_in():
    async with served() as api:
        api.cluster.expire_token("second")
        assert (await api.http.get(PODS)).status_code == 401
        async with client_of(api.cluster) as again:
            assert (await again.get(PODS)).status_code == 200


async def test_a_garbled_frame_comes_once_and_is_no_json():
    async with served() as api:
        version = await api.version()
        async with watching(api.http, PODS, resourceVersion=version) as frames:
            api.cluster.garble_next_watch_frame()
            Scale("shop/api", 5).make(api.cluster.simulation)
            await api.lab.advance(10)
            with pytest.raises(ValueError, match=r"line 1 column"):
                await frames.next()
            assert (await frames.next())["type"] == "MODIFIED"


async def test_dropped_watches_end_with_a_reset_and_lists_go_on():
    async with served() as api:
        async with watching(api.http, PODS, resourceVersion=await api.version()) as frames:
            assert api.cluster.drop_watches() == 1
            with pytest.raises(httpx2.ReadError):
                await frames.next()
        assert await api.get(PODS)


async def test_a_hanging_server_accepts_and_answers_nothing_until_it_is_released():
    async with served() as api:
        api.cluster.hang()
        with pytest.raises(httpx2.ReadTimeout):
            await api.http.get(PODS, timeout=0.2)
        answered = []

        async def ask() -> None:
            answered.append((await api.http.get(PODS)).status_code)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            api.cluster.unhang()
        assert answered == [200]


async def test_a_hanging_server_can_still_be_stopped():
    async with served() as api:
        api.cluster.hang()
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                with pytest.raises(httpx2.TransportError):
                    await api.http.get(PODS)

            tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(30):
                await api.cluster.stop_server()


async def test_a_client_that_leaves_ends_its_watch():
    async with served() as api:
        wakers = api.cluster.world.shelves
        async with watching(api.http, PODS, resourceVersion=await api.version()):
            assert sum(len(shelf.wakers) for shelf in wakers.values()) == 1
        with anyio.fail_after(30):
            while any(shelf.wakers for shelf in wakers.values()):  # noqa: ASYNC110 - the server tells nobody
                await anyio.sleep(0.01)


async def test_without_credentials_only_an_unencrypted_server_lets_in():
    async with served() as api, httpx2.AsyncClient(base_url=api.cluster.url) as nobody:
        assert (await nobody.get(DEPLOYMENT)).status_code == 200
        wrong = await nobody.get(DEPLOYMENT, headers={"authorization": "Bearer wrong"})
        assert (wrong.status_code, wrong.json()["reason"]) == (401, "Unauthorized")

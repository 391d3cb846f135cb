"""The same frames as server-sent events, for those who have nothing but HTTP."""

import json
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest

from kronveil.api import ApiOptions
from kronveil.api.sse import place_in
from kronveil.sdk.secret import Secret
from tests.api.conforming import check_problem, faults
from tests.api.conftest import served
from tests.api.plain_desk import PlainDesk, event

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def reading(authority, query="", **headers):
    """Gives a function that awaits the next event as (id, frame)."""
    async with (
        httpx2.AsyncClient(base_url=f"http://{authority}", timeout=5) as http,
        http.stream("GET", f"/api/v1/stream{query}", headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()

        async def following():
            event_id = None
            async for line in lines:
                if line.startswith("id: "):
                    event_id = line[4:]
                elif line.startswith("data: "):
                    frame = json.loads(line[6:])
                    assert faults(frame, {"$ref": "#/components/schemas/Frame"}) == []
                    if frame["type"] != "status":
                        return event_id, frame
            raise EOFError

        yield following


async def test_a_stream_begins_whole_and_goes_on_numbered(desk):
    async with served(desk) as authority, reading(authority) as following:
        event_id, hello = await following()
        assert (event_id, hello["type"]) == ("epoch-1:0", "hello")
        assert hello["snapshot"]["incidents"]
        desk.tell(event(4), event(5))
        assert [(await following())[0] for _ in range(2)] == ["epoch-1:1", "epoch-1:2"]


async def test_a_browser_that_comes_back_resumes_by_its_last_id(desk):
    desk.tell(event(4), event(5), event(6))
    async with served(desk) as authority, reading(authority, **{"Last-Event-ID": "epoch-1:1"}) as following:
        _, hello = await following()
        assert (hello["seq"], hello["snapshot"]) == (1, None)
        assert [(await following())[1]["seq"] for _ in range(2)] == [2, 3]


async def test_the_id_of_a_gone_past_is_answered_with_a_gap_and_a_snapshot():
    desk = PlainDesk(replayable=2)
    desk.tell(*(event(number) for number in range(9)))
    async with served(desk) as authority, reading(authority, "?since=1&epoch=epoch-1") as following:
        assert (await following())[1] == {"type": "gap", "from": 2, "to": 9}
        assert (await following())[1]["snapshot"]


async def test_a_reader_that_leaves_is_forgotten(desk):
    async with served(desk) as authority:
        async with reading(authority) as following:
            await following()
            assert desk.live.subscriber_count == 1
        with anyio.fail_after(30):
            while desk.live.subscriber_count:  # noqa: ASYNC110 - polled, with a deadline
                await anyio.sleep(0.01)


async def test_an_agent_that_stops_ends_its_streams_properly(desk):
    stop = anyio.Event()

    async def agent(*, task_status):
        async with served(desk) as authority:
            task_status.started(authority)
            await stop.wait()

    async with anyio.create_task_group() as tasks, reading(await tasks.start(agent)) as following:
        await following()
        stop.set()
        with pytest.raises(EOFError):  # and not a body that was cut off
            await following()


async def test_a_stranger_gets_a_problem_and_a_ticket_opens_once(desk):
    options = ApiOptions(auth="required", bootstrap_token=Secret("a-long-token"))
    async with served(desk, options) as authority, httpx2.AsyncClient(base_url=f"http://{authority}") as http:
        check_problem(await http.get("/api/v1/stream"), 401)
        good = {"Authorization": "Bearer a-long-token"}
        ticket = (await http.post("/api/v1/stream/tickets", headers=good)).json()["ticket"]
        async with reading(authority, f"?ticket={ticket}") as following:
            await following()
        check_problem(await http.get(f"/api/v1/stream?ticket={ticket}"), 401)


async def test_a_store_that_cannot_be_read_is_a_problem_before_the_stream_begins(desk):
    desk.store_is_down = True
    async with served(desk) as authority, httpx2.AsyncClient(base_url=f"http://{authority}") as http:
        check_problem(await http.get("/api/v1/stream"), 503)


@pytest.mark.parametrize("junk", ["", "epoch-1", "epoch-1:", ":7", "epoch-1:x"])
def test_an_id_that_is_not_ours_is_no_place(junk):
    assert place_in(junk) == (None, None)

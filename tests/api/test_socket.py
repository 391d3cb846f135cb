"""The live stream over a real socket: whole at first, numbered afterwards, resumed without hole or repeat."""

import contextlib
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from kronveil.api import ApiOptions
from kronveil.api.pace import Pace
from kronveil.model.event import Severity
from kronveil.sdk.secret import Secret
from tests.api.conforming import faults
from tests.api.conftest import served
from tests.api.plain_desk import PlainDesk, event, incident, member

pytestmark = pytest.mark.anyio

NUMBERED = {"event", "incident", "cluster"}
LONG = incident(1, timeline=tuple([incident(1).timeline[0]] * 40))  # one with a story


class Listener:
    """A client that checks each frame against the published schema."""

    def __init__(self, connection) -> None:
        self.connection = connection

    async def frame(self):
        with anyio.fail_after(30):
            frame = json.loads(await self.connection.recv())
        assert faults(frame, {"$ref": "#/components/schemas/Frame"}) == []
        return frame

    async def one(self, *types: str):
        """The next frame of one of these types, past any other."""
        while True:
            frame = await self.frame()
            if frame["type"] in types:
                return frame

    async def numbered(self, count: int):
        return [await self.one(*NUMBERED) for _ in range(count)]

    async def numbers(self, count: int):
        """Of so many incidents, as they come; too many to check each against the schema."""
        seen = []
        while len(seen) < count:
            message = json.loads(await self.connection.recv())
            seen += [each["seq"] for each in message.get("frames", [message]) if each["type"] == "incident"]
        return seen

    async def say(self, **frame) -> None:
        await self.connection.send(json.dumps(frame))

    async def close_code(self) -> int:
        with anyio.fail_after(30):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code


@asynccontextmanager
async def listening(authority: str, query: str = "", **options):
    async with connect(f"ws://{authority}/api/v1/ws/events{query}", **{"open_timeout": 60, **options}) as connection:
        yield Listener(connection)


@pytest.fixture
async def authority(desk):
    async with served(desk) as opened:
        yield opened


async def test_a_first_hello_is_the_whole_truth_at_its_number(desk, authority):
    desk.tell(event(4), event(5))
    async with listening(authority) as listener:
        hello = await listener.frame()
    assert (hello["type"], hello["seq"], hello["epoch"]) == ("hello", 2, "epoch-1")
    snapshot = hello["snapshot"]
    assert [each["id"] for each in snapshot["events"]] == [f"ev-{n:05d}" for n in (5, 4, 3, 2, 1)]
    assert [each["id"] for each in snapshot["incidents"]] == ["inc-2", "inc-1"]
    assert [each["name"] for each in snapshot["clusters"]] == ["east", "west"]
    assert snapshot["fleet"]["missing"][0]["cluster"] == "west"
    assert snapshot["health"]["status"] == "healthy"


async def test_numbers_have_no_holes_and_prev_is_the_one_before(desk, authority):
    async with listening(authority) as listener:
        assert (await listener.frame())["seq"] == 0
        desk.tell(event(4), event(5))
        desk.live.publish("incident", [incident(1)], desk.now())
        desk.live.publish("cluster", [member("east")], desk.now())
        frames = await listener.numbered(4)
    assert [(frame["seq"], frame["prev"]) for frame in frames] == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert [frame["type"] for frame in frames] == ["event", "event", "incident", "cluster"]
    assert frames[0]["at"] == "2026-11-25T12:02:30.123Z"


async def test_a_frame_carries_what_rest_answers(desk, authority, client):
    async with listening(authority) as listener:
        await listener.frame()
        desk.live.publish("incident", [desk.known["inc-1"]], desk.now())
        desk.live.publish("event", [desk.stored[0]], desk.now())
        told_incident, told_event = await listener.numbered(2)
    assert told_incident["data"] == (await client.get("/api/v1/incidents")).json()["items"][-1]
    assert told_event["data"] == (await client.get("/api/v1/events")).json()["items"][-1]


async def test_status_beats_carry_the_agents_time_and_use_no_number(desk):
    async with (
        served(desk, ApiOptions(pace=Pace(status_s=0.02))) as authority,
        listening(authority) as listener,
    ):
        first, second = [await listener.one("status") for _ in range(2)]
    assert first["seq"] == second["seq"] == 0
    assert first["data"]["server_time"] == "2026-11-25T12:02:30.123Z"
    assert first["data"]["incidents_open"] == {"critical": 0, "high": 2, "medium": 0, "low": 0, "info": 0}
    assert first["data"]["health"] == "healthy"


async def test_a_resumed_stream_says_hello_without_a_snapshot_and_tells_all_that_was_missed(desk, authority):
    desk.tell(*(event(number) for number in range(500)))
    async with listening(authority, "?since=7&epoch=epoch-1") as listener:
        hello = await listener.frame()
        assert (hello["seq"], hello["snapshot"]) == (7, None)
        desk.tell(event(900))
        frames = await listener.numbered(494)
    assert [frame["seq"] for frame in frames] == list(range(8, 502))
    assert [frame["prev"] for frame in frames] == list(range(7, 501))


async def test_a_stream_resumed_at_its_end_goes_on_from_there(desk, authority):
    desk.tell(event(4))
    async with listening(authority, "?since=1&epoch=epoch-1") as listener:
        assert (await listener.frame())["seq"] == 1
        desk.tell(event(5))
        assert [frame["seq"] for frame in await listener.numbered(1)] == [2]


@pytest.mark.parametrize("query", ["?since=1&epoch=another", "?since=1", "?since=99&epoch=epoch-1", "?epoch=epoch-1"])
async def test_a_place_that_means_nothing_here_begins_anew(desk, authority, query):
    desk.tell(event(4), event(5))
    async with listening(authority, query) as listener:
        hello = await listener.frame()
    assert (hello["type"], hello["seq"]) == ("hello", 2)
    assert hello["snapshot"]


async def test_a_past_that_is_gone_is_said_to_be_gone_before_a_full_hello():
    desk = PlainDesk(replayable=10)
    desk.tell(*(event(number) for number in range(50)))
    async with served(desk) as authority, listening(authority, "?since=5&epoch=epoch-1") as listener:
        gap, hello = await listener.frame(), await listener.frame()
        desk.tell(event(60))
        after = await listener.numbered(1)
    assert gap == {"type": "gap", "from": 6, "to": 50}
    assert (hello["type"], hello["seq"]) == ("hello", 50)
    assert hello["snapshot"]
    assert (after[0]["seq"], after[0]["prev"]) == (51, 50)


async def test_what_happens_while_the_snapshot_is_read_is_neither_lost_nor_told_twice():
    class Interrupted(PlainDesk):
        async def events(self, query):
            page = await super().events(query)
            self.tell(event(77))
            return page

    desk = Interrupted()
    desk.stored = [event(1)]
    async with served(desk) as authority, listening(authority) as listener:
        hello = await listener.frame()
        desk.tell(event(78))
        after = await listener.numbered(1)
    assert (hello["seq"], [each["id"] for each in hello["snapshot"]["events"]]) == (1, ["ev-00077", "ev-00001"])
    assert (after[0]["seq"], after[0]["data"]["id"]) == (2, "ev-00078")


async def test_with_batches_what_is_due_together_comes_together(desk, authority):
    desk.tell(*(event(number) for number in range(300)))
    async with listening(authority, "?since=0&epoch=epoch-1&batch=1") as listener:
        frames = []
        while len(frames) < 300:
            message = await listener.one("batch", "event")
            frames += message.get("frames", [message])
            assert message["type"] == "batch"
    assert [(frame["seq"], frame["prev"]) for frame in frames] == [(n + 1, n) for n in range(300)]


async def test_without_batches_each_message_is_one_frame(desk, authority):
    async with listening(authority) as listener:
        await listener.frame()
        desk.tell(event(4), event(5), event(6))
        assert [frame["type"] for frame in await listener.numbered(3)] == ["event"] * 3


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"topics": ["incident", "cluster"]}, [4, 5]),
        ({"filter": {"cluster": "west"}}, [2, 5]),
        ({"filter": {"severity": ["critical", "low"]}}, [3, 5]),
        ({"filter": {"kind": "pod.changed"}}, [3, 5]),
        ({"topics": ["event"], "filter": {"cluster": ["east", "west"], "severity": "high"}}, [1, 2]),
        ({}, [1, 2, 3, 4, 5]),
    ],
)
async def test_a_filtered_stream_names_the_number_last_sent(desk, authority, asked, expected):
    async with listening(authority) as listener:
        await listener.frame()
        await listener.say(type="subscribe", **asked)
        await listener.say(type="subscribe", colour="red")
        await listener.one("error")  # by then the one before it was heard
        desk.tell(
            event(1), event(2, cluster="west"), event(3, severity=Severity.LOW, kind="pod.changed", cluster="north")
        )
        desk.live.publish("incident", [incident(1)], desk.now())
        desk.live.publish("cluster", [member("west")], desk.now())
        frames = await listener.numbered(len(expected))
    assert [frame["seq"] for frame in frames] == expected
    assert [frame["prev"] for frame in frames] == [0, *expected[:-1]]


@pytest.mark.parametrize(
    "sent", ["{", "[]", '{"type": "shout"}', '{"type": "subscribe", "topics": ["weather"]}', b"\xff", ""]
)
async def test_a_frame_that_is_not_understood_is_answered_and_changes_nothing(desk, authority, sent):
    async with listening(authority) as listener:
        await listener.frame()
        await listener.connection.send(sent)
        assert "ignored" in (await listener.one("error"))["detail"]
        desk.tell(event(4))
        assert [frame["seq"] for frame in await listener.numbered(1)] == [1]


async def test_a_client_that_only_makes_mistakes_is_shown_out(authority):
    async with listening(authority) as listener:
        for _ in range(60):
            await listener.connection.send("{")
        assert await listener.close_code() == 1008


async def test_a_client_that_answers_pings_stays_and_one_that_stops_is_let_go(desk):
    pace = Pace(ping_s=0.05, answer_s=0.5)
    async with served(desk, ApiOptions(pace=pace)) as authority, listening(authority) as listener:
        for _ in range(12):  # longer than answer_s
            await listener.one("ping")
            await listener.say(type="pong")
        assert await listener.close_code() == 4408


async def test_a_client_that_does_not_read_is_told_that_it_was_too_slow_and_the_others_miss_nothing(desk):
    async with (
        served(desk, ApiOptions(pace=Pace(stall_s=0.3))) as authority,
        listening(authority, max_queue=1) as listener,
        listening(authority, max_queue=1) as quick,
    ):
        await listener.frame()
        await quick.frame()
        seen = []
        with anyio.fail_after(60):
            while desk.live.subscriber_count == 2:
                desk.live.publish("incident", [LONG] * 200, desk.now())
                seen += await quick.numbers(200)
        assert seen == list(range(1, len(seen) + 1))
        assert await listener.close_code() == 4408


@pytest.mark.parametrize("query", ["", "?batch=1"])
async def test_no_burst_is_so_large_that_clients_who_read_are_let_go(query):
    desk = PlainDesk(replayable=5_000)
    async with served(desk) as authority, contextlib.AsyncExitStack() as opened:
        listeners = [await opened.enter_async_context(listening(authority, query, max_queue=1)) for _ in range(3)]
        for listener in listeners:
            await listener.frame()
        desk.live.publish("incident", [replace(LONG, version=version) for version in range(600)], desk.now())
        assert desk.live.published_bytes > 2 << 20

        async def read(listener) -> None:
            assert await listener.numbers(600) == list(range(1, 601))

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for listener in listeners:
                    tasks.start_soon(read, listener)


async def test_a_client_that_takes_nothing_ends_its_stream(desk):
    pace = Pace(send_s=0.2, hold_s=5, most_waiting=1 << 30)
    async with served(desk, ApiOptions(pace=pace)) as authority, listening(authority, max_queue=1) as listener:
        await listener.frame()
        with anyio.fail_after(60):
            while desk.live.subscriber_count:
                desk.tell(*(event(number) for number in range(100)))
                await anyio.sleep(0.001)
        assert await listener.close_code() == 4408


async def test_a_client_that_leaves_is_forgotten(desk, authority):
    async with listening(authority) as listener:
        await listener.frame()
        assert desk.live.subscriber_count == 1
    with anyio.fail_after(30):
        while desk.live.subscriber_count:  # noqa: ASYNC110 - polled, with a deadline
            await anyio.sleep(0.01)


async def test_a_store_that_cannot_be_read_now_asks_the_client_to_come_back(desk, authority):
    desk.store_is_down = True
    async with listening(authority) as listener:
        assert await listener.close_code() == 1013
    async with listening(authority, "?since=0&epoch=epoch-1") as listener:
        assert (await listener.frame())["type"] == "hello"


@pytest.mark.parametrize("query", ["?since=abc", "?colour=red", "?since=-1"])
async def test_a_query_that_is_not_understood_closes_with_its_name(authority, query):
    async with listening(authority, query) as listener:
        with pytest.raises(ConnectionClosed) as closed:
            await listener.connection.recv()
    assert closed.value.rcvd.code == 1008
    assert query[1:].partition("=")[0] in closed.value.rcvd.reason


@pytest.mark.parametrize(
    "options",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_a_foreign_page_gets_no_stream(desk, authority, options):
    async with listening(authority, **options) as listener:
        assert await listener.close_code() == 4403
    assert desk.live.subscriber_count == 0


async def test_a_name_rebound_to_loopback_gets_no_stream(desk, authority):
    host, port = authority.split(":")
    async with listening(f"evil.example:{port}", host=host, port=int(port)) as listener:
        assert await listener.close_code() == 4403


async def test_our_own_page_gets_the_stream(authority):
    async with listening(authority, origin=f"http://{authority}") as listener:
        assert (await listener.frame())["type"] == "hello"


GOOD = {"Authorization": "Bearer a-long-token"}


async def test_where_a_token_is_needed_a_stream_needs_it_or_a_ticket_that_opens_it_once(desk):
    import httpx2

    options = ApiOptions(auth="required", bootstrap_token=Secret("a-long-token"))
    async with served(desk, options) as authority, httpx2.AsyncClient(base_url=f"http://{authority}") as http:
        async with listening(authority) as listener:
            assert await listener.close_code() == 4401
        async with listening(authority, additional_headers={"Authorization": "Bearer no"}) as listener:
            assert await listener.close_code() == 4401
        async with listening(authority, additional_headers=GOOD) as listener:
            assert (await listener.frame())["type"] == "hello"
        ticket = (await http.post("/api/v1/stream/tickets", headers=GOOD)).json()["ticket"]
        async with listening(authority, f"?ticket={ticket}") as listener:
            assert (await listener.frame())["type"] == "hello"
        async with listening(authority, f"?ticket={ticket}") as listener:
            assert await listener.close_code() == 4401

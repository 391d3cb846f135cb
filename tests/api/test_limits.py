"""How often one client may ask, whoever stands between; and never a limit for this very machine."""

import anyio
import httpx2
import pytest

from kronveil.api import ApiOptions, create_app
from kronveil.api.limits import A_SECOND, AT_ONCE, Limits, Proxies
from kronveil.sdk.errors import ConfigError
from tests.api.conforming import check_problem, published
from tests.api.test_refusals import GOOD, options

pytestmark = pytest.mark.anyio


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def time_stands_still(monkeypatch):
    """On a slow machine a bucket would fill as quickly as the test can ask."""
    monkeypatch.setattr(Limits.__init__, "__defaults__", (Clock(),))


def asking(desk, peer, **changes):
    app = create_app(desk, options(is_loopback=False, **changes))
    transport = httpx2.ASGITransport(app=app, client=(peer, 4711), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://agent.example", headers=GOOD)


async def answers(client, count, **headers):
    return [(await client.get("/api/v1/me", headers=headers)).status_code for _ in range(count)]


async def test_a_client_that_asks_too_much_is_told_when_to_come_back_and_others_are_not(desk):
    async with asking(desk, "192.0.2.1") as busy:
        statuses = await answers(busy, int(AT_ONCE) + 100)
        assert statuses[: int(AT_ONCE)] == [200] * int(AT_ONCE)
        assert 429 in statuses
        response = await busy.get("/api/v1/me")
        while response.status_code == 200:
            response = await busy.get("/api/v1/me")
        check_problem(response, 429)
        assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"])
async def test_loopback_is_left_alone(desk, peer):
    async with asking(desk, peer) as client:
        assert set(await answers(client, int(AT_ONCE) * 2)) == {200}


async def test_behind_a_trusted_proxy_each_client_has_a_bucket_of_its_own(desk):
    async with asking(desk, "127.0.0.1", trusted_proxies=("127.0.0.1", "10.0.0.0/8")) as proxy:
        count = int(AT_ONCE) + 100
        assert 429 in await answers(proxy, count, **{"X-Forwarded-For": "192.0.2.1, 10.1.2.3"})
        assert set(await answers(proxy, 10, **{"X-Forwarded-For": "192.0.2.2, 10.1.2.3"})) == {200}
        # What the client itself wrote before the proxy's own entry buys it nothing.
        assert 429 in await answers(proxy, 10, **{"X-Forwarded-For": "198.51.100.9, 192.0.2.1"})


async def test_whoever_is_not_trusted_speaks_for_himself(desk):
    async with asking(desk, "192.0.2.1", trusted_proxies=("10.0.0.1",)) as client:
        statuses = []
        for number in range(int(AT_ONCE) + 100):
            headers = {"X-Forwarded-For": f"203.0.113.{number % 250}"}
            statuses.append((await client.get("/api/v1/me", headers=headers)).status_code)
    assert 429 in statuses


async def test_wrong_tokens_are_worth_many_requests(desk):
    async with asking(desk, "192.0.2.1") as client:
        statuses = await answers(client, 30, Authorization="Bearer guess")
    assert statuses.count(401) < 15
    assert statuses[-1] == 429


async def test_a_stream_is_not_opened_for_a_client_that_asks_too_much(desk):
    app = create_app(desk, options(is_loopback=False))
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"agent.example"), (b"authorization", b"Bearer guess")]
    with anyio.fail_after(30):
        for _ in range(int(AT_ONCE) + 100):
            scope = {
                "type": "websocket",
                "path": "/api/v1/ws/events",
                "raw_path": b"/api/v1/ws/events",
                "query_string": b"",
                "headers": headers,
                "client": ("192.0.2.1", 4711),
                "server": ("agent.example", 80),
                "scheme": "ws",
                "subprotocols": [],
                "root_path": "",
            }
            await app(scope, receive, send)
    codes = [message["code"] for message in sent if message["type"] == "websocket.close"]
    assert (codes[0], codes[-1]) == (4401, 1013)


def test_a_bucket_fills_again_with_time():
    clock = Clock()
    limits = Limits(clock)
    assert [limits.take("192.0.2.1") for _ in range(int(AT_ONCE))] == [None] * int(AT_ONCE)
    wait_s = limits.take("192.0.2.1")
    assert wait_s is not None
    assert 0 < wait_s <= 1 / A_SECOND
    clock.now += 1
    assert [limits.take("192.0.2.1") for _ in range(int(A_SECOND) + 1)].count(None) == A_SECOND


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_real_client_is_the_last_that_no_trusted_proxy_is(peer, forwarded, client):
    assert Proxies(("10.0.0.0/8",)).client_of(peer, forwarded) == client


def test_a_trusted_proxy_that_is_no_address_is_named():
    with pytest.raises(ConfigError, match=r"api\.trusted_proxies: 'nginx'"):
        ApiOptions(trusted_proxies=("nginx",)).check()


def test_the_memory_of_clients_is_bounded():
    limits = Limits(Clock())
    for number in range(30_000):
        limits.take(f"2001:db8::{number:x}")
    assert len(limits._buckets) == 10_000


def test_every_operation_declares_that_it_may_be_refused_for_being_asked_too_often():
    assert all("429" in each["responses"] for ways in published()["paths"].values() for each in ways.values())

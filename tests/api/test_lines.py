"""Whom the live stream is written to, and who is let go: not for a burst, but for taking nothing, or never enough."""

import time
from collections.abc import Callable
from datetime import datetime

import anyio
import anyio.lowlevel
import pytest

from kronveil.api.callers import LOCAL, Doorman
from kronveil.api.fan import Fan
from kronveil.api.feed import Composer, Feed
from kronveil.api.lines import TOO_SLOW, Line, Watch
from kronveil.api.options import ApiOptions
from kronveil.api.pace import Pace
from kronveil.api.wire import text_frame
from tests.api.plain_desk import PlainDesk, event, incident

pytestmark = pytest.mark.anyio
LONG = tuple([incident(1).timeline[0]] * 20)
PACE = Pace(stall_s=2, send_s=10, most_waiting=50_000)


class Network:
    """The other end: takes what it is told to take."""

    def __init__(self) -> None:
        self.is_full = False
        self.on_room: Callable[[], object] | None = None
        self.unsent_bytes = 0
        self.written: list[bytes] = []

    def write(self, frames: bytes) -> None:
        self.written.append(frames)

    def fill(self, unsent_bytes: int) -> None:
        self.is_full, self.unsent_bytes = True, unsent_bytes

    def abort(self) -> None:
        raise AssertionError


async def line_of(desk: PlainDesk, composer: Composer | None = None, *, pace: Pace = PACE) -> tuple[Line, Network]:
    feed = Feed(composer or Composer(desk), desk.live.seq, desk.live.epoch)
    await feed.begin()
    network = Network()
    return Line(network, feed, Watch(Doorman(ApiOptions(), datetime.now), LOCAL, pace)), network


def burst(desk: PlainDesk) -> None:
    desk.tell(*(event(number) for number in range(200)))
    assert desk.live.published_bytes > PACE.most_waiting


async def test_a_burst_alone_is_no_reason_to_let_a_client_go():
    desk = PlainDesk()
    line, network = await line_of(desk)
    network.fill(70_000)
    burst(desk)
    began = time.monotonic()
    for second in range(9):  # for so long a network may need, as long as it takes something
        network.unsent_bytes -= 1
        line.beat(began + second)
    assert line.close is None


@pytest.mark.parametrize(("waits", "still_there"), [(True, 2.0), (False, 10.0)])
async def test_one_that_takes_nothing_is_let_go_sooner_when_much_waits_for_it(waits, still_there):
    desk = PlainDesk()
    line, network = await line_of(desk)
    began = time.monotonic()
    line.beat(began)
    network.fill(70_000)
    if waits:
        burst(desk)
    line.beat(began)
    line.beat(began + still_there)
    assert line.close is None
    line.beat(began + still_there + 0.1)
    assert line.close is not None
    assert line.close.code == TOO_SLOW


async def test_one_that_never_catches_up_is_let_go_whatever_it_takes():
    desk = PlainDesk()
    line, network = await line_of(desk)
    burst(desk)
    began = time.monotonic()
    beats = 0
    while line.close is None and beats < 1_000:
        beats += 1
        network.fill(70_000 - beats)
        line.beat(began + beats / 10)
    assert 99 <= beats <= 104


async def test_the_past_that_one_asked_for_takes_as_long_as_it_takes():
    desk = PlainDesk()
    burst(desk)
    feed = Feed(Composer(desk), 0, desk.live.epoch)
    await feed.begin()
    network = Network()
    line = Line(network, feed, Watch(Doorman(ApiOptions(), datetime.now), LOCAL, PACE))
    began = time.monotonic()
    for second in range(60):
        network.fill(70_000 - second)
        line.beat(began + second)
    assert line.close is None


async def test_many_who_come_at_once_share_one_snapshot_until_something_is_published():
    class Counting(PlainDesk):
        asked = 0

        async def events(self, query):
            self.asked += 1
            return await super().events(query)

    desk = Counting()
    composer = Composer(desk)
    [first] = await Feed(composer, None, None).begin()
    kept = composer.kept_hello()
    assert kept is None or kept is first  # a machine may be slower than a snapshot is kept
    desk.tell(event(1))
    assert composer.kept_hello() is None
    [later] = await Feed(composer, None, None).begin()
    assert later.place == 1
    assert b"ev-00001" in later.data
    assert desk.asked == 2


async def test_a_line_that_has_room_again_goes_on_where_it_was():
    desk = PlainDesk()
    line, network = await line_of(desk)
    network.fill(70_000)
    burst(desk)
    assert line.advance() is False
    assert network.written == []
    network.is_full = False
    while line.advance():
        pass
    assert b"".join(network.written).count(b'"type":"event"') == 200


async def test_all_who_want_the_same_are_written_the_same_bytes():
    desk = PlainDesk()
    composer = Composer(desk)
    several = [await line_of(desk, composer) for _ in range(3)]
    desk.tell(event(1), event(2))
    for line, _ in several:
        line.advance()
    written = [network.written for _, network in several]
    assert len(written[0]) == 1
    assert all(each[0] is written[0][0] for each in written)


@pytest.mark.parametrize(
    ("turns", "items"),
    [(20, [event(7)] * 500), (2, [incident(number, timeline=LONG) for number in range(500)])],
    ids=["10,000 repeats", "500 owners"],
)
async def test_a_storm_reaches_fifty_clients_whole_and_writes_to_each_seldom(turns, items):
    desk = PlainDesk(replayable=20_000)
    composer = Composer(desk)
    pace = Pace(gather_s=0)
    fan = Fan(composer, pace)
    several = [await line_of(desk, composer, pace=pace) for _ in range(50)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fan.run)
        for line, _ in several:
            fan.add(line)
        for _ in range(turns):  # of the pipeline
            desk.live.publish("event", items, desk.now())
            await anyio.lowlevel.checkpoint()
        with anyio.fail_after(30):
            while desk.live.seq > min(each.count for each in map(Told, several)):  # noqa: ASYNC110 - polled
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    for line, network in several:
        assert line.close is None
        assert len(network.written) < 200


class Told:
    """How many events a client was written."""

    def __init__(self, one: tuple[Line, Network]) -> None:
        self.count = b"".join(one[1].written).count(b'"type":"event"')


async def test_what_breaks_for_one_client_leaves_the_others_served(caplog):
    class Broken(Network):
        def write(self, frames: bytes) -> None:
            raise ValueError("broken")

    desk = PlainDesk()
    composer = Composer(desk)
    fan = Fan(composer, PACE)
    (line, _), (other, network) = [await line_of(desk, composer) for _ in range(2)]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fan.run)
        fan.add(line)
        fan.add(other)
        line.wire.write = Broken().write
        desk.tell(event(1))
        with anyio.fail_after(30):
            assert (await line.ended()).code == 1011
            while not any(b'"type":"event"' in each for each in network.written):  # noqa: ASYNC110 - polled
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert "a stream failed" in caplog.text


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_a_text_is_framed_as_the_protocol_has_it(size):
    from websockets.frames import Frame, Opcode

    payload = b"x" * size
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)

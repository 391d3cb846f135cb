"""The live stream: numbers without holes, a replayable past, and nobody waits for a slow client."""

from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import pytest

import kronveil.agent.live as live_stream
from kronveil.agent.live import Item, Live
from kronveil.model.event import Event, Severity
from kronveil.model.resource import Origin, Resource

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


def event(name: str) -> Event:
    return Event(
        id=name,
        kind="pod.running",
        severity=Severity.INFO,
        at=NOW,
        received_at=NOW,
        origin=Origin("kubernetes", "east"),
        resource=Resource("Pod", name),
    )


def live(*, replayable: int = 100, size: int = 10) -> Live:
    def encode(item: Item) -> bytes:
        return b"x" * size

    return Live("epoch", encode, replayable=replayable)


def test_numbers_have_no_holes() -> None:
    stream = live()
    reader = stream.join()
    stream.publish("event", [event("a"), event("b")], NOW)
    stream.publish("event", [event("c")], NOW)
    assert [frame.seq for frame in reader.take()] == [1, 2, 3]


def test_a_subscriber_sees_only_what_comes_after_it_joined() -> None:
    stream = live()
    stream.publish("event", [event("a")], NOW)
    reader = stream.join()
    stream.publish("event", [event("b")], NOW)
    assert [frame.seq for frame in reader.take()] == [2]


def test_the_past_is_replayed_from_a_number() -> None:
    stream = live()
    stream.publish("event", [event(name) for name in "abcd"], NOW)
    assert [frame.seq for frame in stream.since(2) or []] == [3, 4]
    assert stream.since(4) == []


@pytest.mark.parametrize("seq", [1, 99], ids=["past no longer kept", "from the future"])
def test_what_cannot_be_replayed_is_said_to_be_gone(seq: int) -> None:
    stream = live(replayable=2)
    stream.publish("event", [event(name) for name in "abcde"], NOW)
    assert stream.since(seq) is None


def test_each_item_is_encoded_once_however_many_listen() -> None:
    encoded: list[Item] = []

    def encode(item: Item) -> bytes:
        encoded.append(item)
        return b"{}"

    stream = Live("epoch", encode)
    readers = [stream.join() for _ in range(5)]
    stream.publish("event", [event("a")], NOW)
    assert len(encoded) == 1
    assert all(len(reader.take()) == 1 for reader in readers)


def test_one_who_is_behind_misses_nothing_until_what_comes_next_is_no_longer_kept() -> None:
    stream = live(replayable=8)
    slow, quick = stream.join(), stream.join()
    seen = []
    for number in range(8):
        stream.publish("event", [event(str(number))], NOW)
        seen += [frame.seq for frame in quick.take()]
    assert seen == [frame.seq for frame in slow.take()] == list(range(1, 9))
    stream.publish("event", [event(str(number)) for number in range(20)], NOW)
    assert slow.take() == []
    assert slow.is_lost
    assert slow.is_behind


def test_what_waits_is_told_in_bytes_and_the_past_one_asked_for_is_not_held_against_one() -> None:
    stream = live(size=10)
    stream.publish("event", [event(name) for name in "abcd"], NOW)
    reader = stream.join(1)
    assert reader.is_behind
    assert reader.waiting_bytes == 0
    stream.publish("event", [event(name) for name in "ef"], NOW)
    assert reader.waiting_bytes == 20
    reader.take()
    assert reader.waiting_bytes == 0


@pytest.mark.parametrize(
    ("most", "expected"), [(0, [2]), (19, [2]), (20, [2, 3]), (39, [2, 3, 4]), (999, [2, 3, 4, 5])]
)
def test_as_much_is_taken_as_fits_but_one_frame_at_least(most: int, expected: list[int]) -> None:
    stream = live(size=10)
    stream.publish("event", [event(name) for name in "abcde"], NOW)
    reader = stream.join(1)
    assert [frame.seq for frame in reader.take(most)] == expected
    assert reader.seq == expected[-1]


def test_a_past_of_large_frames_is_kept_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "MOST_PAST_BYTES", 2_000)
    monkeypatch.setattr(live_stream, "LEAST_REPLAYABLE", 40)
    stream = live(replayable=1_000, size=100)
    stream.publish("event", [event(str(number)) for number in range(200)], NOW)
    assert stream.since(160) is not None
    assert stream.since(100) is None


def test_of_large_frames_five_minutes_are_enough_however_few_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "MOST_PAST_BYTES", 5_000)
    stream = live(replayable=10_000, size=100)
    for number in range(1_000):
        stream.publish("event", [event(str(number))], NOW + timedelta(seconds=number))
    assert stream.since(1_000 - 300) is not None
    assert stream.bytes_after(0) <= 300 * 100 * 9 / 8


def test_frames_so_large_that_memory_would_run_out_are_not_kept_however_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "MOST_PAST_BYTES", 5_000)
    monkeypatch.setattr(live_stream, "BYTES_AT_ALL", 20_000)
    stream = live(replayable=10_000, size=100)
    most = 0
    for number in range(1_000):
        stream.publish("event", [event(str(number))], NOW)
        most = max(most, stream.bytes_after(0))
    assert most <= 20_100
    assert stream.since(950) is not None
    assert stream.since(500) is None
    one = live(size=50_000)
    one.publish("event", [event("larger than all that is kept")], NOW)
    assert one.since(0) is not None


@pytest.mark.anyio
async def test_news_is_told_to_all_who_wait_for_it() -> None:
    stream = live()
    told: list[int] = []

    async def wait(after: int) -> None:
        await stream.news(after)
        told.append(after)

    async with anyio.create_task_group() as tasks:
        for after in (0, 0, 1):
            tasks.start_soon(wait, after)
        await anyio.lowlevel.checkpoint()
        stream.publish("event", [], NOW)
        stream.publish("event", [event("a")], NOW)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        assert told == [0, 0]
        stream.publish("event", [event("b")], NOW)


def test_one_who_left_is_not_counted() -> None:
    stream = live()
    reader = stream.join()
    assert stream.subscriber_count == 1
    stream.leave(reader)
    stream.leave(reader)
    assert stream.subscriber_count == 0

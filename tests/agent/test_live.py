"""The live stream: numbers without holes, a replayable past, and nobody waits for a slow client."""

from datetime import UTC, datetime

import pytest

from kronveil.agent.live import BACKLOG_BYTES, Item, Live
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


def test_a_slow_client_is_let_go_and_the_others_miss_nothing() -> None:
    stream = live(size=BACKLOG_BYTES // 4)
    slow, quick = stream.join(), stream.join()
    seen = []
    for name in "abcdefgh":
        stream.publish("event", [event(name)], NOW)
        seen += [frame.seq for frame in quick.take()]
    assert slow.is_too_slow
    assert slow.take() == []
    assert not quick.is_too_slow
    assert seen == list(range(1, 9))


def test_one_who_left_is_sent_nothing_more() -> None:
    stream = live()
    reader = stream.join()
    stream.leave(reader)
    stream.publish("event", [event("a")], NOW)
    assert reader.take() == []
    assert stream.subscriber_count == 0

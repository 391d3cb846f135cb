"""API servers that lie, break off, count backwards or never end: told apart, bounded, and nothing invented."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta

import anyio
import pytest

from kronveil.collectors.kubernetes import connect
from kronveil.collectors.kubernetes.reading import LONGEST_LINE, Lines
from kronveil.sdk.testing.recorder import Recorder
from tests.collectors.scripted_server import ScriptedServer, serve
from tests.collectors.scripted_source import waiting
from tests.collectors.test_kubernetes_watching import Watch, sick, watch

__all__ = ["watch"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with serve() as server:
        yield server


def dropped(recorder: Recorder) -> dict[str, int]:
    total: dict[str, int] = {}
    for batch in recorder.batches:
        for reason, count in batch.dropped.items():
            total[reason] = total.get(reason, 0) + count
    return total


async def test_lines_are_found_however_they_are_cut() -> None:
    text = b"one\n\n  \ntwo\nthree"
    for size in range(1, len(text) + 1):
        lines = Lines()
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        assert [line for chunk in chunks for line in lines.of(chunk)] == [b"one", b"two"]


async def test_a_line_that_is_too_long_is_left_out_without_being_held() -> None:
    lines = Lines()
    tracemalloc.start()
    chunk = b"x" * 65_536
    for _ in range(100 * 2**20 // len(chunk)):
        assert lines.of(chunk) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * LONGEST_LINE
    assert lines.of(b"x\nnext\n") == [b"next"]
    assert lines.left_out == 1


async def test_a_frame_that_is_too_long_is_counted_and_the_watch_goes_on(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        await server.watching("pods")
        huge = {"type": "ADDED", "object": {"metadata": {"name": "x" * LONGEST_LINE}}}
        server.insert("pods", json.dumps(huge).encode() + b"\n")
        sick(server, "after")
        await recorder.until(lambda: bool(recorder.about("after")), "the next one is told")
        assert dropped(recorder) == {"too_large": 1}
        assert server.lists["pods"] == 1


async def test_a_list_that_is_too_long_is_asked_for_in_smaller_pages(
    server: ScriptedServer, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "LONGEST_ANSWER", 60_000)
    for number in range(150):
        sick(server, f"pod-{number}")
    async with watch() as recorder:
        await recorder.until(lambda: recorder.standing.pods == 150, "all are known in the end")
        assert len([one for one in recorder.observations if one.kind == "pod.changed"]) == 150


async def test_a_list_of_which_a_page_has_expired_begins_anew_and_takes_nothing_away(
    server: ScriptedServer, watch: Watch
) -> None:
    server.page_size, server.expired_pages = 4, 3
    for number in range(10):
        sick(server, f"pod-{number}")
    async with watch() as recorder:
        await recorder.until(lambda: recorder.standing.pods == 10, "all are known in the end")
        told = [one for one in recorder.observations if one.resource.kind == "Pod"]
        assert sorted(one.resource.name for one in told) == [f"pod-{number}" for number in range(10)]
        # While some are not listed their number is not known, and nothing is taken for gone.
        assert {batch.standing.pods for batch in recorder.batches if batch.standing is not None} <= {None, 10}
        assert not any(recorder.is_gone(f"pod-{number}") for number in range(10))


async def test_a_stream_that_is_cut_in_the_middle_of_a_frame_loses_and_drops_nothing(
    server: ScriptedServer, watch: Watch
) -> None:
    async with watch() as recorder:
        await server.watching("pods")
        server.silent_watches.add("pods")
        sick(server, "a")
        server.insert(
            "pods", json.dumps({"type": "ADDED", "object": server.objects["pods"]["shop", "a"]}).encode()[:99]
        )
        await anyio.sleep(0.1)  # nothing tells that half a frame has come
        server.silent_watches.clear()
        server.drop_streams()
        await recorder.until(lambda: bool(recorder.about("a")), "it comes with the next watch")
        assert dropped(recorder) == {}
        assert len(recorder.about("a")) == 1


async def test_a_server_that_closes_every_connection_at_once_is_unreachable_and_says_why(
    server: ScriptedServer, watch: Watch
) -> None:
    sick(server, "a")
    async with watch() as recorder:
        server.is_closing = True
        server.drop_streams()
        await recorder.until(lambda: recorder.standing.tries > 0, "it is told")
        assert f"127.0.0.1:{server.port}" in (recorder.error or "")
        server.is_closing = False
        sick(server, "b")
        await recorder.until(lambda: bool(recorder.about("b")), "it goes on")
        assert not recorder.is_gone("a")


async def test_an_error_of_the_server_is_named_for_its_kind_and_tried_again(
    server: ScriptedServer, watch: Watch
) -> None:
    sick(server, "a")
    server.broken["pods"] = 1
    async with watch() as recorder:
        assert "answers 500 to /api/v1/pods: etcdserver: leader changed" in (
            recorder.standing.kinds["pods"].error or ""
        )
        assert recorder.standing.error is None
        assert recorder.standing.pods is None
        await recorder.until(lambda: recorder.standing.pods == 1, "it is tried again")


async def test_a_broken_server_that_says_for_how_long_is_given_that_time(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        await server.watching("pods")
        server.broken["pods"], server.broken_for_s = 1, 3
        server.drop_streams()
        await recorder.until(lambda: "answers 500" in (recorder.standing.kinds["pods"].error or ""), "it is told")
        sick(server, "a")
        await recorder.until(lambda: bool(recorder.about("a")), "it goes on")
        # A second or less, had it said nothing.
        assert server.stayed_away_s["pods"] >= 3


async def test_a_busy_server_is_given_its_time_by_watches_too(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        await server.watching("pods")
        server.busy["pods"] = 1
        sick(server, "a")
        server.drop_streams()
        await recorder.until(lambda: "busy (429)" in (recorder.standing.kinds["pods"].error or ""), "it is told")
        await recorder.until(lambda: bool(recorder.about("a")), "it goes on")
        assert server.lists["pods"] == 1


async def test_frames_that_come_twice_or_out_of_order_change_nothing(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        await server.watching("pods")
        frames = []
        for reason in ("One", "Two", "Three"):
            item = server.put("pods", "a", namespace="shop", status=waiting(reason))
            frames.append(json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n")
        await recorder.until(lambda: len(recorder.about("a")) == 3, "all are told")
        for frame in (*reversed(frames), *frames):
            server.insert("pods", frame)
        sick(server, "b")
        await recorder.until(lambda: bool(recorder.about("b")), "the next one is told")
        assert len(recorder.about("a")) == 3
        assert dropped(recorder) == {}


async def test_a_store_that_was_restored_is_listed_again_and_nothing_is_invented(
    server: ScriptedServer, watch: Watch
) -> None:
    sick(server, "stays")
    sick(server, "was-made-after-the-backup")
    server.version += 100_000
    sick(server, "touch")
    async with watch(poll_interval=timedelta(milliseconds=100)) as recorder:
        for kind in recorder.standing.kinds:
            await server.watching(kind)
        uid = recorder.standing.uid
        del server.objects["pods"]["shop", "was-made-after-the-backup"]
        server.restore(500)
        await recorder.until(lambda: recorder.is_gone("was-made-after-the-backup"), "what is not there is gone")
        server.put("pods", "stays", namespace="shop", status=waiting("Another"))
        await recorder.until(lambda: len(recorder.about("stays")) == 2, "changes under the lower versions are told")
        assert not recorder.is_gone("stays")
        assert recorder.standing.uid == uid
        assert recorder.standing.pods == 2


async def test_what_a_restored_store_gives_a_version_it_had_given_before_is_looked_at_again(
    server: ScriptedServer, watch: Watch
) -> None:
    # Only of a pod whose owner is known an equal version is believed.
    owner = {"kind": "StatefulSet", "name": "db", "uid": "s-1", "controller": True}
    sick(server, "stays", metadata={"ownerReferences": [owner]})
    stays = server.objects["pods"]["shop", "stays"]
    version = stays["metadata"]["resourceVersion"]
    server.version += 100_000
    sick(server, "touch")
    async with watch(poll_interval=timedelta(milliseconds=100)) as recorder:
        for kind in recorder.standing.kinds:
            await server.watching(kind)
        server.restore(500)
        stays["metadata"]["resourceVersion"] = version
        stays["status"] = waiting("Another")
        await recorder.until(lambda: len(recorder.about("stays")) == 2, "it changed, whatever its version says")


async def test_how_far_the_clock_of_the_server_is_off_is_measured(server: ScriptedServer, watch: Watch) -> None:
    async with watch() as recorder:
        assert recorder.standing.skew_s is None
        server.clock_ahead_s = 90
        await recorder.until(lambda: (recorder.standing.skew_s or 0) in (89.0, 90.0, 91.0), "it is measured")
        server.clock_ahead_s = 0
        await recorder.until(lambda: recorder.standing.skew_s == 0.0, "it is right again")

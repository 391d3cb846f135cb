"""The promises of a collector. Subclass ``CollectorContract``, supply a source with moods, mark the class for AnyIO.

Each promise has a deliberately bad collector that breaks it, see
``tests/sdk/test_collector_contract_counterexamples.py``.
"""

# ruff: noqa: S101 - asserts are what a contract is made of

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import anyio

from kronveil.sdk.contracts import Collector, Component
from kronveil.sdk.errors import Permanent, PluginError, Transient
from kronveil.sdk.testing.recorder import Recorder

PROMPTLY_S = 1.0
LONGEST_STALL_S = 2.0
CREDENTIAL_WORDS = ("credential", "401", "unauthorized", "token", "password", "certificate")


class FakeSource(Protocol):
    """What the collector under test watches: a small world with objects by name, and moods."""

    secret: str
    """Part of the credentials that the collector uses; it must show nowhere."""

    @property
    def sent(self) -> int | None:
        """How many frames and list items it has sent; None when it cannot know."""

    async def add(self, name: str) -> None:
        """An object appears that there is something to report about."""

    async def change(self, name: str) -> None:
        """A watched field of it changes; each call to another value."""

    async def touch(self, name: str) -> None:
        """It changes where nobody watches: the source sends it again."""

    async def remove(self, name: str) -> None:
        """It is deleted."""

    async def answer(self) -> None:
        """Back to normal after any mood."""

    async def go_down(self) -> None:
        """Cut every connection, and refuse new ones."""

    async def hang(self) -> None:
        """Take connections and requests, and answer nothing."""

    async def refuse_credentials(self) -> None:
        """Cut every connection, and refuse who asks."""

    async def break_stream(self) -> None:
        """Cut every connection, and take new ones at once."""


class CollectorContract:
    """``component`` is the part; ``source`` opens a fake source, ``open`` the collector that watches it."""

    component: Component[Any]
    patience_s: float = 30.0

    def source(self) -> AbstractAsyncContextManager[FakeSource]:
        """A fresh source that answers."""
        raise NotImplementedError

    def open(self, source: Any) -> AbstractAsyncContextManager[Collector]:
        """The collector, told to watch ``source`` with credentials that hold its secret."""
        raise NotImplementedError

    @asynccontextmanager
    async def _watching(self, *names: str) -> AsyncGenerator[tuple[FakeSource, Recorder]]:
        """A source with these objects, and a collector that runs and has reported them."""
        async with self.source() as source:
            for name in names:
                await source.add(name)
            async with self._running(source) as recorder:
                await recorder.until(lambda: recorder.standing.heard_at is not None, "the source is heard")
                for name in names:
                    await recorder.until(lambda name=name: bool(recorder.about(name)), f"{name} is reported")  # type: ignore[misc]
                yield source, recorder

    @asynccontextmanager
    async def _running(self, source: FakeSource) -> AsyncGenerator[Recorder]:
        recorder = Recorder(self.patience_s)
        async with self.open(source) as collector, anyio.create_task_group() as tasks:
            tasks.start_soon(collector.run, recorder)
            yield recorder
            recorder.release()
            tasks.cancel_scope.cancel()

    async def test_only_declared_kinds_are_reported(self) -> None:
        async with self._watching("one") as (source, recorder):
            await source.change("one")
            await recorder.until(lambda: len(recorder.about("one")) > 1, "the change is reported")
            await source.remove("one")
            await recorder.until(lambda: recorder.is_gone("one"), "the deletion is reported")
            kinds = {observation.kind for observation in recorder.observations}
            assert kinds <= self.component.emits, f"not declared: {kinds - self.component.emits}"

    async def test_times_are_in_utc_and_not_in_the_future(self) -> None:
        async with self._watching("one") as (source, recorder):
            await source.change("one")
            await recorder.until(lambda: len(recorder.about("one")) > 1, "the change is reported")
            times = [observation.at for observation in recorder.observations]
            times += [
                batch.standing.heard_at for batch in recorder.batches if batch.standing and batch.standing.heard_at
            ]
            for moment in times:
                assert moment.tzinfo is not None, f"{moment} has no time zone"
                assert moment.utcoffset() == timedelta(0), f"{moment} is not in UTC"
                assert moment <= datetime.now(UTC), f"{moment} is in the future"

    async def test_what_did_not_change_is_not_reported(self) -> None:
        async with self._watching("one") as (source, recorder):
            before = len(recorder.about("one"))
            for _ in range(3):
                await source.touch("one")
            # What comes after them proves that they were read.
            await source.add("two")
            await recorder.until(lambda: bool(recorder.about("two")), "the next object is reported")
            assert len(recorder.about("one")) == before

    async def test_an_outage_is_told_and_takes_nothing_away(self) -> None:
        async with self._watching("one") as (source, recorder):
            await source.go_down()
            await recorder.until(lambda: bool(recorder.error), "the standing says why nothing is heard")
            await recorder.until(lambda: recorder.standing.tries > 1, "it is tried again")
            assert recorder.standing.next_try_at is not None, "the standing does not say when it is tried again"
            await source.answer()
            await recorder.until(lambda: recorder.error is None, "the standing says that all is well again")
            await source.change("one")
            await recorder.until(lambda: len(recorder.about("one")) > 1, "a change after the outage is reported")
            assert not recorder.is_gone("one"), "an outage was taken for a deletion"

    async def test_a_source_that_hangs_is_told(self) -> None:
        async with self._watching("one") as (source, recorder):
            await source.hang()
            await recorder.until(lambda: bool(recorder.error), "the standing says why nothing is heard")
            await source.answer()
            await source.add("two")
            await recorder.until(lambda: bool(recorder.about("two")), "it goes on when the source does")
            assert not recorder.is_gone("one"), "silence was taken for a deletion"

    async def test_refused_credentials_are_named(self) -> None:
        async with self._watching("one") as (source, recorder):
            await source.refuse_credentials()
            await recorder.until(lambda: bool(recorder.error), "the standing says why nothing is heard")
            words = (recorder.error or "").lower()
            assert any(word in words for word in CREDENTIAL_WORDS), f"it does not name the credentials: {words}"
            await source.answer()
            await recorder.until(lambda: recorder.error is None, "it goes on when they are taken again")

    async def test_a_lost_connection_loses_nothing(self) -> None:
        async with self._watching("one") as (source, recorder):
            await source.break_stream()
            await source.add("two")
            await source.change("one")
            await recorder.until(lambda: bool(recorder.about("two")), "what was added meanwhile is reported")
            await recorder.until(lambda: len(recorder.about("one")) > 1, "what was changed meanwhile is reported")

    async def test_a_lost_connection_repeats_nothing(self) -> None:
        async with self._watching("one", "two") as (source, recorder):
            await source.change("two")
            await recorder.until(lambda: len(recorder.about("two")) > 1, "the change is reported")
            await source.break_stream()
            await source.add("three")
            await recorder.until(lambda: bool(recorder.about("three")), "it goes on")
            keys = [observation.key for observation in recorder.observations]
            assert len(keys) == len(set(keys)), f"reported twice: {sorted(k for k in set(keys) if keys.count(k) > 1)}"

    async def test_what_was_deleted_during_an_outage_is_noticed(self) -> None:
        async with self._watching("one", "two") as (source, recorder):
            await source.go_down()
            await recorder.until(lambda: bool(recorder.error), "the outage is noticed")
            await source.remove("one")
            await source.answer()
            await recorder.until(lambda: recorder.is_gone("one"), "the deletion is reported")
            assert not recorder.is_gone("two")

    async def test_a_slow_agent_loses_nothing(self) -> None:
        async with self._watching("one") as (source, recorder):
            recorder.block()
            names = [f"many-{number}" for number in range(30)]
            for name in names:
                await source.add(name)
            await recorder.is_waited_on.wait()
            await anyio.sleep(PROMPTLY_S)  # long enough for anything that is not waiting to give up
            recorder.release()
            await recorder.until(lambda: all(map(recorder.about, names)), "all that came meanwhile is reported")

    async def test_the_books_balance(self) -> None:
        async with self._watching("one", "two") as (source, recorder):
            await source.change("one")
            await source.touch("two")
            await source.remove("two")
            await recorder.until(lambda: recorder.is_gone("two"), "the deletion is reported")
            await source.break_stream()
            await source.add("three")
            await recorder.until(lambda: bool(recorder.about("three")), "it goes on")
            if source.sent is None:
                assert any(batch.unchanged for batch in recorder.batches), "what did not change is not accounted for"
            else:
                await recorder.until(
                    lambda: recorder.received == source.sent,
                    f"received is what was sent: {recorder.received} of {source.sent}",
                )

    async def test_it_stops_promptly_when_cancelled(self) -> None:
        cancelled_at = 0.0
        async with self.source() as source:
            await source.add("one")
            async with self._running(source) as recorder:
                await recorder.until(lambda: bool(recorder.about("one")), "one is reported")
                cancelled_at = anyio.current_time()
            assert anyio.current_time() - cancelled_at < PROMPTLY_S

    async def test_it_stops_promptly_while_blocked_in_emit(self) -> None:
        cancelled_at = 0.0
        async with self.source() as source, self.open(source) as collector, anyio.create_task_group() as outer:
            await source.add("one")
            recorder = Recorder(self.patience_s)
            recorder.block()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(collector.run, recorder)
                await recorder.is_waited_on.wait()
                # One that does not stop is let go in the end, so that the test fails instead of hanging.
                outer.start_soon(_later, PROMPTLY_S * 3, recorder.release)
                cancelled_at = anyio.current_time()
                tasks.cancel_scope.cancel()
            assert anyio.current_time() - cancelled_at < PROMPTLY_S
            outer.cancel_scope.cancel()

    async def test_a_probe_agrees_with_the_source(self) -> None:
        async with self.source() as source, self.open(source) as collector:
            await collector.probe()
            await source.go_down()
            said = None
            try:
                await collector.probe()
            except (Transient, Permanent) as error:
                said = str(error)
            assert said is not None, "it says that a source which is down answers"
            assert said, "it does not say why"

    async def test_a_planted_secret_shows_nowhere(self) -> None:
        shown: list[str] = []
        async with self.source() as source, self.open(source) as collector, anyio.create_task_group() as tasks:
            await source.add("one")
            recorder = Recorder(self.patience_s)
            tasks.start_soon(collector.run, recorder)
            await recorder.until(lambda: bool(recorder.about("one")), "one is reported")
            shown += [repr(collector), str(collector)]
            for mood in (source.refuse_credentials, source.go_down):
                await mood()
                await recorder.until(lambda: bool(recorder.error), "the standing says why nothing is heard")
                try:
                    await collector.probe()
                except PluginError as error:
                    shown += [repr(error), str(error), repr(error.__cause__), repr(error.__context__)]
            shown += [repr(batch) for batch in recorder.batches]
            tasks.cancel_scope.cancel()
        assert not [text for text in shown if source.secret in text], "the secret is shown"

    async def test_it_never_blocks_the_loop(self) -> None:
        stalls: list[float] = []
        async with self._watching("one") as (source, recorder), anyio.create_task_group() as tasks:
            tasks.start_soon(_measure_stalls, stalls)
            for number in range(50):
                await source.add(f"many-{number}")
            await source.break_stream()
            await recorder.until(lambda: bool(recorder.about("many-49")), "all are reported")
            tasks.cancel_scope.cancel()
        assert max(stalls) < LONGEST_STALL_S, f"nothing else ran for {max(stalls):.2f} s"


def promises() -> Sequence[str]:
    """The names of every promise of the contract."""
    return [name for name in vars(CollectorContract) if name.startswith("test_")]


async def _later(after_s: float, act: Callable[[], None]) -> None:
    await anyio.sleep(after_s)
    act()


async def _measure_stalls(stalls: list[float]) -> None:
    while True:
        began = anyio.current_time()
        await anyio.sleep(0.01)
        stalls.append(anyio.current_time() - began - 0.01)

"""A source in memory, a collector that keeps every promise on it, and collectors that each break one."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio

from kronveil.model.facts import GoneFacts
from kronveil.model.fleet import Standing
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource
from kronveil.sdk.contracts import Batch, Component, Emit
from kronveil.sdk.errors import PluginError, Transient

SECRET = "hunter2-in-the-contract"
Frame = tuple[int, str, int | None]
"""Version, name, and the value of the watched field; None when deleted."""


class LostError(Exception):
    """The connection broke."""


class MemorySource:
    """See ``FakeSource``: objects are numbers by name; a log tells what happened to them."""

    def __init__(self) -> None:
        self.secret = SECRET
        self.objects: dict[str, int] = {}
        self.log: list[Frame] = []
        self.mood = "answer"
        self.break_number = 0
        self._sent = 0

    @property
    def sent(self) -> int | None:
        return self._sent

    async def add(self, name: str) -> None:
        self._set(name, 0)

    async def change(self, name: str) -> None:
        self._set(name, self.objects[name] + 1)

    async def touch(self, name: str) -> None:
        self._set(name, self.objects[name])

    async def remove(self, name: str) -> None:
        del self.objects[name]
        self.log.append((len(self.log) + 1, name, None))

    def _set(self, name: str, value: int) -> None:
        self.objects[name] = value
        self.log.append((len(self.log) + 1, name, value))

    async def answer(self) -> None:
        self.mood = "answer"

    async def go_down(self) -> None:
        self.mood = "down"

    async def hang(self) -> None:
        self.mood = "hang"

    async def refuse_credentials(self) -> None:
        self.mood = "refuse"

    async def break_stream(self) -> None:
        self.break_number += 1

    async def ask(self) -> None:
        """What every request meets first."""
        if self.mood == "hang":
            await anyio.sleep_forever()
        if self.mood == "down":
            raise LostError("connection refused")
        if self.mood == "refuse":
            raise LostError("the credentials are refused (401)")

    async def read(self, version: int) -> list[Frame]:
        """The frames after ``version``."""
        await self.ask()
        frames = self.log[version:]
        self._sent += len(frames)
        return frames


class MemoryCollector:
    """Reads the log again and again, from where it was."""

    def __init__(self, source: MemorySource) -> None:
        self.source = source
        self.known: dict[str, int] = {}
        self.version = 0
        self.standing = Standing(heard_at=None)
        self.seen_break = 0

    async def run(self, emit: Emit) -> None:
        while True:
            try:
                with anyio.fail_after(0.1):
                    frames = await self.source.read(self.version)
            except (LostError, TimeoutError) as error:
                await self.report(emit, self.failed(str(error) or "no answer within 0.1 s"))
            else:
                if self.source.break_number != self.seen_break:
                    self.seen_break = self.source.break_number
                    self.lost_connection()
                self.standing = replace(self.standing, error=None, tries=0, next_try_at=None, heard_at=self.now())
                await self.report(emit, self.translate(frames))
                self.version = len(self.source.log) if not frames else frames[-1][0]
            await anyio.sleep(0.01)

    async def report(self, emit: Emit, batch: Batch) -> None:
        await emit(replace(batch, standing=self.standing))

    async def probe(self) -> None:
        try:
            await self.source.ask()
        except LostError as error:
            raise self.refusal(error) from None

    def refusal(self, error: LostError) -> PluginError:
        return Transient(str(error))

    def lost_connection(self) -> None:
        """Nothing to do: the log is read from where it was."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def failed(self, reason: str) -> Batch:
        tries = self.standing.tries + 1
        self.standing = replace(
            self.standing, error=reason, tries=tries, next_try_at=self.now() + timedelta(seconds=0.01)
        )
        return Batch()

    def translate(self, frames: list[Frame]) -> Batch:
        observations, unchanged = [], 0
        for version, name, value in frames:
            if value is None:
                self.known.pop(name, None)
                observations.append(self.observation(version, name, "object.gone"))
            elif self.is_news(name, value):
                self.known[name] = value
                observations.append(self.observation(version, name, "thing.changed"))
            else:
                unchanged += 1
        return Batch(observations=tuple(observations), unchanged=unchanged)

    def is_news(self, name: str, value: int) -> bool:
        return self.known.get(name) != value

    def observation(self, version: int, name: str, kind: str) -> Observation:
        facts = GoneFacts() if kind == "object.gone" else None
        return Observation(kind, self.now(), Resource("Thing", name), f"{name}@{version}", facts)


@asynccontextmanager
async def open_memory(source: MemorySource) -> AsyncIterator[MemoryCollector]:
    yield MemoryCollector(source)


component = Component(
    name="memory",
    summary="Numbers in memory.",
    config=MemorySource,
    open=open_memory,
    emits=frozenset({"thing.changed", "object.gone"}),
)


class Undeclared(MemoryCollector):
    def observation(self, version: int, name: str, kind: str) -> Observation:
        return replace(super().observation(version, name, kind), kind=kind.replace("changed", "altered"))


class AheadOfTime(MemoryCollector):
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=5)


class ReportsEveryFrame(MemoryCollector):
    def is_news(self, name: str, value: int) -> bool:
        return True


class TakesAnOutageForEmptiness(MemoryCollector):
    def failed(self, reason: str) -> Batch:
        super().failed(reason)
        gone = tuple(self.observation(0, name, "object.gone") for name in self.known)
        self.known.clear()
        return Batch(unsourced=gone)


class WaitsForEver(MemoryCollector):
    async def run(self, emit: Emit) -> None:
        while True:
            frames = await self.source.read(self.version)
            self.standing = replace(self.standing, heard_at=self.now())
            await self.report(emit, self.translate(frames))
            self.version += len(frames)
            await anyio.sleep(0.01)


class SaysNothingOfCredentials(MemoryCollector):
    def failed(self, reason: str) -> Batch:
        return super().failed("something went wrong")


class GoesOnFromNow(MemoryCollector):
    def lost_connection(self) -> None:
        self.known = dict(self.source.objects)


class StartsOver(MemoryCollector):
    def translate(self, frames: list[Frame]) -> Batch:
        if self.seen_break:
            self.seen_break = 0
            self.source.break_number = 0
            self.known.clear()
            return super().translate([*self.source.log[: self.version], *frames])
        return super().translate(frames)


class MissesDeletions(MemoryCollector):
    def translate(self, frames: list[Frame]) -> Batch:
        kept = [frame for frame in frames if frame[2] is not None or not self.was_away]
        batch = super().translate(kept)
        self.was_away = False
        return replace(batch, unchanged=batch.unchanged + len(frames) - len(kept))

    was_away = False

    def failed(self, reason: str) -> Batch:
        self.was_away = True
        return super().failed(reason)


class DropsWhenTheAgentIsSlow(MemoryCollector):
    async def report(self, emit: Emit, batch: Batch) -> None:
        with anyio.move_on_after(0.05):
            await super().report(emit, batch)


class CountsOnlyNews(MemoryCollector):
    def translate(self, frames: list[Frame]) -> Batch:
        return replace(super().translate(frames), unchanged=0)


class StopsLate(MemoryCollector):
    async def run(self, emit: Emit) -> None:
        try:
            await super().run(emit)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1.5)


class InsistsOnDelivery(MemoryCollector):
    async def report(self, emit: Emit, batch: Batch) -> None:
        with anyio.CancelScope(shield=True):
            await super().report(emit, batch)


class AlwaysWell(MemoryCollector):
    async def probe(self) -> None:
        return


class TellsTheSecret(MemoryCollector):
    def failed(self, reason: str) -> Batch:
        return super().failed(f"{reason}: tried with token {self.source.secret}")


class BlocksTheLoop(MemoryCollector):
    def translate(self, frames: list[Frame]) -> Batch:
        if any(name == "many-49" for _, name, _ in frames):
            time.sleep(2.5)
        return super().translate(frames)

"""The pipeline: durable before shown, nothing lost while the store is away, acts carried out once."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.agent.desk import Act, KeyReused, NotFound, Refused
from kronveil.agent.intake import Intake, Source
from kronveil.agent.live import Item, Live
from kronveil.agent.pipeline import Pipeline
from kronveil.logic.lifecycle import Refusal
from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import Effect
from kronveil.model.facts import ContainerFacts, PodFacts, WarningFacts
from kronveil.model.incident import Incident, IncidentStatus
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin, Resource
from kronveil.sdk.contracts import Batch
from kronveil.sdk.errors import Transient
from kronveil.sdk.storage import EventQuery, Store, Writes
from kronveil.stores.sqlite import open_sqlite

OWNER = Resource("Deployment", "checkout", "payments", "uid-checkout")


def bad_image(pod: str, version: int = 1) -> Observation:
    container = ContainerFacts("app", "registry.example/checkout:2", "waiting", reason="ImagePullBackOff")
    return Observation(
        kind="pod.changed",
        at=datetime.now(UTC),
        resource=Resource("Pod", pod, "payments", f"uid-{pod}"),
        key=f"uid-{pod}@{version}",
        facts=PodFacts("Pending", (container,), scheduled=True),
        owner=OWNER,
    )


class Sulking:
    """A real store that can be told to refuse writes for a while, as a full disk does."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_full = False
        self.refusing = anyio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def save(self, writes: Writes) -> None:
        if self.is_full:
            self.refusing.set()
            raise Transient("the disk is full")
        await self._store.save(writes)


class Rig:
    def __init__(self, store: Sulking, *, breaks_on: str = "", hurry: timedelta = timedelta()) -> None:
        """With ``hurry`` that much time goes by whenever somebody looks at the clock."""
        self.store = store
        self._looks = 0
        self._hurry = hurry
        self.intake = Intake(lambda: datetime.now(UTC))
        self.live = Live("epoch", _encode)
        self.shown = self.live.join()
        judge = Triage(Rules()) if not breaks_on else _Breaking(breaks_on)
        self.pipeline = Pipeline(
            judge=judge,
            refusal=Refusal,
            intake=self.intake,
            store=store,  # type: ignore[arg-type] - all but save is the real store's
            live=self.live,
            clock=self._now,
            counters=Counter(),
            heard=dict,
        )
        self.source: Source = self.intake.source(Origin("kubernetes", "east", "uid-east"))

    def _now(self) -> datetime:
        self._looks += 1
        return datetime.now(UTC) + self._looks * self._hurry

    async def send(self, *observations: Observation) -> None:
        await self.source.emit(Batch(observations=observations))

    async def settle(self) -> None:
        with anyio.fail_after(30):
            await self.pipeline.drain()

    def incidents(self) -> Sequence[Incident]:
        return self.pipeline.held()


class _Breaking(Triage):
    """A judgement with a defect: it fails on one pod."""

    def __init__(self, pod: str) -> None:
        super().__init__(Rules())
        self._pod = pod

    def consider(self, observation: Observation, origin: Origin, now: datetime):  # type: ignore[no-untyped-def]
        if observation.resource.name == self._pod:
            raise ZeroDivisionError
        return super().consider(observation, origin, now)

    def tick(self, now: datetime) -> list[Effect]:
        if self._pod == "every beat":
            raise ValueError("a defect")
        return super().tick(now)


def _encode(item: Item) -> bytes:
    return json.dumps(str(item)).encode()


@asynccontextmanager
async def rig(folder: Path, *, breaks_on: str = "", hurry: timedelta = timedelta()) -> AsyncIterator[Rig]:
    async with open_sqlite(folder) as store, anyio.create_task_group() as tasks:
        made = Rig(Sulking(store), breaks_on=breaks_on, hurry=hurry)
        tasks.start_soon(made.pipeline.run)
        yield made
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_a_symptom_becomes_a_stored_event_and_a_shown_incident(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        (incident,) = one.incidents()
        assert incident.kind == "pod.image_pull_failed"
        assert [frame.topic for frame in one.shown.take()] == ["event", "incident"]
        stored = await one.store.events(EventQuery())  # type: ignore[operator]
        assert [event.kind for event in stored.items] == ["pod.image_pull_failed"]
        assert one.pipeline.counters == {"events:uid-east": 1}
        assert one.source.ledger.snapshot().delivered == 1


@pytest.mark.anyio
async def test_an_incident_that_changes_within_its_first_turn_is_counted_as_opened(tmp_path: Path) -> None:
    async with rig(tmp_path, hurry=timedelta(seconds=2)) as one:
        await one.send(bad_image("a"), bad_image("b"))
        await one.settle()
        (incident,) = one.incidents()
        assert incident.version > 1
        assert one.pipeline.opened == 1


@pytest.mark.anyio
async def test_nothing_is_shown_before_it_is_durable_and_nothing_is_lost_while_the_disk_is_full(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        one.store.is_full = True
        await one.send(bad_image("a"), bad_image("b"))
        with anyio.fail_after(30):
            await one.store.refusing.wait()
        assert one.shown.take() == []
        assert one.pipeline.trouble == "the disk is full"
        assert one.source.ledger.snapshot().in_flight == 2
        assert one.source.ledger.snapshot().is_balanced
        with pytest.raises(Transient, match="the disk is full"):
            await one.pipeline.act(Act("inc_x", "acknowledge", "local"))
        one.store.is_full = False
        await one.settle()
        assert [frame.topic for frame in one.shown.take()].count("incident") == 1
        assert one.pipeline.trouble is None
        assert one.source.ledger.snapshot().in_flight == 0


@pytest.mark.anyio
async def test_a_thousand_repeats_are_one_incident_and_a_few_rows(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        for version in range(1000):
            await one.send(bad_image("a", version))
        await one.settle()
        (incident,) = one.incidents()
        rows = await one.store.events(EventQuery(limit=500))  # type: ignore[operator]
        assert len(rows.items) <= 20
        books = one.source.ledger.snapshot()
        assert (books.received, books.delivered + books.merged) == (1000, 1000)
        with anyio.fail_after(30):
            while incident.event_count < 1000:
                await anyio.sleep(0.05)
                (incident,) = one.incidents()


@pytest.mark.anyio
async def test_one_observation_that_cannot_be_judged_is_counted_and_blinds_nobody(tmp_path: Path) -> None:
    async with rig(tmp_path, breaks_on="b") as one:
        await one.send(bad_image("a"), bad_image("b"), bad_image("c"))
        await one.settle()
        books = one.source.ledger.snapshot()
        assert books.dropped == {"could not be judged": 1}
        assert books.delivered == 2
        assert books.is_balanced


@pytest.mark.anyio
async def test_a_beat_that_breaks_is_told_and_stops_neither_the_agent_nor_what_it_observes(tmp_path: Path) -> None:
    async with rig(tmp_path, breaks_on="every beat") as one:
        await one.send(bad_image("a"))
        await one.settle()
        assert len(one.incidents()) == 1
        assert one.pipeline.beat_trouble == "recoveries and what must last are not judged: ValueError (see the log)"
        assert one.pipeline.beaten_at is None


@pytest.mark.anyio
async def test_what_cannot_be_stored_is_counted_and_takes_nothing_with_it(tmp_path: Path) -> None:
    half = "\ud83d"  # of a pair: no file can hold it
    async with rig(tmp_path) as one:
        lone = Resource("Service", "lone", "payments", "uid-lone")
        facts = WarningFacts("SyncLoadBalancerFailed")
        warning = Observation("kubernetes.warning", datetime.now(UTC), lone, "uid-w@1", facts, message=half)
        await one.send(bad_image("a"), warning, bad_image("c"))
        await one.settle()
        books = one.source.ledger.snapshot()
        assert books.dropped == {"could not be stored": 1}
        assert books.delivered + books.merged == 2
        assert books.is_balanced
        assert one.pipeline.trouble is None
        stored = await one.store.events(EventQuery())  # type: ignore[operator]
        assert "kubernetes.warning" not in {event.kind for event in stored.items}
        assert [frame.topic for frame in one.shown.take()].count("incident") == 1
        await one.send(bad_image("d"))
        await one.settle()
        assert one.source.ledger.snapshot().delivered + one.source.ledger.snapshot().merged == 3


@pytest.mark.anyio
async def test_an_act_that_cannot_be_stored_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        (incident,) = one.incidents()
        with pytest.raises(Refused, match="lone surrogate"):
            await one.pipeline.act(Act(incident.id, "resolve", "ada", "fixed \ud83d"))
        assert one.incidents() == [incident]


@pytest.mark.anyio
async def test_an_act_is_durable_when_it_is_answered_and_done_once_for_a_key(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        (incident,) = one.incidents()
        act = Act(incident.id, "acknowledge", "ada", key="key-1")
        first = await one.pipeline.act(act)
        stored = await one.store.incident(incident.id)  # type: ignore[operator]
        assert stored == first
        assert first.status is IncidentStatus.ACKNOWLEDGED
        assert first.acknowledged_by == "ada"
        again = await one.pipeline.act(act)
        assert again == first
        with pytest.raises(KeyReused):
            await one.pipeline.act(Act(incident.id, "resolve", "ada", "fixed", key="key-1"))


@pytest.mark.anyio
async def test_an_act_on_nothing_or_on_what_is_over_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        with pytest.raises(NotFound):
            await one.pipeline.act(Act("inc_nothing", "acknowledge", "ada"))
        await one.send(bad_image("a"))
        await one.settle()
        (incident,) = one.incidents()
        resolved = await one.pipeline.act(Act(incident.id, "resolve", "ada", "rolled back by hand"))
        assert resolved.status is IncidentStatus.RESOLVED
        assert resolved.timeline[-1].message == "Resolved by ada: rolled back by hand"
        with pytest.raises(Refused):
            await one.pipeline.act(Act(incident.id, "acknowledge", "ada"))


@pytest.mark.anyio
async def test_after_a_restart_the_incidents_are_still_there_and_nothing_is_doubled(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        await one.send(bad_image("a"))
        await one.settle()
        (before,) = one.incidents()
    async with open_sqlite(tmp_path) as store:
        restored = await store.restore(datetime.now(UTC) - timedelta(hours=1))
        triage = Triage(Rules(), restored.incidents, restored.cluster_heard)
        assert [incident.id for incident in triage.held()] == [before.id]
        triage.consider(bad_image("a"), Origin("kubernetes", "east", "uid-east"), datetime.now(UTC))
        assert [incident.id for incident in triage.held()] == [before.id]
        assert restored.counters == {"events:uid-east": 1}


@pytest.mark.anyio
async def test_the_very_same_report_again_is_booked_and_is_no_event_more(tmp_path: Path) -> None:
    async with rig(tmp_path) as one:
        # One cluster under two names reports everything twice; a repeat of another version is an event more.
        again = one.intake.source(Origin("kubernetes", "east", "uid-east"))
        report = bad_image("a")
        await one.send(report)
        await again.emit(Batch(observations=(report,)))
        await one.send(bad_image("a", version=2))
        await one.settle()
        assert one.pipeline.counters["events:uid-east"] == 2
        books = again.ledger.snapshot()
        assert (books.received, books.merged, books.in_flight) == (1, 1, 0)


@pytest.mark.anyio
async def test_the_total_of_events_never_goes_down_over_restarts(tmp_path: Path) -> None:
    shown = 0
    for life in range(4):
        async with rig(tmp_path) as one:
            restored = await one.store.restore(datetime.now(UTC))  # type: ignore[operator]
            one.pipeline.counters.update(restored.counters)
            assert one.pipeline.counters["events:uid-east"] >= shown, "less than was shown before"
            # The first list after a restart reports again what is wrong still.
            await one.send(*[bad_image(pod) for pod in "abc"[: life + 1]])
            await one.settle()
            shown = one.pipeline.counters["events:uid-east"]
    assert shown >= 3

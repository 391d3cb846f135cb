"""correlate: one report about an open incident, with 100 and with 10,000 of them open: the cost must not grow."""

import gc
from datetime import UTC, datetime, timedelta
from itertools import count

from kronveil.bench.measure import QUICK_ROUNDS, ROUNDS, Variant, interleaved
from kronveil.bench.record import Counts, Measure, Record
from kronveil.logic.triage import Rules, Triage
from kronveil.model.effects import MergeEvent, RecordEvent
from kronveil.model.facts import ContainerFacts, PodFacts
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin, Resource

PEER = "26,000/s at 100, about 1,500/s at 10,000 (published)"
FEW, MANY = 100, 10_000
BATCH = 500
# So slow that no report repeats another within the dedup window, however few incidents there are: the work is the same.
STEP = timedelta(milliseconds=400)
START = datetime(2026, 11, 20, tzinfo=UTC)
ORIGIN = Origin("kubernetes", "bench", "4f2c1e0a-uid-of-a-cluster", "eu-west-1")


class Fleet:
    """A judgement that holds ``incidents`` open ones, each of a deployment of its own, and reports that touch them."""

    def __init__(self, incidents: int) -> None:
        self.triage = Triage(Rules())
        self.incidents = incidents
        self.recorded = self.merged = 0
        self._versions = count(1)
        self._now = START
        for number in range(incidents):
            self._consider(number)

    async def take(self, reports: int) -> int:
        """Report on a hundred incidents in turn, on others in the next batch, with the pipeline's beat in between."""
        self.recorded = self.merged = 0
        for number in range(reports):
            chosen = number // BATCH * FEW + number % FEW
            self._consider(chosen * 7_919 % self.incidents)
            if number % BATCH == BATCH - 1:
                self.triage.tick(self._now)
        return reports

    def beat(self, later: timedelta) -> None:
        """Only time goes by."""
        self._now += later
        self.triage.tick(self._now)

    def _consider(self, number: int) -> None:
        self._now += STEP
        version = next(self._versions)
        for effect in self.triage.consider(_crash_loop(number, version, self._now), ORIGIN, self._now):
            self.recorded += isinstance(effect, RecordEvent)
            self.merged += isinstance(effect, MergeEvent)


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """The many against the few."""
    reports = 2_000 if quick else 10_000
    few, many = Fleet(FEW), Fleet(MANY)
    gc.collect()
    gc.freeze()  # as the agent does once it has started
    taken = await interleaved(
        [Variant("few", lambda: few.take(reports)), Variant("many", lambda: many.take(reports))],
        QUICK_ROUNDS if quick else ROUNDS,
    )
    gc.unfreeze()
    return [
        Record(
            "correlate",
            f"{MANY:,} open incidents",
            "report",
            taken["many"],
            Measure("cost", floor=3.0, goal=1.5),
            taken["few"],
            f"{FEW} open",
            counts=_counts(many, reports),
            peer=PEER,
            more={"open": len(many.triage.held())},
        ),
        Record("correlate", f"{FEW} open incidents", "report", taken["few"], counts=_counts(few, reports)),
    ]


def _counts(fleet: Fleet, reports: int) -> Counts:
    """Every report is an event or the repeat of one, and opens nothing."""
    # The one line that stands for a storm of them is no incident of its own.
    extra = sum(not one.children for one in fleet.triage.held()) - fleet.incidents
    return Counts(
        reports, stored=fleet.recorded, deduplicated=fleet.merged, lost=max(0, -extra), duplicated=max(0, extra)
    )


def _crash_loop(number: int, version: int, now: datetime) -> Observation:
    uid = f"5b0e2f6a-0000-4000-8000-{number:012d}"
    app = ContainerFacts(
        name="app",
        image="registry.example.com/shop/app:2026.11.3",
        state="waiting",
        reason="CrashLoopBackOff",
        message="back-off 40s restarting failed container",
        restarts=version,
        last_reason="Error",
        last_exit_code=1,
        last_finished_at=now,
    )
    return Observation(
        kind="pod.changed",
        at=now,
        resource=Resource("Pod", f"service-{number:05d}-7d4b9c6f8d-x", "shop", uid),
        key=f"{uid}@{version}",
        facts=PodFacts("Running", (app,), "node-1", scheduled=True),
        owner=Resource("Deployment", f"service-{number:05d}", "shop", f"deployment-{number}"),
        message="app: CrashLoopBackOff",
    )

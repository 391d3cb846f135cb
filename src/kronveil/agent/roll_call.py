"""Asks each second how every expected cluster stands, and says so when that changes.

Between the sources (what each last said) and the pipeline (a change of reach is an observation like any other).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import anyio
import structlog

from kronveil.agent.intake import Clock, Intake
from kronveil.agent.live import Live
from kronveil.agent.roster import Roster, Watched
from kronveil.model.facts import ReachFacts
from kronveil.model.fleet import ClusterState, Member, Standing
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource

BEAT_S = 1.0
log = structlog.get_logger()
NEVER_HEARD = "never heard from"


class Judgement(Protocol):
    """How a member stands, from what it last said; ``since`` is when the agent began to listen."""

    def __call__(
        self,
        standing: Standing | None,
        *,
        stale_after: timedelta,
        unreachable_after: timedelta,
        since: datetime,
        now: datetime,
    ) -> tuple[ClusterState, str | None]: ...


class RollCall:
    """The members of the fleet, each judged now. Owns nothing but what it last announced."""

    def __init__(self, roster: Roster, judge: Judgement, intake: Intake, live: Live, clock: Clock) -> None:
        self._roster = roster
        self._judge = judge
        self._intake = intake
        self._live = live
        self._clock = clock
        self._reach: dict[str, str] = {}
        self._shown: dict[str, tuple[object, ...]] = {}

    async def run(self) -> None:
        """Call the roll each second until cancelled."""
        while True:
            self.call()
            await anyio.sleep(BEAT_S)

    def call(self) -> None:
        """Judge every member once; announce changes of reach to the pipeline and news to the live stream."""
        now = self._clock()
        for watched, member in zip(self._roster, self.members(), strict=True):
            self._announce_reach(watched, member, now)
            picture = _picture(member)
            if self._shown.get(member.name) != picture:
                self._shown[member.name] = picture
                self._live.publish("cluster", (member,), now)

    def members(self) -> Sequence[Member]:
        """Every expected member, by name, as of now."""
        now = self._clock()
        first_with_uid: dict[str, str] = {}
        return [self._member(watched, now, first_with_uid) for watched in self._roster]

    def forget(self, name: str) -> None:
        """A cluster of this name is announced anew when there is one again."""
        self._reach.pop(name, None)
        self._shown.pop(name, None)

    def heard(self) -> Mapping[str, datetime]:
        """When each cluster uid was last heard."""
        heard: dict[str, datetime] = {}
        for watched in self._roster:
            standing = watched.source.standing
            if standing is not None and standing.uid and standing.heard_at is not None:
                heard[standing.uid] = max(standing.heard_at, heard.get(standing.uid, standing.heard_at))
        return heard

    def _member(self, watched: Watched, now: datetime, first_with_uid: dict[str, str]) -> Member:
        source, plan = watched.source, watched.plan
        standing = source.standing
        state, why = self._judge(
            standing,
            stale_after=plan.stale_after,
            unreachable_after=plan.unreachable_after,
            since=watched.since,
            now=now,
        )
        uid = standing.uid if standing else ""
        first = first_with_uid.setdefault(uid, plan.name) if uid else plan.name
        if source.known_as != first:
            source.stand_for(first)
        return Member(
            name=plan.name,
            state=state,
            standing=standing or Standing(),
            as_of=now,
            region=source.origin.cluster_region,
            why=why,
            same_as=first if first != plan.name else None,
            books=source.ledger.snapshot(),
        )

    def _announce_reach(self, watched: Watched, member: Member, now: datetime) -> None:
        """Report a changed state. A member never heard from stays unknown, but somebody must hear of it in time."""
        reach, reason = member.state.value, member.why or ""
        if member.state is ClusterState.UNKNOWN:
            if now - watched.since < watched.plan.unreachable_after:
                return
            reach, reason = ClusterState.UNREACHABLE.value, reason or NEVER_HEARD
        if member.same_as is not None and reach == ClusterState.UNREACHABLE.value:
            # One cluster under two names is lost once. Recovery is told of both: they may have met only afterwards.
            return
        if self._reach.get(member.name) == reach:
            return
        self._reach[member.name] = reach
        (log.info if reach == ClusterState.LIVE else log.warning)(
            "cluster.reach", cluster=member.name, state=reach, why=reason
        )
        observation = Observation(
            kind="cluster.reach",
            at=now,
            resource=Resource("Cluster", member.name, None, member.standing.uid),
            key=f"{member.name}@{reach}@{now.isoformat()}",
            facts=ReachFacts(reach, reason),
            message=reason,
        )
        self._intake.accept(watched.source, (observation,), is_booked=False)


def _picture(member: Member) -> tuple[object, ...]:
    """What makes a member worth showing again; ages and books alone do not."""
    standing = member.standing
    kinds = tuple((kind, each.synced, each.count, each.error) for kind, each in sorted(standing.kinds.items()))
    return (
        member.state,
        member.why,
        member.same_as,
        standing.uid,
        standing.pods,
        standing.nodes,
        standing.error,
        kinds,
    )

"""Asks each second how every expected cluster stands, and says so when that changes.

Between the sources (what each last said) and the pipeline (a change of reach is an observation like any other).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Protocol

import anyio
import structlog

from kronveil.agent.intake import Clock, Intake
from kronveil.agent.live import Live
from kronveil.agent.roster import Roster, Watched
from kronveil.model.facts import Facts, ReachFacts, SourceFacts
from kronveil.model.fleet import ClusterState, Judged, Look, Member, Standing
from kronveil.model.observation import Observation
from kronveil.model.resource import Resource

BEAT_S = 1.0
log = structlog.get_logger()
NEVER_HEARD = "never heard from"
WATCH_STALLED = "watch.stalled"
_NOTHING = SourceFacts()


class Judgement(Protocol):
    """How members stand, as ``logic.liveness.Liveness`` judges it."""

    def begin(self, now: datetime) -> None:
        """A round of looks begins."""

    def look(self, look: Look, state: ClusterState, now: datetime) -> SourceFacts:
        """What is wrong with a member's collector now, and what is known to be right."""
        ...

    def judge(self, look: Look, facts: SourceFacts, now: datetime) -> Judged:
        """How a member stands now; ``facts`` are those of the last look."""
        ...

    def forget(self, name: str) -> None:
        """It is watched no longer."""


class RollCall:
    """The members of the fleet, each judged now. Owns nothing but what it last announced."""

    def __init__(self, roster: Roster, judgement: Judgement, intake: Intake, live: Live, clock: Clock) -> None:
        self._roster = roster
        self._judgement = judgement
        self._intake = intake
        self._live = live
        self._clock = clock
        self._numbers = count(1)
        self._facts: dict[str, SourceFacts] = {}
        self._told: dict[str, object] = {}
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
        self._judgement.begin(now)
        first_with_uid: dict[str, str] = {}
        for watched in self._roster:
            name, look = watched.plan.name, _look(watched)
            judged = self._judgement.judge(look, self._facts.get(name, _NOTHING), now)
            self._facts[name] = self._judgement.look(look, judged.state, now)
            judged = self._judgement.judge(look, self._facts[name], now)
            member = self._member(watched, judged, now, first_with_uid)
            self._announce_reach(watched, member, now, is_news=judged.is_news)
            self._announce_source(watched, member, now)
            picture = _picture(member, self._reach.get(member.name))
            if self._shown.get(member.name) != picture:
                self._shown[member.name] = picture
                self._live.publish("cluster", (member,), now)

    def members(self) -> Sequence[Member]:
        """Every expected member, by name, as of now."""
        now = self._clock()
        first_with_uid: dict[str, str] = {}
        members: list[Member] = []
        for watched in self._roster:
            judged = self._judgement.judge(_look(watched), self._facts.get(watched.plan.name, _NOTHING), now)
            members.append(self._member(watched, judged, now, first_with_uid))
        return members

    def forget(self, name: str) -> None:
        """A cluster of this name is announced anew when there is one again."""
        self._judgement.forget(name)
        for known in (self._facts, self._told, self._reach, self._shown):
            known.pop(name, None)

    def heard(self) -> Mapping[str, datetime]:
        """When each cluster uid was last heard."""
        heard: dict[str, datetime] = {}
        for watched in self._roster:
            standing = watched.source.standing
            if standing is not None and standing.uid and standing.heard_at is not None:
                heard[standing.uid] = max(standing.heard_at, heard.get(standing.uid, standing.heard_at))
        return heard

    def _member(self, watched: Watched, judged: Judged, now: datetime, first_with_uid: dict[str, str]) -> Member:
        source, plan = watched.source, watched.plan
        standing = source.standing
        uid = standing.uid if standing else ""
        first = first_with_uid.setdefault(uid, plan.name) if uid else plan.name
        if source.known_as != first:
            source.stand_for(first)
        return Member(
            name=plan.name,
            state=judged.state,
            standing=standing or Standing(),
            as_of=now,
            region=source.origin.cluster_region,
            why=judged.why,
            same_as=first if first != plan.name else None,
            books=source.ledger.snapshot(),
            reason=judged.reason,
            pause=watched.pause,
            silent_after=plan.silent_after,
            silent=_silent(self._facts.get(plan.name, _NOTHING)),
        )

    def _announce_reach(self, watched: Watched, member: Member, now: datetime, *, is_news: bool) -> None:
        """Report a changed state. A member never heard from stays unknown, but somebody must hear of it in time."""
        reach, why = member.state.value, member.why or ""
        if member.state is ClusterState.UNKNOWN:
            if now - watched.since < watched.plan.unreachable_after:
                return
            error = member.standing.error
            reach, why = ClusterState.UNREACHABLE.value, f"{NEVER_HEARD}: {error}" if error else NEVER_HEARD
        if reach == ClusterState.UNREACHABLE.value and (member.same_as is not None or not is_news):
            # One cluster under two names is lost once. Recovery is told of both: they may have met only afterwards.
            return
        if self._reach.get(member.name) == reach:
            return
        self._reach[member.name] = reach
        (log.info if reach == ClusterState.LIVE else log.warning)(
            "cluster.reach", cluster=member.name, state=reach, why=why
        )
        self._report(watched, "Cluster", "cluster.reach", ReachFacts(reach, why), why, now)

    def _announce_source(self, watched: Watched, member: Member, now: datetime) -> None:
        """Report what is newly wrong or right with a collector. One cluster under two names is told of by the first."""
        facts = self._facts[member.name]
        if member.same_as is not None:
            facts = replace(facts, troubles=())
        told = (frozenset((one.kind, one.part) for one in facts.troubles), facts.well, facts.kinds)
        if self._told.get(member.name) == told:
            return
        self._told[member.name] = told
        for trouble in facts.troubles:
            log.warning("collector.trouble", cluster=member.name, kind=trouble.kind, why=trouble.message)
        words = "; ".join(one.message for one in facts.troubles) or f"what {member.name} reports is heard"
        self._report(watched, "Collector", "collector.heard", facts, words, now)

    def _report(self, watched: Watched, about: str, kind: str, facts: Facts, message: str, now: datetime) -> None:  # noqa: PLR0913, PLR0917
        name = watched.plan.name
        standing = watched.source.standing
        observation = Observation(
            kind=kind,
            at=now,
            resource=Resource(about, name, None, standing.uid if standing else ""),
            # Numbered, so that one after the clock was set back is not taken for an old one.
            key=f"{name}@{now.isoformat()}@{next(self._numbers)}",
            facts=facts,
            message=message,
        )
        self._intake.accept(watched.source, (observation,), is_booked=False)


def _look(watched: Watched) -> Look:
    plan, source = watched.plan, watched.source
    return Look(
        plan.name,
        source.standing,
        source.ledger.snapshot(),
        watched.since,
        plan.stale_after,
        plan.unreachable_after,
        plan.silent_after,
        watched.pause,
        source.is_held_up,
        source.ledger.landed,
    )


def _silent(facts: SourceFacts) -> frozenset[str]:
    return frozenset([one.part for one in facts.troubles if one.kind == WATCH_STALLED])


def _picture(member: Member, reach: str | None) -> tuple[object, ...]:
    """What makes a member worth showing again; books and ages do not, nor the words in which an age is told.

    ``reach`` is how it was announced: one that is unknown may have been told as unreachable since.
    """
    standing = member.standing
    kinds = tuple((kind, each.synced, each.count, each.error) for kind, each in sorted(standing.kinds.items()))
    return (
        member.state,
        member.reason,
        reach,
        member.same_as,
        member.pause,
        member.silent,
        standing.uid,
        standing.pods,
        standing.nodes,
        standing.error,
        standing.skew_s,
        kinds,
    )

"""Whether the agent still hears what it should: a dead-man for each cluster, each kind in it, and its collector.

The agent asks ``look`` for every member about once a second, and ``judge`` whenever somebody wants to know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kronveil.logic import fleet
from kronveil.logic.kinds import BOOKS_UNBALANCED, COLLECTOR_STALLED, KINDS, WATCH_STALLED
from kronveil.model.facts import SourceFacts, SourceTrouble
from kronveil.model.fleet import Books, ClusterState, Judged, KindStanding, Look, Reason, Standing

NOT_LOOKING = timedelta(seconds=10)
"""A longer pause between two looks says nothing of the sources: this process, or its clock, stood still or jumped."""
SET_BACK = timedelta(seconds=2)
TOLD_SKEW_S = 30.0
NOTHING_KNOWN = SourceFacts()


@dataclass(slots=True)
class _Watched:
    """What is remembered of one member between two looks."""

    since: datetime
    up_since: datetime | None = None
    landed: int = 0
    landed_at: datetime | None = None
    unbalanced_since: datetime | None = None


class Liveness:
    """Remembers since when each member is up, and since when its collector gets nothing through."""

    def __init__(self) -> None:
        self._members: dict[str, _Watched] = {}
        self._looked_at: datetime | None = None
        self._looking_since: datetime | None = None

    def begin(self, now: datetime) -> None:
        """A round of looks begins. After a pause, or when the clock was set, silence counts from now on."""
        before, self._looked_at = self._looked_at, now
        if before is None or not -SET_BACK <= now - before <= NOT_LOOKING:
            self._looking_since = now
            for member in self._members.values():
                member.up_since = member.landed_at = None

    def forget(self, name: str) -> None:
        """It is watched no longer."""
        self._members.pop(name, None)

    def judge(self, look: Look, facts: SourceFacts, now: datetime) -> Judged:
        """How a member stands now; ``facts`` are those of the last look."""
        standing = self._dated(look.standing, now)
        state, why = fleet.judge(
            standing,
            stale_after=look.stale_after,
            unreachable_after=look.unreachable_after,
            since=look.since,
            now=now,
        )
        reason = _reason(state, why)
        silent = [one for one in facts.troubles if one.kind == WATCH_STALLED]
        if state is ClusterState.LIVE and silent:
            more = f"; and {len(silent) - 1} more kinds" if len(silent) > 1 else ""
            state, why, reason = ClusterState.PARTIAL, f"{silent[0].message}{more}", Reason.KIND_SILENT
        elif state is ClusterState.LIVE and why is None and (skew := _skew(standing)) is not None:
            why, reason = skew, Reason.CLOCK_SKEW
        elif state is ClusterState.UNKNOWN and now - look.since >= look.unreachable_after:
            why = f"{why}; never heard from so far (told as cluster.unreachable)"
        if look.pause is not None:
            why, reason = _paused(look), Reason.PAUSED
        elif look.is_held_up and state not in fleet.REPORTING:
            why, reason = "held up: this agent does not take what its collector sends", Reason.HELD_UP
        return Judged(state, why, reason, is_news=self._is_news(look, now))

    def look(self, look: Look, state: ClusterState, now: datetime) -> SourceFacts:
        """What is wrong with a member's collector now, and what is known to be right."""
        watched = self._members.get(look.name)
        if watched is None or watched.since != look.since:
            watched = self._members[look.name] = _Watched(look.since)
        if look.pause is not None:
            watched.up_since = watched.landed_at = None
            return NOTHING_KNOWN
        expected = None
        if state in fleet.REPORTING and look.standing is not None:
            expected = {name: kind for name, kind in look.standing.kinds.items() if is_expected(kind)}
        found = [
            *_kinds(look, watched, expected, now),
            self._collector(look, watched, now),
            _books(look, watched, now),
        ]
        return SourceFacts(
            tuple([one for one in found if isinstance(one, SourceTrouble)]),
            frozenset([one for one in found if isinstance(one, tuple)]),
            frozenset(expected) if expected else None,
        )

    def _collector(self, look: Look, watched: _Watched, now: datetime) -> SourceTrouble | tuple[str, str] | None:
        """Whether anything of what it sends gets through."""
        if watched.landed_at is None or look.landed != watched.landed:
            watched.landed, watched.landed_at = look.landed, now
        if not look.is_held_up and not look.books.in_flight:
            watched.landed_at = now
            return COLLECTOR_STALLED, ""
        if now - watched.landed_at < KINDS[COLLECTOR_STALLED].after:
            return None
        waiting = "waits to hand over more" if look.is_held_up else "has more to hand over"
        message = f"{look.books.in_flight:,} frames wait to be judged and saved, none got through lately; it {waiting}"
        return SourceTrouble(COLLECTOR_STALLED, "", watched.landed_at, message)

    def _is_news(self, look: Look, now: datetime) -> bool:
        since = self._looking_since
        return look.pause is None and not look.is_held_up and (since is None or now - since >= look.stale_after)

    def _dated(self, standing: Standing | None, now: datetime) -> Standing | None:
        """A sign of life from the future came before our clock was set back: it is as old as that, at least."""
        if standing is None or standing.heard_at is None or standing.heard_at <= now + SET_BACK:
            return standing
        return replace(standing, heard_at=min(self._looking_since or now, now))


def _kinds(
    look: Look, watched: _Watched, expected: Mapping[str, KindStanding] | None, now: datetime
) -> Iterator[SourceTrouble | tuple[str, str]]:
    """Each kind's dead-man. While the cluster itself is silent (None), that of a kind says nothing."""
    if expected is None:
        watched.up_since = None
        return
    up_since = watched.up_since = watched.up_since or now
    for name, kind in sorted(expected.items()):
        # From the future: our clock was set back since.
        heard_at = kind.heard_at if kind.heard_at is not None and kind.heard_at <= now + SET_BACK else None
        silent_for = now - max(heard_at or up_since, up_since)
        if silent_for > look.silent_after:
            yield SourceTrouble(WATCH_STALLED, name, heard_at or up_since, _silence(name, kind, silent_for))
        elif heard_at is not None and now - heard_at <= look.silent_after:
            yield WATCH_STALLED, name


def is_expected(kind: KindStanding) -> bool:
    """Whether we should hear of a kind: it is there, we may read it, and it was heard or is needed."""
    return kind.is_served and not kind.is_forbidden and (kind.is_needed or kind.heard_at is not None)


def _books(look: Look, watched: _Watched, now: datetime) -> SourceTrouble | tuple[str, str]:
    books = look.books
    if books.is_balanced and books.in_flight >= 0:
        watched.unbalanced_since = None
        return BOOKS_UNBALANCED, ""
    watched.unbalanced_since = watched.unbalanced_since or now
    message = f"{books.received:,} frames received, but {_settled(books) + books.in_flight:,} accounted for"
    return SourceTrouble(BOOKS_UNBALANCED, "", watched.unbalanced_since, message)


def _settled(books: Books) -> int:
    return books.delivered + books.merged + sum(books.dropped.values())


def _silence(name: str, kind: KindStanding, silent_for: timedelta) -> str:
    error = f" ({kind.error})" if kind.error else ""
    return f"{name}: nothing heard for {fleet.age(silent_for)} while the cluster answers{error}"


def _skew(standing: Standing | None) -> str | None:
    skew_s = standing.skew_s if standing is not None else None
    if skew_s is None or abs(skew_s) < TOLD_SKEW_S:
        return None
    side = "ahead of" if skew_s > 0 else "behind"
    return f"its clock is {fleet.age(timedelta(seconds=abs(skew_s)))} {side} this agent's: the times it tells are off"


def _paused(look: Look) -> str:
    pause = look.pause
    assert pause is not None  # noqa: S101 - asked by the caller
    return f"paused by {pause.by}: {pause.reason}" if pause.reason else f"paused by {pause.by}"


_REASONS: Mapping[ClusterState, Reason] = {
    ClusterState.UNKNOWN: Reason.NEVER_HEARD,
    ClusterState.UNREACHABLE: Reason.SILENT,
    ClusterState.STALE: Reason.SILENT,
    ClusterState.PARTIAL: Reason.KIND_UNREADABLE,
}


def _reason(state: ClusterState, why: str | None) -> Reason | None:
    if state is ClusterState.LIVE:
        return Reason.RETRYING if why is not None else None
    return _REASONS[state]

"""How far a member's word can be trusted now, and what all members add up to."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kronveil.model.fleet import ClusterState, Fleet, KindStanding, Member, Missing, Standing

NOT_HEARD = "not heard from yet"
TOLD_KINDS = 2
_TRUST = {
    ClusterState.LIVE: 4,
    ClusterState.PARTIAL: 3,
    ClusterState.STALE: 2,
    ClusterState.UNREACHABLE: 1,
    ClusterState.UNKNOWN: 0,
}
REPORTING = frozenset({ClusterState.LIVE, ClusterState.PARTIAL})


def judge(
    standing: Standing | None, *, stale_after: timedelta, unreachable_after: timedelta, since: datetime, now: datetime
) -> tuple[ClusterState, str | None]:
    """The state of a member and why, None when there is nothing to say. First match wins; the order is the policy.

    Age alone decides between live, stale and unreachable: an error a moment old may be over in the next.
    """
    if standing is None or standing.heard_at is None:
        error = standing.error if standing is not None else None
        return ClusterState.UNKNOWN, error or f"{NOT_HEARD}, after {age(now - since)}"
    silent_for = now - standing.heard_at
    if silent_for > unreachable_after:
        return ClusterState.UNREACHABLE, standing.error or f"nothing heard for {age(silent_for)}"
    if silent_for > stale_after:
        return ClusterState.STALE, standing.error or f"nothing heard for {age(silent_for)}"
    lacking = _lacking(standing.kinds)
    if lacking:
        return ClusterState.PARTIAL, lacking
    return ClusterState.LIVE, standing.error


def total(members: Sequence[Member], events: int, now: datetime) -> Fleet:
    """The sums over the members that report, each cluster once however many names it has, and what they leave out."""
    distinct = _distinct(members)
    reporting = [member for member in distinct if member.state in REPORTING]
    missing = tuple([_missing(member, now) for member in distinct if not _is_counted(member)])
    return Fleet(
        total=len(distinct),
        by_state={state: sum(member.state is state for member in distinct) for state in ClusterState},
        pods=_sum([member.standing.pods for member in reporting]),
        nodes=_sum([member.standing.nodes for member in reporting]),
        events=events,
        complete=not missing,
        missing=missing,
    )


def _distinct(members: Sequence[Member]) -> list[Member]:
    """Each cluster once, by the name that knows most of it: one of its names may have lost its way to it."""
    best: dict[str, Member] = {}
    first_of: dict[str, str] = {}
    for member in members:
        uid = member.standing.uid
        first = member.same_as or (first_of.setdefault(uid, member.name) if uid else member.name)
        known = best.get(first)
        if known is None or _TRUST[member.state] > _TRUST[known.state]:
            best[first] = member
    return list(best.values())


def _is_counted(member: Member) -> bool:
    standing = member.standing
    return member.state in REPORTING and standing.pods is not None and standing.nodes is not None


def _missing(member: Member, now: datetime) -> Missing:
    heard_at = member.standing.heard_at
    age_s = max(0.0, (now - heard_at).total_seconds()) if heard_at is not None else None
    reason = str(member.state)
    if member.state in REPORTING:
        unknown = [name for name in ("pods", "nodes") if getattr(member.standing, name) is None]
        reason = f"{' and '.join(unknown)} not known"
    return Missing(member.name, f"{reason}: {member.why}" if member.why else reason, age_s)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _lacking(kinds: Mapping[str, KindStanding]) -> str:
    lacking = [
        f"{kind}: {standing.error or 'not listed yet'}"
        for kind, standing in sorted(kinds.items(), key=_weight)
        if standing.is_served and standing.is_needed and (standing.error or not standing.synced)
    ]
    # The whole list is with the kinds themselves; a sentence in a table must stay one.
    more = len(lacking) - TOLD_KINDS
    return "; ".join(lacking[:TOLD_KINDS]) + (f"; and {more} more kinds" if more > 0 else "")


def _weight(item: tuple[str, KindStanding]) -> tuple[bool, bool, str]:
    """Pods and nodes first: without them little is known of a cluster."""
    return (item[0] != "pods", item[0] != "nodes", item[0])


def age(duration: timedelta) -> str:
    """A duration as a person says it."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"

"""What people do to incidents: each act legal by one table, told with its actor, done once, and undone for a while."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from kronveil.logic.cases import Cases
from kronveil.logic.conditions import Held
from kronveil.logic.groups import Groups
from kronveil.logic.lifecycle import Case, Refusal
from kronveil.model.incident import IncidentStatus, Moment

# People have 10 s; the answer to the act and the wish to undo it travel, too.
UNDO_WITHIN = timedelta(seconds=12)
LONGEST_NOTE = 4000

_ALIVE = frozenset({IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED, IncidentStatus.MITIGATED})
_ANY = frozenset(IncidentStatus)
# In which states each act may be done; what is there already is no mistake and changes nothing.
LEGAL: Mapping[str, frozenset[IncidentStatus]] = MappingProxyType(
    {
        "acknowledge": _ALIVE,
        "resolve": _ALIVE,
        "assign": _ALIVE,
        "merge": _ALIVE,
        "reopen": _ANY,
        "note": _ANY,
        "pin": _ANY,
        "split": _ANY,
    }
)
_DONE = {"merge": "merged"}


@dataclass(frozen=True, slots=True)
class _Deed:
    """An act that can still be undone. ``revert`` puts back what it changed and names the cases."""

    what: str
    actor: str
    at: datetime
    version: tuple[object, ...]
    revert: Callable[[Moment], list[Case]]


class People:
    """Acts on incidents. Each returns the cases it changed, none when there was nothing to do; raises Refusal."""

    def __init__(self, cases: Cases, groups: Groups) -> None:
        self._cases = cases
        self._groups = groups
        self._deeds: dict[str, _Deed] = {}

    def _legal(self, incident_id: str, verb: str) -> Case:
        case = self._cases.get(incident_id)
        if case is None:
            raise Refusal(f"Incident {incident_id} is not open, so nobody can {verb} it.")
        if case.status not in LEGAL[verb]:
            when = case.resolved_at.isoformat(timespec="seconds") if case.resolved_at else "before"
            done = _DONE.get(verb, f"{verb.removesuffix('e')}ed")
            raise Refusal(f"Incident {incident_id} was resolved {when}; only an open incident can be {done}.")
        return case

    def _did(self, case: Case, what: str, moment: Moment, revert: Callable[[Moment], list[Case]]) -> None:
        self._deeds[case.id] = _Deed(what, moment.actor, moment.at, _state(case), revert)

    def acknowledge(self, incident_id: str, actor: str, now: datetime) -> list[Case]:
        """Seen by a person, and with it all that is under it."""
        case = self._legal(incident_id, "acknowledge")
        if case.status is IncidentStatus.ACKNOWLEDGED:
            return []
        seen = [case, *[one for one in self._groups.below(case) if one.status is IncidentStatus.OPEN]]
        moment = Moment(now, "acknowledged", f"Acknowledged by {actor}", actor)
        for one in seen:
            one.acknowledge(actor, moment)

        def revert(undone: Moment) -> list[Case]:
            mine = [one for one in seen if one.status is IncidentStatus.ACKNOWLEDGED and one.acknowledged_by == actor]
            for one in mine:
                one.unacknowledge(undone)
            return mine

        self._did(case, "acknowledged", moment, revert)
        return seen

    def mitigate(self, incident_id: str, words: str, actor: str, now: datetime) -> list[Case]:
        """No symptom is seen since something was done: not over yet. One that comes back says that it was not cured."""
        case = self._cases.get(incident_id)
        if case is None or case.is_group or not case.mitigate(Moment(now, "mitigated", words, actor)):
            return []
        return [case]

    def resolve(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Case]:
        """Over, by a person's word; of a group: all that is under it. What lasts opens it again."""
        case = self._legal(incident_id, "resolve")
        text = f"Resolved by {actor}: {reason}" if reason else f"Resolved by {actor}"
        moment = Moment(now, "resolved", text, actor)
        alone = [one for one in self._groups.below(case) if not one.is_group and not one.is_resolved]
        ended = [(one, one.status, one.acknowledged_by) for one in (alone if case.is_group else [case])]
        cleared = {one.id: self.end(one, moment) for one, _, _ in ended}

        def revert(undone: Moment) -> list[Case]:
            for one, status, by in ended:
                if one.resolved_at == now:
                    self._go_on(one, status, by, cleared[one.id], undone)
            return [one for one, _, _ in ended]

        self._did(case, "resolved", moment, revert)
        return [one for one, _, _ in ended]

    def end(self, case: Case, moment: Moment) -> list[Held]:
        """Resolve one case, and the group it was the last of; the conditions that this cleared."""
        cleared = case.resolve(moment)
        self._cases.resolved(case, cleared)
        self._groups.resolved(case, moment.at)
        return cleared

    def _go_on(
        self, case: Case, status: IncidentStatus, by: str | None, cleared: Sequence[Held], undone: Moment
    ) -> None:
        case.go_on(status, by, cleared, undone)
        self._cases.resumed(case, cleared)
        self._groups.goes_on(case, undone.at)

    def reopen(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Case]:
        """Not over, by a person's word: it stays open until a person, or a trouble that comes and goes, resolves it."""
        case = self._legal(incident_id, "reopen")
        if not case.is_resolved:
            return []
        if case.is_group:
            raise Refusal(f"Incident {incident_id} stands for others: reopen the one that is not over.")
        text = f"Reopened by {actor}: {reason}" if reason else f"Reopened by {actor}"
        moment = Moment(now, "reopened", text, actor)
        case.reopen(moment)
        self._cases.settle(case)
        self._groups.goes_on(case, now)

        def revert(undone: Moment) -> list[Case]:
            self.end(case, Moment(undone.at, "resolved", undone.message, actor))
            return [case]

        self._did(case, "reopened", moment, revert)
        return [case]

    def assign(self, incident_id: str, assignee: str, actor: str, now: datetime) -> list[Case]:
        """Somebody's to work on; nobody's when ``assignee`` is empty."""
        case = self._legal(incident_id, "assign")
        before, after = case.assigned_to, assignee.strip() or None
        if before == after:
            return []
        text = f"Assigned to {after} by {actor}" if after else f"Taken from {before} by {actor}"
        moment = Moment(now, "assigned", text, actor)
        case.assigned_to = after
        case.tell(moment)

        def revert(undone: Moment) -> list[Case]:
            case.assigned_to = before
            case.tell(undone)
            return [case]

        self._did(case, "assigned", moment, revert)
        return [case]

    def note(self, incident_id: str, text: str, actor: str, now: datetime) -> list[Case]:
        """A person's words in the story; saying the same again at once says nothing. A note cannot be undone."""
        case = self._legal(incident_id, "note")
        text = text.strip()
        if not text or len(text) > LONGEST_NOTE:
            raise Refusal(f"A note has 1 to {LONGEST_NOTE} characters; this one has {len(text)}.")
        last = next((one for one in reversed(case.story) if one.what == "noted"), None)
        if last is not None and (last.actor, last.message) == (actor, text):
            return []
        case.tell(Moment(now, "noted", text, actor))
        return [case]

    def pin(self, incident_id: str, event_id: str, actor: str, now: datetime) -> list[Case]:
        """An event a person takes for evidence; it is kept as long as the incident."""
        case = self._legal(incident_id, "pin")
        moment = Moment(now, "pinned", f"Pinned as evidence by {actor}", actor, event_id)
        if not case.pin(event_id, moment):
            return []

        def revert(undone: Moment) -> list[Case]:
            case.unpin(event_id, undone)
            return [case]

        self._did(case, "pinned", moment, revert)
        return [case]

    def merge(self, ids: Sequence[str], actor: str, now: datetime) -> list[Case]:
        """Put all but the first under the first. They keep id, title and status, and close alone."""
        distinct = list(dict.fromkeys(ids))
        if len(distinct) < 2:
            raise Refusal("Merging takes two incidents or more: first the one that stays on top.")
        into, *others = [self._legal(one, "merge") for one in distinct]
        above = self._groups.parent_of(into)
        if above is not None:
            raise Refusal(f"Incident {into.id} is under {above.id}; merge into that one.")
        joining = [one for one in others if self._is_to_join(into, one)]
        moment = Moment(now, "merged", f"Merged into {into.id} by {actor}", actor)
        for one in joining:
            self._groups.join(into, one, now, moment.message, actor)

        def revert(undone: Moment) -> list[Case]:
            mine = [one for one in joining if one.parent_id == into.id]
            for one in mine:
                self._groups.part(into, one, undone)
            return [*mine, into]

        if not joining:
            return []
        self._did(into, "merged", moment, revert)
        return [into, *joining]

    def _is_to_join(self, into: Case, one: Case) -> bool:
        parent = self._groups.parent_of(one)
        if parent is not None and parent is not into:
            raise Refusal(f"Incident {one.id} is under {parent.id}; split it off first.")
        return parent is None

    def split(self, incident_id: str, actor: str, now: datetime) -> list[Case]:
        """Take an incident out from under another; only a person puts it under one again."""
        case = self._legal(incident_id, "split")
        parent = self._groups.parent_of(case)
        if parent is None:
            if case.is_parted:
                return []
            raise Refusal(f"Incident {incident_id} is under no other, so it cannot be split off.")
        moment = Moment(now, "split", f"{case.id} was split from {parent.id} by {actor}", actor)
        self._groups.part(parent, case, moment)

        def revert(undone: Moment) -> list[Case]:
            self._groups.join(parent, case, undone.at, undone.message, actor)
            return [parent, case]

        self._did(case, "split", moment, revert)
        return [parent, case]

    def undo(self, incident_id: str, actor: str, now: datetime) -> list[Case]:
        """Take back the last act on this incident: by whoever did it, within 10 s, if nothing has come after it."""
        deed = self._deeds.get(incident_id)
        case = self._cases.get(incident_id)
        if deed is None or case is None or now - deed.at > UNDO_WITHIN:
            raise Refusal(f"Nothing was done to incident {incident_id} in the last 10 s, so nothing can be undone.")
        if deed.actor != actor:
            raise Refusal(f"Only {deed.actor} can undo what {deed.actor} has just done to incident {incident_id}.")
        if _state(case) != deed.version:
            raise Refusal(f"Incident {incident_id} has changed since it was {deed.what}, so that cannot be undone.")
        del self._deeds[incident_id]
        return deed.revert(Moment(now, "undone", f"{actor} took back that it was {deed.what}", actor))

    def forget(self, now: datetime) -> None:
        """Let go of acts that can no longer be undone."""
        old = [incident_id for incident_id, deed in self._deeds.items() if now - deed.at > UNDO_WITHIN]
        for incident_id in old:
            del self._deeds[incident_id]


def _state(case: Case) -> tuple[object, ...]:
    """What an act may have changed: more evidence meanwhile does not keep anybody from undoing it."""
    return (case.status, case.acknowledged_by, case.assigned_to, case.parent_id, case.resolved_at, len(case.children))

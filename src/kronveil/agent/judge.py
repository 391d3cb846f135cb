"""The judgement as the agent knows it, and which of its methods each act of a person is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kronveil.agent.desk import Act, Refused, Stage
from kronveil.logic.auditing import note_of_act
from kronveil.model.audit import AuditNote
from kronveil.model.effects import Effect
from kronveil.model.incident import Incident
from kronveil.model.observation import Observation
from kronveil.model.resource import Origin
from kronveil.model.silence import Silence

KRONVEIL = "kronveil"


class Judge(Protocol):
    """The whole judgement, as ``logic.triage.Triage`` gives it; the agent does not care how."""

    def consider(self, observation: Observation, origin: Origin, now: datetime) -> list[Effect]: ...
    def tick(self, now: datetime) -> list[Effect]: ...
    def watch(self, members: Mapping[str, str], removed: Mapping[str, str], now: datetime) -> list[Effect]: ...
    def acknowledge(self, incident_id: str, actor: str, now: datetime) -> list[Effect]: ...
    def mitigate(self, incident_id: str, words: str, actor: str, now: datetime) -> list[Effect]: ...
    def resolve(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Effect]: ...
    def reopen(self, incident_id: str, actor: str, reason: str, now: datetime) -> list[Effect]: ...
    def assign(self, incident_id: str, assignee: str, actor: str, now: datetime) -> list[Effect]: ...
    def note(self, incident_id: str, text: str, actor: str, now: datetime) -> list[Effect]: ...
    def pin(self, incident_id: str, event_id: str, actor: str, now: datetime) -> list[Effect]: ...
    def merge(self, incident_ids: Sequence[str], actor: str, now: datetime) -> list[Effect]: ...
    def split(self, incident_id: str, actor: str, now: datetime) -> list[Effect]: ...
    def undo(self, incident_id: str, actor: str, now: datetime) -> list[Effect]: ...
    def set_silences(self, silences: Sequence[Silence], now: datetime) -> list[Effect]: ...
    def explain(self, event_id: str) -> Sequence[Stage] | None: ...
    def incident(self, incident_id: str) -> Incident | None: ...
    def held(self) -> Sequence[Incident]: ...


def carry_out(judge: Judge, act: Act, now: datetime) -> list[Effect]:  # noqa: C901, PLR0911 - a verb a line
    """What follows from a person's act. Raises Refused for a verb that is none, and whatever the judge refuses with."""
    what, who = act.incident_id, act.actor
    match act.verb:
        case "acknowledge":
            return judge.acknowledge(what, who, now)
        case "mitigate":
            return judge.mitigate(what, act.reason, who, now)
        case "resolve":
            return judge.resolve(what, who, act.reason, now)
        case "reopen":
            return judge.reopen(what, who, act.reason, now)
        case "assign":
            return judge.assign(what, act.reason, who, now)
        case "note":
            return judge.note(what, act.reason, who, now)
        case "pin":
            return judge.pin(what, act.reason, who, now)
        case "merge":
            return judge.merge((what, *act.others), who, now)
        case "split":
            return judge.split(what, who, now)
        case "undo":
            return judge.undo(what, who, now)
        case _:
            raise Refused(f'"{act.verb}" is nothing that can be done to an incident')


def is_told_elsewhere(act: Act) -> bool:
    """Whether the audit has it already: runs tell incidents what their own entries say."""
    return act.actor == KRONVEIL and act.verb == "note"


def audited(act: Act, before: Incident | None, after: Incident, now: datetime) -> AuditNote:
    """An act that was carried out, for the audit."""
    return note_of_act(before, after, at=now, actor=act.actor, verb=act.verb, why=act.reason, others=act.others)

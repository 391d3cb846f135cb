"""What one turn of the pipeline holds: people's requests, what was decided for them and for arrivals, and its books."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import anyio

from kronveil.agent.desk import Act, Refused
from kronveil.agent.intake import Arrival
from kronveil.model.audit import AuditNote
from kronveil.model.change import Change
from kronveil.model.effects import Effect, MergeEvent, RecordChange, RecordEvent, RecordIncident
from kronveil.model.event import Event
from kronveil.model.incident import Incident
from kronveil.model.noun import noun
from kronveil.model.silence import Silence
from kronveil.sdk.errors import KronveilError
from kronveil.sdk.storage import Receipt, Record, Writes

_STORED = (RecordEvent, MergeEvent, RecordChange)


@dataclass(slots=True)
class Request:
    """A person's act on its way through the pipeline."""

    act: Act
    answered: anyio.Event = field(default_factory=anyio.Event)
    incident: Incident | None = None
    problem: KronveilError | None = None

    def learn(self, given_up: set[Record]) -> None:
        """Answer it: what was given up was not done."""
        if self.incident is not None and Record("incident", self.incident.id) in given_up:
            self.problem = Refused(f"{self.incident.id} holds what cannot be stored; nothing was changed")
        self.answered.set()


@dataclass(slots=True)
class Work:
    """What one turn has decided and must make durable."""

    events: list[Event] = field(default_factory=list[Event])
    shown: list[Event] = field(default_factory=list[Event])
    incidents: dict[str, Incident] = field(default_factory=dict[str, Incident])
    opened: set[str] = field(default_factory=set[str])
    counters: Counter[str] = field(default_factory=Counter[str])
    receipts: list[Receipt] = field(default_factory=list[Receipt])
    changes: list[Change] = field(default_factory=list[Change])
    silences: list[Silence] = field(default_factory=list[Silence])
    silences_ended: list[str] = field(default_factory=list[str])
    audit: list[AuditNote] = field(default_factory=list[AuditNote])
    given_up: set[Record] = field(default_factory=set[Record])

    @property
    def is_empty(self) -> bool:
        return not any(
            (
                self.events,
                self.incidents,
                self.counters,
                self.receipts,
                self.changes,
                self.silences,
                self.silences_ended,
                self.audit,
            )
        )

    def writes(self, heard: Mapping[str, datetime]) -> Writes:
        """All of it, as the store takes it."""
        return Writes(
            events=self.events,
            incidents=tuple(self.incidents.values()),
            counters=self.counters,
            cluster_heard=heard,
            receipts=self.receipts,
            changes=self.changes,
            silences=self.silences,
            silences_ended=self.silences_ended,
            audit=self.audit,
        )

    def give_up(self, records: Sequence[Record]) -> bool:
        """Leave out what cannot be stored; whether any of it was new to us."""
        is_news = not self.given_up.issuperset(records)
        self.given_up.update(records)
        self.events = [event for event in self.events if Record("event", event.id) not in self.given_up]
        self.shown = [event for event in self.shown if Record("event", event.id) not in self.given_up]
        self.changes = [change for change in self.changes if Record("change", change.id) not in self.given_up]
        self.silences = [silence for silence in self.silences if Record("silence", silence.id) not in self.given_up]
        self.receipts = [receipt for receipt in self.receipts if Record("receipt", receipt.key) not in self.given_up]
        # What was not done is not told either.
        gone = {record.id for record in self.given_up if record.what in ("incident", "silence")}
        bad = {record.id for record in self.given_up if record.what == "audit"}
        self.audit = [note for note in self.audit if note.target not in gone and str(note) not in bad]
        for record in records:
            if record.what == "incident":
                self.incidents.pop(record.id, None)
            elif record.what == "counter":
                self.counters.pop(record.id, None)
        return is_news

    def add(self, effects: Sequence[Effect]) -> bool:
        """Take effects over; whether the observation behind them was only a repeat."""
        is_repeat = False
        for effect in effects:
            match effect:
                case RecordEvent(event):
                    self.events.append(event)
                    self.shown.append(event)
                case MergeEvent(event, _, is_kept):
                    is_repeat = True
                    if is_kept:
                        self.events.append(event)
                case RecordIncident(incident):
                    # Told again within the turn it has a later version by the time it is saved.
                    if incident.version == 1:
                        self.opened.add(incident.id)
                    self.incidents[incident.id] = incident
                case RecordChange(change):
                    self.changes.append(change)
        return is_repeat


@noun
class Judged:
    """An arrival whose place in the books waits for the store, which may refuse what its ``effects`` ask for."""

    arrival: Arrival
    is_repeat: bool
    effects: Sequence[Effect]

    def settle(self, given_up: set[Record]) -> None:
        """Book it as what became of it."""
        ledger = self.arrival.source.ledger
        if given_up and not given_up.isdisjoint(_records(self.effects)):
            ledger.abandon("could not be stored", 1)
        else:
            ledger.settle(delivered=0 if self.is_repeat else 1, merged=1 if self.is_repeat else 0)


def _records(effects: Sequence[Effect]) -> list[Record]:
    return [
        Record("change", effect.change.id) if isinstance(effect, RecordChange) else Record("event", effect.event.id)
        for effect in effects
        if isinstance(effect, _STORED)
    ]

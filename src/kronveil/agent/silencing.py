"""The silences that have not ended, and people's orders to begin or end one, on their way through the pipeline."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import anyio

from kronveil.agent.desk import NotFound, Refused
from kronveil.model.audit import AuditNote
from kronveil.model.silence import Silence
from kronveil.sdk.errors import KronveilError
from kronveil.sdk.storage import Record


@dataclass(slots=True)
class Order:
    """Begin this silence, or end the one of this id. ``by`` is who wants that."""

    begins: Silence | None = None
    ends: str = ""
    by: str = ""
    answered: anyio.Event = field(default_factory=anyio.Event)
    problem: KronveilError | None = None

    def learn(self, given_up: set[Record]) -> None:
        """Answer it: what was given up was not done."""
        if self.begins is not None and Record("silence", self.begins.id) in given_up:
            self.problem = Refused("the silence holds what cannot be stored; nothing was changed")
        self.answered.set()

    def note(self, now: datetime) -> AuditNote:
        """For the audit."""
        if self.begins is None:
            return AuditNote(now, self.by, "silence.ended", self.ends)
        silence = self.begins
        names = ("cluster", "namespace", "owner", "kind", "is_maintenance")
        after = {name: getattr(silence, name) for name in names}
        after |= {"starts_at": silence.starts_at.isoformat(), "ends_at": silence.ends_at.isoformat()}
        text = json.dumps(after, ensure_ascii=False)
        return AuditNote(now, silence.created_by, "silence.created", silence.id, silence.reason, None, text)


class Silencing:
    """Owned by the pipeline; orders wait here until its next turn."""

    def __init__(self, restored: Iterable[Silence]) -> None:
        self._current = {silence.id: silence for silence in restored}
        self._orders: list[Order] = []

    def ask(self, order: Order) -> None:
        """Have it carried out in the next turn."""
        self._orders.append(order)

    def take(self) -> list[Order]:
        """Every order that waits, oldest first; those that cannot be carried out know their problem."""
        orders, self._orders = self._orders, []
        for order in orders:
            if order.begins is not None:
                self._current[order.begins.id] = order.begins
            elif self._current.pop(order.ends, None) is None:
                order.problem = NotFound(f"There is no silence {order.ends!r} that has not ended.")
        return orders

    def current(self, now: datetime) -> Sequence[Silence]:
        """Those that have not ended by now, begun or not."""
        self._current = {key: each for key, each in self._current.items() if each.ends_at > now}
        return tuple(self._current.values())

    def give_up(self, records: Iterable[Record]) -> None:
        """Forget what could not be stored."""
        for record in records:
            if record.what == "silence":
                self._current.pop(record.id, None)

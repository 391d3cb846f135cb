"""One condition of an incident while it is worked on."""

from datetime import datetime
from typing import TYPE_CHECKING

from kronveil.model.incident import Condition

if TYPE_CHECKING:
    from kronveil.logic.lifecycle import Case


class Held:
    """The working copy of a condition."""

    __slots__ = ("_frozen", "case", "cleared_at", "kind", "mark", "node", "part", "seen_at", "since", "subject")

    def __init__(self, case: "Case", condition: Condition) -> None:
        self.case = case
        self.kind = condition.kind
        self.subject = condition.subject
        self.part = condition.part
        self.since = condition.since
        self.seen_at = condition.seen_at
        self.cleared_at = condition.cleared_at
        self.mark = condition.mark
        # Where the pod is; empty when it is none, or was not seen since a start.
        self.node = ""
        self._frozen: Condition | None = condition

    @property
    def is_active(self) -> bool:
        """Whether no recovery was observed since it was last seen."""
        return self.cleared_at is None

    def see(self, now: datetime) -> None:
        """Confirmed: still so."""
        if now is not self.seen_at:
            self.seen_at = now
            self._frozen = None

    def snapshot(self) -> Condition:
        """As it is now, immutable."""
        if self._frozen is None:
            self._frozen = Condition(
                self.kind, self.subject, self.part, self.since, self.seen_at, self.cleared_at, self.mark
            )
        return self._frozen

    def set(self, *, since: datetime, now: datetime, mark: str) -> None:
        """Active anew."""
        self.since, self.seen_at, self.cleared_at, self.mark, self._frozen = since, now, None, mark, None

    def clear(self, now: datetime) -> None:
        """Over."""
        self.cleared_at, self._frozen = now, None

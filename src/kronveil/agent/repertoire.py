"""What the agent can do about incidents, and what it needs for that: joined by app.py, used by executions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kronveil.agent.desk import Refused
from kronveil.logic.calendar import Calendar
from kronveil.logic.response import Bounds
from kronveil.model.execution import Effect, Stop
from kronveil.model.runbook import Runbook
from kronveil.sdk.actions import Action
from kronveil.sdk.notifiers import Notifier
from kronveil.sdk.policy import PolicyEngine


class Switch(Protocol):
    """Stops all runs, also after a restart."""

    def stopped(self) -> Stop | None:
        """Who stopped them, when and why; None when they are not."""

    def stop(self, stop: Stop) -> None:
        """Stop them. Raises Transient when that cannot be kept."""

    def resume(self) -> None:
        """Let them be proposed and act again. Raises Transient when that cannot be kept."""


class Unstopped:
    """No switch: runs are never stopped all at once."""

    def stopped(self) -> Stop | None:
        """Never."""
        return None

    def stop(self, stop: Stop) -> None:
        """See ``Switch.stop``."""
        raise Refused(f"there is no switch to stop runs with, {stop.by}")

    def resume(self) -> None:
        """Nothing to do."""


class Tell(Protocol):
    """Writes a line into an incident's timeline; ``mitigate`` in place of ``note`` also says that it got better."""

    async def __call__(self, incident_id: str, words: str, verb: str = "note") -> None:
        """Raises KronveilError when it cannot be told now."""


@dataclass(frozen=True, slots=True)
class Repertoire:
    """What the agent can do: runbooks, the actions they name with the most each may do, and within which bounds.

    ``may_write_to`` tells of a cluster's name whether an identity that may write there is configured. Without an
    ``engine`` no policy is asked.
    """

    runbooks: Sequence[Runbook] = ()
    actions: Mapping[str, Action] = field(default_factory=dict[str, Action])
    effects: Mapping[str, Effect] = field(default_factory=dict[str, Effect])
    bounds: Callable[[], Bounds] = Bounds
    may_write_to: Callable[[str], bool] = lambda _: False
    switch: Switch = field(default_factory=Unstopped)
    notifiers: Mapping[str, Notifier] = field(default_factory=dict[str, Notifier])
    engine: PolicyEngine | None = None
    calendar: Calendar = field(default_factory=Calendar)

"""What an action promises the agent, and what the agent hands it: effects on the world, rehearsed before performed."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.model.incident import Incident


@dataclass(frozen=True, slots=True)
class Reply:
    """An API server's answer, whatever its status."""

    status: int
    body: bytes


class ClusterDoor(Protocol):
    """The API server of one cluster, under the identity that may write there."""

    async def ask(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> Reply:
        """Its answer. Raises Transient when there is none, Permanent when the credentials cannot work."""


class Doors(Protocol):
    """The clusters that may be acted on."""

    def open(self, cluster: str) -> AbstractAsyncContextManager[ClusterDoor]:
        """The door of a cluster, by name. Raises Permanent when it has no identity that writes, saying how."""


@dataclass(frozen=True, slots=True)
class Step:
    """A runbook's step for one incident: what its author wrote, and what it is for."""

    name: str
    action: str
    parameters: Mapping[str, object]
    incident: Incident


@dataclass(frozen=True, slots=True)
class Outcome:
    """What performing did. ``was_done_before``: the key was found at the target, and nothing was done again."""

    message: str
    has_changed: bool = False
    was_done_before: bool = False


class Action(Protocol):
    """One kind of effect on the world.

    ``rehearse`` is asked first, as often as anyone likes; ``perform`` once for each key, though it may be called again
    after a crash. All run under a deadline set by the caller and may be cancelled at any await. All raise Transient
    when the target cannot be asked now, Permanent when it never will allow it.
    """

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """Say what ``perform`` would change, field by field, as the target itself answers it. Writes nothing."""

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """Do exactly what the plan says, once for ``key``. Raises Permanent when the target is not what was planned
        for, naming the field."""

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """Undo what performing the plan did, once for ``key``. Raises Permanent when somebody changed it since."""


@dataclass(frozen=True, slots=True)
class ActionComponent:
    """A part: its name as runbooks write it, the most it may do, the parameters it takes, and how it is made."""

    name: str
    summary: str
    effect: Effect
    parameters: Sequence[str]
    make: Callable[[Doors], Action]

"""What an action promises the agent, and what the agent hands it: effects on the world, rehearsed before performed."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.model.incident import Incident
from kronveil.sdk.notifiers import Notifier
from kronveil.sdk.outside import Outside

ParameterType: TypeAlias = Literal["text", "whole number", "flag", "duration", "texts", "section", "texts by name"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An API server's answer, whatever its status, and the warnings that came with it."""

    status: int
    body: bytes
    warnings: tuple[str, ...] = ()


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
        ...


class Doors(Protocol):
    """The clusters that may be acted on."""

    def open(self, cluster: str) -> AbstractAsyncContextManager[ClusterDoor]:
        """The door of a cluster, by name. Raises Permanent when it has no identity that writes, saying how."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """A runbook's step for one incident: what its author wrote, and what it is for."""

    name: str
    action: str
    parameters: Mapping[str, object]
    incident: Incident


@dataclass(frozen=True, slots=True)
class Outcome:
    """What performing did. ``was_done_before``: the key was found at the target, and nothing was done again.

    ``findings`` is what a step that only reads found now, JSON text by name.
    """

    message: str
    has_changed: bool = False
    was_done_before: bool = False
    findings: Mapping[str, str] | None = None


class Action(Protocol):
    """One kind of effect on the world.

    ``rehearse`` is asked first, as often as anyone likes; ``perform`` once for each key, though it may be called again
    after a crash. All run under a deadline set by the caller and may be cancelled at any await. All raise Transient
    when the target cannot be asked now, Permanent when it never will allow it.
    """

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """Say what ``perform`` would change, field by field, as the target itself answers it. Writes nothing."""
        ...

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """Do exactly what the plan says, once for ``key``. Raises Permanent when the target is not what was planned
        for, naming the field."""
        ...

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """Undo what performing the plan did, once for ``key``. Raises Permanent when somebody changed it since."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What actions act with: the clusters, whom to tell by name, and what the configuration lets them reach."""

    doors: Doors
    notifiers: Mapping[str, Notifier] = field(default_factory=dict[str, Notifier])
    outside: Outside = field(default_factory=Outside)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that an action may be told, as a runbook writes it. ``default`` is in words."""

    name: str
    type: ParameterType
    summary: str
    default: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an action finds, as expressions of a runbook's later steps may use it."""

    name: str
    type: Literal["text", "number", "flag", "texts"]
    summary: str


@dataclass(frozen=True, slots=True)
class ActionComponent:
    """A part: its name as runbooks write it, the most it may do, what it takes, and how it is made.

    ``kinds`` are those it can act on, empty when it acts on no object of a cluster. ``is_reversible``: whether
    ``compensate`` can undo it. ``finds`` is None where what it finds depends on what it is told.
    """

    name: str
    summary: str
    effect: Effect
    takes: Sequence[Parameter]
    make: Callable[[Means], Action]
    kinds: Sequence[str] = ()
    is_reversible: bool = False
    finds: Sequence[Finding] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what it takes."""
        return tuple(each.name for each in self.takes)

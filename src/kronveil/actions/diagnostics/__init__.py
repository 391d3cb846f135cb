"""What ``run_diagnostic`` can find out: one function for each check, none of which changes anything."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from kronveil.model.execution import Target
from kronveil.sdk.actions import Means, Step


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: a sentence, and typed values by name. None is what could not be learned."""

    summary: str
    findings: Mapping[str, Any]
    unknown: str = ""


class Asked(Protocol):
    """What a check that asks no cluster must know of its step."""

    @property
    def name(self) -> str:
        """What the step is called."""
        ...

    @property
    def parameters(self) -> Mapping[str, object]:
        """What it was told."""
        ...


Look: TypeAlias = Callable[[Means, Step, Target], Awaitable[Found]]
LookAgain: TypeAlias = Callable[[Means, Asked, Target], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One check: what it says, what it takes beside ``check``, and what it finds, in words.

    ``look_again`` is for those that tell whether what was done before has worked: they look anew when performed.
    """

    name: str
    summary: str
    takes: tuple[str, ...]
    finds: Mapping[str, str]
    look: Look
    look_again: LookAgain | None = None

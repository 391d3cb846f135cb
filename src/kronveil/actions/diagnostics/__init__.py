"""What ``run_diagnostic`` can find out: one function for each check, none of which changes anything."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from kronveil.model.execution import Target
from kronveil.sdk.actions import Means, Step


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: a sentence, and typed values by name. None is what could not be learned."""

    summary: str
    findings: Mapping[str, Any]
    unknown: str = ""


Look: TypeAlias = Callable[[Means, Step, Target], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One check: what it says, what it takes beside ``check``, and what it finds, in words."""

    name: str
    summary: str
    takes: tuple[str, ...]
    finds: Mapping[str, str]
    look: Look
